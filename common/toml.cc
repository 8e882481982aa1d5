#include "common/toml.h"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <toml++/toml.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/near_miss.h"
#include "google/protobuf/descriptor.h"

namespace muster {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kFileBytesMax = size_t{16} << 20;
constexpr size_t kProblemsMax = 20;
constexpr size_t kQuotedBytesMax = 60;

absl::string_view View(std::string_view text) { return absl::string_view(text.data(), text.size()); }

std::string Escaped(absl::string_view text) { return absl::Utf8SafeCHexEscape(text.substr(0, kQuotedBytesMax)); }

std::string DidYouMean(const std::string& near) {
  return near.empty() ? "" : absl::StrCat("; did you mean ", near, "?");
}

// What precedes the short names: "AGENCY_KIND_" of AGENCY_KIND_UNSPECIFIED.
std::string EnumPrefix(const EnumDescriptor* type) {
  return std::string(absl::StripSuffix(type->value(0)->name(), "UNSPECIFIED"));
}

absl::Time ToTime(const toml::date_time& value) {
  const absl::CivilSecond civil(value.date.year, value.date.month, value.date.day, value.time.hour, value.time.minute,
                                value.time.second);
  const int offset_minutes = value.offset ? value.offset->minutes : 0;
  return absl::FromCivil(civil, absl::UTCTimeZone()) + absl::Nanoseconds(value.time.nanosecond) -
         absl::Minutes(offset_minutes);
}

// Fills a message from a table and collects what does not fit.
class Filler {
 public:
  explicit Filler(absl::string_view name) : name_(name) {}

  void Fill(const toml::table& table, const std::string& path, Message* message) {
    const Descriptor* type = message->GetDescriptor();
    for (const auto& [key, node] : table) {
      const absl::string_view name = View(key.str());
      const std::string key_path = absl::StrCat(path, path.empty() ? "" : ".", Escaped(name));
      const FieldDescriptor* field = type->FindFieldByName(std::string(name));
      if (field == nullptr) {
        AddUnknownKey(key.source().begin, key_path, name, type);
      } else if (const FieldDescriptor* other = OtherOfItsOneof(*message, field); other != nullptr) {
        Add(key.source().begin, key_path, absl::StrCat("excludes ", other->name(), "; give the one or the other"));
      } else {
        FillField(node, key_path, field, message);
      }
    }
  }

  absl::Status Finish() const {
    if (problems_.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrJoin(problems_, "\n"));
  }

 private:
  void Add(const toml::source_position& at, absl::string_view path, absl::string_view problem) {
    if (problems_.size() >= kProblemsMax) return;
    problems_.push_back(absl::StrCat(name_, ":", at.line, ":", at.column, ": ", path, ": ", problem));
  }

  void AddWanted(const toml::node& node, absl::string_view path, absl::string_view wanted) {
    Add(node.source().begin, path, absl::StrCat("wanted is ", wanted));
  }

  void AddUnknownKey(const toml::source_position& at, absl::string_view path, absl::string_view name,
                     const Descriptor* type) {
    std::vector<std::string> known;
    for (int i = 0; i < type->field_count(); ++i) known.push_back(type->field(i)->name());
    const std::string near = NearMiss(name, known);
    Add(at, path,
        near.empty() ? absl::StrCat("is not known; known here are: ", absl::StrJoin(known, ", "))
                     : absl::StrCat("is not known", DidYouMean(near)));
  }

  static const FieldDescriptor* OtherOfItsOneof(const Message& message, const FieldDescriptor* field) {
    if (field->real_containing_oneof() == nullptr) return nullptr;
    return message.GetReflection()->GetOneofFieldDescriptor(message, field->real_containing_oneof());
  }

  void FillField(const toml::node& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    if (!field->is_repeated()) return FillOne(node, path, field, message);
    const toml::array* array = node.as_array();
    if (array == nullptr) return AddWanted(node, path, "a list: [ ... ]");
    for (size_t i = 0; i < array->size(); ++i) {
      FillOne(*array->get(i), absl::StrCat(path, "[", i, "]"), field, message);
    }
  }

  // Sets a singular field, or adds one item to a repeated one.
  void FillOne(const toml::node& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return FillMessage(node, path, field, message);
      case FieldDescriptor::CPPTYPE_ENUM:
        return FillEnum(node, path, field, message);
      case FieldDescriptor::CPPTYPE_STRING:
        return FillString(node, path, field, message);
      case FieldDescriptor::CPPTYPE_BOOL: {
        const auto* value = node.as_boolean();
        if (value == nullptr) return AddWanted(node, path, "true or false");
        return Put(message, field, value->get(), &Reflection::SetBool, &Reflection::AddBool);
      }
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        return FillFloat(node, path, field, message);
      case FieldDescriptor::CPPTYPE_INT32:
        return FillInteger<int32_t>(node, path, field, message, &Reflection::SetInt32, &Reflection::AddInt32);
      case FieldDescriptor::CPPTYPE_INT64:
        return FillInteger<int64_t>(node, path, field, message, &Reflection::SetInt64, &Reflection::AddInt64);
      case FieldDescriptor::CPPTYPE_UINT32:
        return FillInteger<uint32_t>(node, path, field, message, &Reflection::SetUInt32, &Reflection::AddUInt32);
      case FieldDescriptor::CPPTYPE_UINT64:
        return FillInteger<uint64_t>(node, path, field, message, &Reflection::SetUInt64, &Reflection::AddUInt64);
    }
  }

  template <typename Value, typename Setter, typename Adder>
  static void Put(Message* message, const FieldDescriptor* field, Value value, Setter set, Adder add) {
    const Reflection* reflection = message->GetReflection();
    if (field->is_repeated()) {
      (reflection->*add)(message, field, std::move(value));
    } else {
      (reflection->*set)(message, field, std::move(value));
    }
  }

  template <typename Integer, typename Setter, typename Adder>
  void FillInteger(const toml::node& node, const std::string& path, const FieldDescriptor* field, Message* message,
                   Setter set, Adder add) {
    const auto* value = node.as_integer();
    if (value == nullptr) return AddWanted(node, path, "a whole number");
    if (!std::in_range<Integer>(value->get())) {
      return AddWanted(node, path,
                       absl::StrCat("a whole number from ", std::numeric_limits<Integer>::min(), " to ",
                                    std::numeric_limits<Integer>::max()));
    }
    Put(message, field, static_cast<Integer>(value->get()), set, add);
  }

  void FillFloat(const toml::node& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    double value = 0;
    if (const auto* number = node.as_floating_point(); number != nullptr) {
      value = number->get();
    } else if (const auto* whole = node.as_integer(); whole != nullptr) {
      value = static_cast<double>(whole->get());
    } else {
      return AddWanted(node, path, "a number");
    }
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
      return Put(message, field, static_cast<float>(value), &Reflection::SetFloat, &Reflection::AddFloat);
    }
    Put(message, field, value, &Reflection::SetDouble, &Reflection::AddDouble);
  }

  void FillString(const toml::node& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    const auto* text = node.as_string();
    if (text == nullptr) return AddWanted(node, path, "text in quotes");
    std::string value = text->get();
    if (field->type() == FieldDescriptor::TYPE_BYTES && !absl::Base64Unescape(text->get(), &value)) {
      return AddWanted(node, path, "bytes in base64");
    }
    Put(message, field, std::move(value), &Reflection::SetString, &Reflection::AddString);
  }

  void FillEnum(const toml::node& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    const EnumDescriptor* type = field->enum_type();
    const std::string prefix = EnumPrefix(type);
    const auto* text = node.as_string();
    const EnumValueDescriptor* value = nullptr;
    if (text != nullptr) {
      value = type->FindValueByName(text->get());
      if (value == nullptr) value = type->FindValueByName(absl::StrCat(prefix, absl::AsciiStrToUpper(text->get())));
    }
    if (value != nullptr)
      return Put(message, field, value->number(), &Reflection::SetEnumValue, &Reflection::AddEnumValue);
    std::vector<std::string> known;
    for (int i = 0; i < type->value_count(); ++i) {
      if (type->value(i)->number() == 0) continue;
      known.push_back(absl::AsciiStrToLower(absl::StripPrefix(type->value(i)->name(), prefix)));
    }
    const std::string near = text != nullptr ? NearMiss(text->get(), known) : "";
    AddWanted(node, path, absl::StrCat("one of ", absl::StrJoin(known, ", "), " in quotes", DidYouMean(near)));
  }

  void FillMessage(const toml::node& node, const std::string& path, const FieldDescriptor* field, Message* message) {
    const Reflection* reflection = message->GetReflection();
    const Descriptor* type = field->message_type();
    const auto target = [&] {
      return field->is_repeated() ? reflection->AddMessage(message, field) : reflection->MutableMessage(message, field);
    };
    if (type->well_known_type() == Descriptor::WELLKNOWNTYPE_TIMESTAMP) return FillTimestamp(node, path, target);
    if (type->well_known_type() == Descriptor::WELLKNOWNTYPE_DURATION) return FillDuration(node, path, target);
    const toml::table* table = node.as_table();
    if (table == nullptr) return AddWanted(node, path, absl::StrCat("a table: [", path, "] or { ... }"));
    Fill(*table, path, target());
  }

  template <typename Target>
  void FillTimestamp(const toml::node& node, const std::string& path, const Target& target) {
    absl::Time time;
    std::string error;
    if (const auto* bare = node.as_date_time(); bare != nullptr && bare->get().offset) {
      time = ToTime(bare->get());
    } else if (const auto* text = node.as_string();
               text == nullptr || !absl::ParseTime(absl::RFC3339_full, text->get(), &time, &error)) {
      return AddWanted(node, path, "a date and time with its offset, such as 2021-08-26T19:00:00-05:00");
    }
    const int64_t seconds = absl::ToUnixSeconds(time);
    SetSecondsAndNanos(seconds, (time - absl::FromUnixSeconds(seconds)) / absl::Nanoseconds(1), target());
  }

  template <typename Target>
  void FillDuration(const toml::node& node, const std::string& path, const Target& target) {
    const auto* text = node.as_string();
    absl::Duration duration;
    if (text == nullptr || !absl::ParseDuration(text->get(), &duration) || duration == absl::InfiniteDuration() ||
        duration == -absl::InfiniteDuration()) {
      return AddWanted(node, path, "a duration with its unit in quotes, such as \"5s\", \"250ms\" or \"1h30m\"");
    }
    absl::Duration rest;
    const int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &rest);
    SetSecondsAndNanos(seconds, rest / absl::Nanoseconds(1), target());
  }

  // Timestamp and Duration have the same two fields.
  static void SetSecondsAndNanos(int64_t seconds, int64_t nanos, Message* message) {
    const Reflection* reflection = message->GetReflection();
    reflection->SetInt64(message, message->GetDescriptor()->FindFieldByName("seconds"), seconds);
    reflection->SetInt32(message, message->GetDescriptor()->FindFieldByName("nanos"), static_cast<int32_t>(nanos));
  }

  const absl::string_view name_;
  std::vector<std::string> problems_;
};

absl::Status ReadError(absl::string_view path, int error) {
  const std::string message =
      absl::StrCat("cannot read ", path, ": ", std::strerror(error), "; check the path and who may read it");
  if (error == ENOENT) return absl::NotFoundError(message);
  if (error == EACCES) return absl::PermissionDeniedError(message);
  return absl::UnavailableError(message);
}

}  // namespace

absl::Status ParseToml(absl::string_view text, absl::string_view name, Message* out) {
  out->Clear();
  toml::table table;
  try {  // The library is built to throw; nothing of ours does.
    table = toml::parse(std::string_view(text.data(), text.size()));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrCat(name, ":", error.source().begin.line, ":",
                                                   error.source().begin.column,
                                                   ": not TOML: ", View(error.description())));
  }
  Filler filler(name);
  filler.Fill(table, "", out);
  return filler.Finish();
}

absl::Status LoadTomlFile(absl::string_view path, Message* out) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(std::string(path).c_str(), "rb"), &std::fclose);
  if (file == nullptr) return ReadError(path, errno);
  std::string text;
  char buffer[16384];
  while (const size_t got = std::fread(buffer, 1, sizeof(buffer), file.get())) {
    text.append(buffer, got);
    if (text.size() > kFileBytesMax) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " has more than ", kFileBytesMax, " bytes; is it the right file?"));
    }
  }
  if (std::ferror(file.get()) != 0) return ReadError(path, errno);
  return ParseToml(text, path, out);
}

std::string TomlString(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppendFormat(&quoted, "\\u%04X", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace muster
