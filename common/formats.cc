#include "common/formats.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "absl/strings/ascii.h"
#include "common/uuid.h"

namespace muster {
namespace {

constexpr std::array<absl::string_view, 56> kUspsStates = {
    "AK", "AL", "AR", "AS", "AZ", "CA", "CO", "CT", "DC", "DE", "FL", "GA", "GU", "HI", "IA", "ID", "IL", "IN", "KS",
    "KY", "LA", "MA", "MD", "ME", "MI", "MN", "MO", "MP", "MS", "MT", "NC", "ND", "NE", "NH", "NJ", "NM", "NV", "NY",
    "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX", "UT", "VA", "VI", "VT", "WA", "WI", "WV", "WY"};

bool IsAsciiUpper(char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); }
bool IsAsciiLower(char c) { return absl::ascii_islower(static_cast<unsigned char>(c)); }
bool IsAsciiDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// What each character is in a slug, as bits.
constexpr uint8_t kLetterOrDigit = 0;
constexpr uint8_t kHyphen = 1;
constexpr uint8_t kNotInSlug = 2;
constexpr std::array<uint8_t, 256> kInSlug = [] {
  std::array<uint8_t, 256> table{};
  table.fill(kNotInSlug);
  for (size_t c = 'a'; c <= 'z'; ++c) table[c] = kLetterOrDigit;
  for (size_t c = '0'; c <= '9'; ++c) table[c] = kLetterOrDigit;
  table['-'] = kHyphen;
  return table;
}();

// How many characters at the front of `text` are printable ASCII, a multiple of eight: almost all text is.
size_t PrintableEights(absl::string_view text) {
  constexpr uint64_t kEach = 0x0101010101010101;
  size_t i = 0;
  for (; text.size() - i >= 8; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, text.data() + i, sizeof(eight));
    // The lowest character that is not from 0x20 to 0x7e has its top bit set in one of the three: below it nothing
    // borrows or carries.
    if (((eight | (eight - kEach * 0x20) | (eight + kEach)) & kEach * 0x80) != 0) break;
  }
  return i;
}

// One character of well-formed UTF-8; a length of 0 says that the bytes are not.
struct Decoded {
  uint32_t code_point = 0;
  size_t bytes = 0;
};

Decoded DecodeUtf8(absl::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  uint32_t code_point = lead & (0x7fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code_point = code_point << 6 | (byte(i) & 0x3f);
  }
  // Longer than needed, half of a surrogate pair, or past the end of Unicode.
  if (bytes == 3 && (code_point < 0x800 || (code_point >= 0xd800 && code_point <= 0xdfff))) return {};
  if (bytes == 4 && (code_point < 0x10000 || code_point > 0x10ffff)) return {};
  return {code_point, bytes};
}

bool IsForbidden(uint32_t c, bool multiline) {
  if (c < 0x20) return !(multiline && (c == '\t' || c == '\n'));
  if (c >= 0x7f && c <= 0x9f) return true;
  return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

bool IsSlug(absl::string_view text) {
  if (text.empty() || !IsAsciiLower(text.front())) return false;
  uint8_t before = kLetterOrDigit;
  uint8_t wrong = 0;
  for (const char c : text) {
    const uint8_t in_slug = kInSlug[static_cast<unsigned char>(c)];
    wrong |= in_slug & (before | kNotInSlug);  // Not in a slug, or the second hyphen in a row.
    before = in_slug;
  }
  return wrong == 0 && before != kHyphen;
}

bool IsSha256Hex(absl::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAsciiDigit(c) || (c >= 'a' && c <= 'f'); });
}

bool IsLanguage(absl::string_view text) {
  return (text.size() == 2 || text.size() == 3) && std::all_of(text.begin(), text.end(), IsAsciiLower);
}

bool IsTicket(absl::string_view text) {
  return text.size() == 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAsciiDigit(c) || (c >= 'a' && c <= 'f'); });
}

bool IsUspsState(absl::string_view text) { return std::binary_search(kUspsStates.begin(), kUspsStates.end(), text); }

bool IsE164(absl::string_view text) {
  return text.size() >= 9 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         std::all_of(text.begin() + 1, text.end(), IsAsciiDigit);
}

bool IsOri(absl::string_view text) {
  return text.size() == 9 && IsAsciiUpper(text[0]) && IsAsciiUpper(text[1]) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsAsciiUpper(c) || IsAsciiDigit(c); });
}

bool HasFormat(v1::Format format, absl::string_view text) {
  switch (format) {
    case v1::FORMAT_UNSPECIFIED:
      return true;
    case v1::FORMAT_SLUG:
      return IsSlug(text);
    case v1::FORMAT_UUID_V7:
      return IsUuidV7(text);
    case v1::FORMAT_SHA256_HEX:
      return IsSha256Hex(text);
    case v1::FORMAT_USPS_STATE:
      return IsUspsState(text);
    case v1::FORMAT_E164:
      return IsE164(text);
    case v1::FORMAT_ORI:
      return IsOri(text);
    case v1::FORMAT_LANGUAGE:
      return IsLanguage(text);
    case v1::FORMAT_TICKET:
      return IsTicket(text);
    default:
      return false;
  }
}

absl::string_view FormatDescription(v1::Format format) {
  switch (format) {
    case v1::FORMAT_UNSPECIFIED:
      return "any text";
    case v1::FORMAT_SLUG:
      return "lower-case letters, digits and single hyphens, starting with a letter, such as mo-ago";
    case v1::FORMAT_UUID_V7:
      return "a version 7 UUID (RFC 9562) in lower case";
    case v1::FORMAT_SHA256_HEX:
      return "64 lower-case hexadecimal digits";
    case v1::FORMAT_USPS_STATE:
      return "a USPS state abbreviation such as MO";
    case v1::FORMAT_E164:
      return "+ and 8 to 15 digits, such as +15735550100";
    case v1::FORMAT_ORI:
      return "an ORI of nine capitals and digits, such as MO0260000";
    case v1::FORMAT_LANGUAGE:
      return "an ISO 639 language code such as es";
    case v1::FORMAT_TICKET:
      return "a ticket of 32 lower-case hexadecimal digits";
    default:
      return "a form that this build does not know";
  }
}

std::optional<TextFault> FindTextFault(absl::string_view text, bool multiline) {
  for (size_t i = PrintableEights(text); i < text.size();) {
    const unsigned char c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7f) {
      ++i;
      continue;
    }
    const Decoded decoded = DecodeUtf8(text.substr(i));
    if (decoded.bytes == 0) return TextFault{i, std::nullopt};
    if (IsForbidden(decoded.code_point, multiline)) return TextFault{i, decoded.code_point};
    i += decoded.bytes;
  }
  return std::nullopt;
}

}  // namespace muster
