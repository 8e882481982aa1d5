#include "common/wire_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/formats.h"
#include "common/message_rules.h"

namespace muster {

// What one field may hold.
struct WireField {
  // What is refused is a number that the type does not have, or a field that this file knows nothing about.
  enum class Kind : uint8_t { kRefused, kText, kBytes, kMessage, kEnum, kEnums, kInteger, kDouble };

  Kind kind = Kind::kRefused;
  // As in the lowest three bits of a tag; 7 is none that exists.
  uint8_t wire_type = 7;
  bool repeated = false;       // One tag for each item, so not for lists that are packed.
  bool empty_refused = false;  // Text, bytes and lists of enums.
  bool zero_refused = false;   // Doubles.
  bool multiline = false;
  uint8_t format = 0;  // v1::Format.
  uint32_t items_max = 1;
  uint32_t bytes_max = 0;
  // Its own in the message, or its oneof's.
  uint64_t bit = 0;
  // Integers. Of every type, as they are written: negative ones with 64 bits.
  int64_t least = 0;
  int64_t most = 0;
  double min = 0;
  double max = 0;
  const WireTable* message = nullptr;
  // Enums: a bit for each number that is allowed.
  std::vector<uint64_t> enum_numbers;
};

struct WireTable {
  // By field number: where it is in `fields`, whose first is refused.
  std::array<uint8_t, 256> places = {};
  std::vector<WireField> fields = std::vector<WireField>(1);
  // The bits of what must be there.
  uint64_t required = 0;
};

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using Kind = WireField::Kind;

constexpr int kNumberMax = std::tuple_size_v<decltype(WireTable::places)> - 1;
constexpr int kFieldsMax = kNumberMax;
constexpr int kEnumNumberMax = 1023;
constexpr size_t kBitsMax = 64;
constexpr int kDepthMax = 32;  // The parser goes to 100.

constexpr uint8_t kVarint = 0;
constexpr uint8_t kFixed64 = 1;
constexpr uint8_t kDelimited = 2;

// Of lists that may be written as one value, only those of enums that are.
Kind KindOf(const FieldDescriptor& field) {
  const bool scalars = field.is_repeated() && field.is_packable();
  if (field.is_map() || (scalars && !field.is_packed())) return Kind::kRefused;
  switch (field.type()) {
    case FieldDescriptor::TYPE_STRING:
      return Kind::kText;
    case FieldDescriptor::TYPE_BYTES:
      return Kind::kBytes;
    case FieldDescriptor::TYPE_MESSAGE:
      return Kind::kMessage;
    case FieldDescriptor::TYPE_ENUM:
      return scalars ? Kind::kEnums : Kind::kEnum;
    case FieldDescriptor::TYPE_INT32:
    case FieldDescriptor::TYPE_INT64:
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_UINT64:
    case FieldDescriptor::TYPE_BOOL:
      return scalars ? Kind::kRefused : Kind::kInteger;
    case FieldDescriptor::TYPE_DOUBLE:
      return scalars ? Kind::kRefused : Kind::kDouble;
    default:
      return Kind::kRefused;
  }
}

uint8_t WireTypeOf(Kind kind) {
  switch (kind) {
    case Kind::kText:
    case Kind::kBytes:
    case Kind::kMessage:
    case Kind::kEnums:
      return kDelimited;
    case Kind::kDouble:
      return kFixed64;
    case Kind::kEnum:
    case Kind::kInteger:
      return kVarint;
    case Kind::kRefused:
      break;
  }
  return WireField().wire_type;
}

struct Range {
  int64_t least;
  int64_t most;
};

Range RangeOfType(FieldDescriptor::CppType type) {
  switch (type) {
    case FieldDescriptor::CPPTYPE_INT32:
      return {std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case FieldDescriptor::CPPTYPE_UINT32:
      return {0, std::numeric_limits<uint32_t>::max()};
    case FieldDescriptor::CPPTYPE_INT64:
      return {std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()};
    case FieldDescriptor::CPPTYPE_UINT64:
      return {0, std::numeric_limits<int64_t>::max()};
    default:
      return {0, 1};
  }
}

// The integers that the rule allows, none that it does not.
Range RangeOf(const FieldRule& rule) {
  Range range = RangeOfType(rule.type);
  // Whole numbers as doubles, from here to there exact.
  constexpr double kExact = int64_t{1} << 53;
  if (rule.min > static_cast<double>(range.least))
    range.least = static_cast<int64_t>(std::ceil(std::min(rule.min, kExact)));
  if (rule.max < static_cast<double>(range.most))
    range.most = static_cast<int64_t>(std::floor(std::max(rule.max, -kExact)));
  if (rule.required) range.least = std::max(range.least, int64_t{1});
  return range;
}

// Empty where a number does not fit, which refuses all.
std::vector<uint64_t> EnumBits(const FieldRule& rule) {
  std::vector<uint64_t> bits;
  for (const int number : rule.enum_numbers) {
    if (number < 0 || number > kEnumNumberMax) return {};
    if (number == 0 && !rule.unspecified_allowed) continue;
    const auto n = static_cast<size_t>(number);
    if (n / 64 >= bits.size()) bits.resize(n / 64 + 1);
    bits[n / 64] |= uint64_t{1} << n % 64;
  }
  return bits;
}

class WireTableCache {
 public:
  const WireTable& For(const Descriptor* type) {
    {
      absl::ReaderMutexLock lock(&mu_);
      const auto found = tables_.find(type);
      if (found != tables_.end()) return *found->second;
    }
    absl::MutexLock lock(&mu_);
    return *Compile(type);
  }

 private:
  const WireTable* Compile(const Descriptor* type) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    const auto [entry, added] = tables_.try_emplace(type, std::make_unique<WireTable>());
    WireTable* const table = entry->second.get();
    if (!added) return table;  // Known, or being compiled further up: a type that contains itself.
    const MessageRules& rules = RulesOf(type);
    if (rules.kind == MessageRules::Kind::kTimestamp) {
      AddInteger(*type->FindFieldByName("seconds"), {0, kTimestampSecondsEnd - 1}, table);
      AddInteger(*type->FindFieldByName("nanos"), {0, kNanosMax}, table);
      return table;
    }
    if (!HasTable(*type, rules)) {
      table->required = 1;  // Which nothing sets.
      return table;
    }
    uint64_t bit = 1;
    for (const FieldRule& rule : rules.fields) {
      AddField(rule, bit, table);
      if (MustBeThere(rule)) table->required |= bit;
      bit <<= 1;
    }
    for (const OneofRule& oneof : rules.oneofs) {
      for (const FieldRule& rule : oneof.members) AddField(rule, bit, table);
      table->required |= bit;
      bit <<= 1;
    }
    return table;
  }

  static bool HasTable(const Descriptor& type, const MessageRules& rules) {
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->number() > kNumberMax) return false;
    }
    return rules.kind == MessageRules::Kind::kOrdinary && type.field_count() <= kFieldsMax &&
           rules.fields.size() + rules.oneofs.size() <= kBitsMax &&
           type.file()->syntax() == google::protobuf::FileDescriptor::SYNTAX_PROTO3;
  }

  static void Add(const FieldDescriptor& descriptor, WireField field, WireTable* table) {
    table->places[static_cast<size_t>(descriptor.number())] = static_cast<uint8_t>(table->fields.size());
    table->fields.push_back(std::move(field));
  }

  static void AddInteger(const FieldDescriptor& descriptor, Range range, WireTable* table) {
    WireField field;
    field.kind = Kind::kInteger;
    field.wire_type = kVarint;
    field.bit = uint64_t{1} << table->fields.size();
    field.least = range.least;
    field.most = range.most;
    Add(descriptor, std::move(field), table);
  }

  void AddField(const FieldRule& rule, uint64_t bit, WireTable* table) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    WireField field;
    field.bit = bit;
    field.kind = KindOf(*rule.field);
    field.wire_type = WireTypeOf(field.kind);
    field.repeated = rule.repeated && field.kind != Kind::kEnums;
    field.items_max = rule.repeated ? static_cast<uint32_t>(rule.items_max) : 1;
    field.bytes_max = static_cast<uint32_t>(rule.bytes_max);
    field.empty_refused = rule.required || rule.repeated;
    field.zero_refused = rule.required;
    field.multiline = rule.multiline;
    field.format = static_cast<uint8_t>(rule.format);
    field.min = rule.min;
    field.max = rule.max;
    if (field.kind == Kind::kMessage) field.message = Compile(rule.field->message_type());
    if (field.kind == Kind::kEnum || field.kind == Kind::kEnums) field.enum_numbers = EnumBits(rule);
    if (field.kind == Kind::kInteger) {
      const Range range = rule.anything_goes ? RangeOfType(rule.type) : RangeOf(rule);
      field.least = range.least;
      field.most = range.most;
    }
    Add(*rule.field, std::move(field), table);
  }

  // Whether a message without the field is unsound: its default, which is what such a message holds, is not allowed.
  static bool MustBeThere(const FieldRule& rule) {
    if (rule.anything_goes) return false;
    if (rule.required) return true;
    if (rule.repeated || rule.has_presence || rule.type == FieldDescriptor::CPPTYPE_STRING) return false;
    if (rule.type == FieldDescriptor::CPPTYPE_ENUM) return !rule.unspecified_allowed;
    return rule.min > 0 || rule.max < 0;
  }

  absl::Mutex mu_;  // A leaf but for the one of the rules.
  absl::flat_hash_map<const Descriptor*, std::unique_ptr<WireTable>> tables_ ABSL_GUARDED_BY(mu_);
};

// A number that was read.
struct Varint {
  const char* after = nullptr;  // Null when there was none in its shortest form.
  uint64_t value = 0;
};

Varint ReadLongVarint(const char* at, const char* end) {
  uint64_t value = static_cast<unsigned char>(*at++) & 0x7f;
  for (int shift = 7; at != end && shift < 64; shift += 7) {
    const uint64_t byte = static_cast<unsigned char>(*at++);
    value |= (byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    if (byte == 0 || (shift == 63 && byte > 1)) break;
    return {at, value};
  }
  return {};
}

inline Varint ReadVarint(const char* at, const char* end) {
  if (at == end) return {};
  const auto byte = static_cast<unsigned char>(*at);
  return byte < 0x80 ? Varint{at + 1, byte} : ReadLongVarint(at, end);
}

inline bool EnumIsSound(const WireField& field, uint64_t value) {
  return value / 64 < field.enum_numbers.size() && (field.enum_numbers[value / 64] >> value % 64 & 1) != 0;
}

inline bool IntegerIsSound(const WireField& field, uint64_t value) {
  const auto integer = static_cast<int64_t>(value);
  return integer >= field.least && integer <= field.most;
}

bool DoubleIsSound(const WireField& field, const char* at) {
  double value;
  std::memcpy(&value, at, sizeof(value));
  return std::isfinite(value) && value >= field.min && value <= field.max && !(field.zero_refused && value == 0);
}

inline bool TextIsSound(const WireField& field, absl::string_view text) {
  if (text.empty()) return !field.empty_refused;
  if (text.size() > field.bytes_max) return false;
  if (field.format != v1::FORMAT_UNSPECIFIED) return HasFormat(static_cast<v1::Format>(field.format), text);
  return !FindTextFault(text, field.multiline).has_value();
}

// A list of enums in one value.
bool EnumsAreSound(const WireField& field, const char* at, const char* end) {
  if (at == end) return !field.empty_refused;
  for (uint32_t items = 0; at != end; ++items) {
    const Varint item = ReadVarint(at, end);
    if (items == field.items_max || item.after == nullptr || !EnumIsSound(field, item.value)) return false;
    at = item.after;
  }
  return true;
}

bool MessageIsSound(const WireTable& table, const char* at, const char* end, int depth);

inline bool DelimitedIsSound(const WireField& field, const char* at, const char* end, int depth) {
  const absl::string_view value(at, static_cast<size_t>(end - at));
  switch (field.kind) {
    case Kind::kText:
      return TextIsSound(field, value);
    case Kind::kBytes:
      return value.empty() ? !field.empty_refused : value.size() <= field.bytes_max;
    case Kind::kMessage:
      return MessageIsSound(*field.message, at, end, depth + 1);
    default:
      return EnumsAreSound(field, at, end);
  }
}

bool MessageIsSound(const WireTable& table, const char* at, const char* end, int depth) {
  if (depth > kDepthMax) return false;
  uint64_t seen = 0;
  const WireField* last = nullptr;
  uint32_t items = 0;
  while (at != end) {
    const Varint tag = ReadVarint(at, end);
    if (tag.after == nullptr || tag.value >> 3 > kNumberMax) return false;
    at = tag.after;
    const WireField& field = table.fields[table.places[tag.value >> 3]];
    if ((tag.value & 7) != field.wire_type) return false;
    if (field.repeated && &field == last) {
      if (++items > field.items_max) return false;
    } else {
      if ((seen & field.bit) != 0) return false;
      seen |= field.bit;
      last = &field;
      items = 1;
    }
    if (field.kind == Kind::kDouble) {
      if (end - at < 8 || !DoubleIsSound(field, at)) return false;
      at += 8;
      continue;
    }
    const Varint number = ReadVarint(at, end);  // The value, or the length of it.
    if (number.after == nullptr) return false;
    at = number.after;
    if (field.kind == Kind::kInteger) {
      if (!IntegerIsSound(field, number.value)) return false;
      continue;
    }
    if (field.kind == Kind::kEnum) {
      if (!EnumIsSound(field, number.value)) return false;
      continue;
    }
    if (number.value > static_cast<uint64_t>(end - at)) return false;
    const char* const after = at + number.value;
    if (!DelimitedIsSound(field, at, after, depth)) return false;
    at = after;
  }
  return (seen & table.required) == table.required;
}

}  // namespace

const WireTable& WireTableOf(const Descriptor* type) {
  static auto* const cache = new WireTableCache;
  return cache->For(type);
}

bool WireIsSound(const WireTable& table, absl::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int32_t>::max())) return false;
  return MessageIsSound(table, bytes.data(), bytes.data() + bytes.size(), 0);
}

}  // namespace muster
