#include "common/validation.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "common/formats.h"
#include "common/message_rules.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/unknown_field_set.h"

namespace muster {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kQuotedBytesMax = 60;

std::string Quoted(absl::string_view text) {
  const bool cut = text.size() > kQuotedBytesMax;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kQuotedBytesMax)), cut ? "\"..." : "\"");
}

class Walk {
 public:
  explicit Walk(std::vector<FieldViolation>* violations) : violations_(violations) {}

  void CheckMessage(const MessageRules& rules, const Message& message, const FieldPath& path) {
    if (Full()) return;
    const Reflection* reflection = message.GetReflection();
    if (const google::protobuf::UnknownFieldSet& unknown = reflection->GetUnknownFields(message); !unknown.empty()) {
      const std::string name = absl::StrCat("#", unknown.field(0).number());
      Add({&path, name}, "is the number of a field that this build does not know; leave it out, or update Muster");
    }
    if (rules.kind == MessageRules::Kind::kTimestamp) return CheckTimestamp(message, path);
    if (rules.kind == MessageRules::Kind::kDuration) return CheckDuration(message, path);
    for (const FieldRule& rule : rules.fields) {
      if (rule.repeated) {
        CheckRepeated(rule, message, reflection, path);
      } else if (!rule.anything_goes) {
        CheckSingular(rule, message, reflection, path);
      }
    }
    for (const OneofRule& rule : rules.oneofs) CheckOneof(rule, message, reflection, path);
  }

 private:
  bool Full() const { return violations_->size() >= kViolationsMax; }

  void Add(const FieldPath& path, std::string description) {
    if (!Full()) violations_->push_back({TextOf(path), std::move(description)});
  }

  void CheckOneof(const OneofRule& rule, const Message& message, const Reflection* reflection, const FieldPath& path) {
    const FieldDescriptor* set = reflection->GetOneofFieldDescriptor(message, rule.oneof);
    if (set != nullptr) {
      return CheckSingular(rule.members[static_cast<size_t>(set->index_in_oneof())], message, reflection, path);
    }
    std::string names;
    for (const FieldRule& member : rule.members)
      absl::StrAppend(&names, names.empty() ? "" : ", ", member.field->name());
    Add({&path, rule.oneof->name()}, absl::StrCat("is not set, exactly one is wanted of: ", names));
  }

  void CheckSingular(const FieldRule& rule, const Message& message, const Reflection* reflection,
                     const FieldPath& parent) {
    const FieldDescriptor* field = rule.field;
    const FieldPath path{&parent, field->name()};
    if (rule.has_presence && !reflection->HasField(message, field)) {
      if (rule.required) Add(path, "is missing, it is required");
      return;
    }
    switch (rule.type) {
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string& value = reflection->GetStringReference(message, field, &scratch_);
        if (!value.empty()) {
          CheckText(rule, value, path);
        } else if (rule.required) {
          Add(path, "is empty, it is required");
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return CheckMessage(*rule.message, reflection->GetMessage(message, field), path);
      case FieldDescriptor::CPPTYPE_ENUM:
        return CheckEnum(rule, reflection->GetEnumValue(message, field), path);
      default:
        return CheckNumber(rule, Number(rule, message, reflection), path);
    }
  }

  void CheckRepeated(const FieldRule& rule, const Message& message, const Reflection* reflection,
                     const FieldPath& parent) {
    const FieldDescriptor* field = rule.field;
    const int size = reflection->FieldSize(message, field);
    if (size == 0 && !rule.required) return;
    FieldPath path{&parent, field->name()};
    if (size == 0) return Add(path, "has no items, at least one is required");
    if (size > rule.items_max) {
      return Add(path, absl::StrCat("has ", size, " items, at most ", rule.items_max, " are allowed"));
    }
    for (path.index = 0; path.index < size && !Full(); ++path.index) {
      switch (rule.type) {
        case FieldDescriptor::CPPTYPE_STRING: {
          const std::string& value = reflection->GetRepeatedStringReference(message, field, path.index, &scratch_);
          if (value.empty()) {
            Add(path, "is empty, an item must not be");
          } else {
            CheckText(rule, value, path);
          }
          break;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
          CheckMessage(*rule.message, reflection->GetRepeatedMessage(message, field, path.index), path);
          break;
        case FieldDescriptor::CPPTYPE_ENUM:
          CheckEnum(rule, reflection->GetRepeatedEnumValue(message, field, path.index), path);
          break;
        default:
          CheckNumber(rule, RepeatedNumber(rule, message, reflection, path.index), path);
      }
    }
  }

  // `value` is not empty. One finding per value, the length first, so that no more of a huge text is read.
  void CheckText(const FieldRule& rule, absl::string_view value, const FieldPath& path) {
    if (value.size() > rule.bytes_max) {
      return Add(path, absl::StrCat("has ", value.size(), " bytes, at most ", rule.bytes_max, " are allowed"));
    }
    if (rule.is_bytes) return;
    if (rule.format != v1::FORMAT_UNSPECIFIED && HasFormat(rule.format, value)) return;  // Plain ASCII by its form.
    if (const std::optional<TextFault> fault = FindTextFault(value, rule.multiline); fault.has_value()) {
      if (!fault->code_point.has_value()) {
        return Add(path, absl::StrCat("is not UTF-8 at byte ", fault->offset_bytes));
      }
      return Add(path, absl::StrFormat("holds the control character U+%04X at byte %d, %s", *fault->code_point,
                                       fault->offset_bytes,
                                       rule.multiline ? "only tab and line feed are allowed" : "none is allowed"));
    }
    if (rule.format != v1::FORMAT_UNSPECIFIED) {
      Add(path, absl::StrCat("is ", Quoted(value), ", wanted is ", FormatDescription(rule.format)));
    }
  }

  void CheckEnum(const FieldRule& rule, int value, const FieldPath& path) {
    const google::protobuf::EnumDescriptor* type = rule.field->enum_type();
    if (!std::binary_search(rule.enum_numbers.begin(), rule.enum_numbers.end(), value)) {
      return Add(path, absl::StrCat("is ", value, ", which this build does not know as a ", type->name()));
    }
    if (value == 0 && !rule.unspecified_allowed) {
      Add(path, absl::StrCat("is not specified, one of the values of ", type->name(), " is required"));
    }
  }

  void CheckNumber(const FieldRule& rule, double value, const FieldPath& path) {
    if (!std::isfinite(value)) return Add(path, "is not a finite number");
    if (rule.required && value == 0) return Add(path, "is 0 or missing, it is required");
    if (value < rule.min || value > rule.max) {
      Add(path, absl::StrFormat("is %.15g, wanted is %.15g to %.15g", value, rule.min, rule.max));
    }
  }

  static double Number(const FieldRule& rule, const Message& message, const Reflection* reflection) {
    switch (rule.type) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection->GetInt32(message, rule.field);
      case FieldDescriptor::CPPTYPE_INT64:
        return static_cast<double>(reflection->GetInt64(message, rule.field));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection->GetUInt32(message, rule.field);
      case FieldDescriptor::CPPTYPE_UINT64:
        return static_cast<double>(reflection->GetUInt64(message, rule.field));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection->GetDouble(message, rule.field);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return static_cast<double>(reflection->GetFloat(message, rule.field));
      default:
        return reflection->GetBool(message, rule.field) ? 1 : 0;
    }
  }

  static double RepeatedNumber(const FieldRule& rule, const Message& message, const Reflection* reflection, int index) {
    switch (rule.type) {
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection->GetRepeatedInt32(message, rule.field, index);
      case FieldDescriptor::CPPTYPE_INT64:
        return static_cast<double>(reflection->GetRepeatedInt64(message, rule.field, index));
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection->GetRepeatedUInt32(message, rule.field, index);
      case FieldDescriptor::CPPTYPE_UINT64:
        return static_cast<double>(reflection->GetRepeatedUInt64(message, rule.field, index));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection->GetRepeatedDouble(message, rule.field, index);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return static_cast<double>(reflection->GetRepeatedFloat(message, rule.field, index));
      default:
        return reflection->GetRepeatedBool(message, rule.field, index) ? 1 : 0;
    }
  }

  void CheckTimestamp(const Message& message, const FieldPath& path) {
    const auto& timestamp = static_cast<const google::protobuf::Timestamp&>(message);
    if (timestamp.seconds() < 0 || timestamp.seconds() >= kTimestampSecondsEnd) {
      return Add(path, absl::StrCat("is ", timestamp.seconds(), " s after 1970, wanted is a time from 1970 to 2199"));
    }
    if (timestamp.nanos() < 0 || timestamp.nanos() > kNanosMax) {
      Add(path, absl::StrCat("has ", timestamp.nanos(), " nanos, wanted is 0 to ", kNanosMax));
    }
  }

  void CheckDuration(const Message& message, const FieldPath& path) {
    const auto& duration = static_cast<const google::protobuf::Duration&>(message);
    const int64_t seconds = duration.seconds();
    const int32_t nanos = duration.nanos();
    if (seconds < -kDurationSecondsMax || seconds > kDurationSecondsMax) {
      return Add(path, absl::StrCat("is ", seconds, " s, wanted is at most ", kDurationSecondsMax, " either way"));
    }
    if (nanos < -kNanosMax || nanos > kNanosMax || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
      Add(path,
          absl::StrCat("has ", nanos, " nanos with ", seconds, " s, wanted is the same sign and at most ", kNanosMax));
    }
  }

  std::vector<FieldViolation>* const violations_;
  std::string scratch_;  // For string representations that reflection cannot refer to; generated ones need none.
};

}  // namespace

std::vector<FieldViolation> Violations(const Message& message) {
  std::vector<FieldViolation> violations;
  Walk(&violations).CheckMessage(RulesOf(message.GetDescriptor()), message, {});
  return violations;
}

absl::Status Validate(const Message& message) { return MalformedStatus(Violations(message)); }

}  // namespace muster
