#include "common/uuid_bytes.h"

#include <cstddef>

#include "common/uuid.h"

namespace muster {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// Where the two digits of each byte begin in the text.
constexpr std::array<uint8_t, 16> kDigitsAt = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};

// The value of a lower-case hexadecimal digit: '0' is 0x30, 'a' is 0x61.
unsigned ValueOf(char digit) {
  const unsigned c = static_cast<unsigned char>(digit);
  return (c & 0x0f) + 9 * (c >> 6);
}

}  // namespace

std::optional<UuidBytes> UuidV7Bytes(absl::string_view text) {
  if (!IsUuidV7(text)) return std::nullopt;
  UuidBytes bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char* digits = text.data() + kDigitsAt[i];
    bytes[i] = static_cast<uint8_t>(ValueOf(digits[0]) << 4 | ValueOf(digits[1]));
  }
  return bytes;
}

absl::Time UuidV7Time(const UuidBytes& bytes) {
  int64_t milliseconds = 0;
  for (size_t i = 0; i < 6; ++i) milliseconds = milliseconds << 8 | bytes[i];
  return absl::FromUnixMillis(milliseconds);
}

std::string UuidText(const UuidBytes& bytes) {
  std::string text(36, '-');
  for (size_t i = 0; i < bytes.size(); ++i) {
    text[kDigitsAt[i]] = kHex[bytes[i] >> 4];
    text[kDigitsAt[i] + 1u] = kHex[bytes[i] & 0x0f];
  }
  return text;
}

}  // namespace muster
