#include "client/cli/text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/clock.h"

namespace muster::cli {
namespace {

// The bytes of the UTF-8 character at the start of `text`, and its code point; 0 bytes when it is none (RFC 3629).
size_t DecodeUtf8(absl::string_view text, uint32_t* code_point) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  const size_t size = first < 0x80 ? 1 : first >> 5 == 0x6 ? 2 : first >> 4 == 0xe ? 3 : first >> 3 == 0x1e ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  *code_point = size == 1 ? first : first & (0xffu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if (byte(i) >> 6 != 0x2) return 0;
    *code_point = *code_point << 6 | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = *code_point >= 0xd800 && *code_point <= 0xdfff;
  return *code_point < kSmallest[size] || *code_point > 0x10ffff || surrogate ? 0 : size;
}

bool IsDangerous(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) ||          // Controls: they move the cursor or write the clipboard.
         (c >= 0x200b && c <= 0x200f) || c == 0x061c ||  // Invisible, or reorder what is shown.
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

}  // namespace

std::string EscapeForTerminal(absl::string_view text, bool multiline) {
  std::string escaped;
  while (!text.empty()) {
    uint32_t c = 0;
    const size_t size = DecodeUtf8(text, &c);
    if (size == 0) {
      absl::StrAppendFormat(&escaped, "\\x%02x", static_cast<uint8_t>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (multiline && (c == '\n' || c == '\t')) {
      escaped += static_cast<char>(c);
    } else if (IsDangerous(c)) {
      absl::StrAppendFormat(&escaped, c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
    } else {
      absl::StrAppend(&escaped, text.substr(0, size));
    }
    text.remove_prefix(size);
  }
  return escaped;
}

size_t DisplayWidth(absl::string_view text) {
  size_t width = 0;
  for (const char c : text) width += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return width;
}

absl::StatusOr<int> ParseEnum(const google::protobuf::EnumDescriptor* type, absl::string_view text) {
  const std::string label = absl::StrReplaceAll(absl::AsciiStrToLower(text), {{"_", "-"}});
  for (int i = 0; i < type->value_count(); ++i) {
    const google::protobuf::EnumValueDescriptor* value = type->value(i);
    if (value->number() == 0) continue;
    if (label == EnumLabel(type, value->number()) || text == value->name()) return value->number();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", absl::CHexEscape(text), "\" is none of: ", absl::StrJoin(EnumLabels(type), ", ")));
}

std::vector<std::string> EnumLabels(const google::protobuf::EnumDescriptor* type) {
  std::vector<std::string> labels;
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() != 0) labels.push_back(EnumLabel(type, type->value(i)->number()));
  }
  return labels;
}

absl::StatusOr<absl::Time> ParseTime(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", absl::CHexEscape(text), "\" is not a time such as 2021-08-26T18:00:00Z: ", error));
  }
  return time;
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", FromProto(time), absl::UTCTimeZone());
}

absl::StatusOr<std::string> ParseCursor(absl::string_view hex) {
  const bool digits = hex.find_first_not_of("0123456789abcdefABCDEF") == absl::string_view::npos;
  if (!digits || hex.size() % 2 != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", absl::CHexEscape(hex), "\" is not a cursor: an even number of hexadecimal digits, as muster prints it"));
  }
  return absl::HexStringToBytes(hex);
}

std::string CursorText(absl::string_view cursor) { return absl::BytesToHexString(cursor); }

}  // namespace muster::cli
