#include "common/uuid.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/random.h"

namespace muster {
namespace {

constexpr int64_t kMillisecondsMax = (int64_t{1} << 48) - 1;
constexpr int64_t kMicrosecondsPerMillisecond = 1000;

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

int64_t HexValue(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

}  // namespace

std::string NewUuidV7(absl::Time now) {
  std::array<uint8_t, 16> bytes;
  const std::string random = RandomBytes(8);
  std::copy(random.begin(), random.end(), bytes.begin() + 8);
  const int64_t microseconds =
      std::clamp(absl::ToUnixMicros(now), int64_t{0}, kMillisecondsMax * kMicrosecondsPerMillisecond);
  const int64_t milliseconds = microseconds / kMicrosecondsPerMillisecond;
  const int64_t fraction = (microseconds % kMicrosecondsPerMillisecond) * 4096 / kMicrosecondsPerMillisecond;
  for (size_t i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(milliseconds >> (8 * (5 - i)));
  bytes[6] = static_cast<uint8_t>(0x70 | (fraction >> 8));
  bytes[7] = static_cast<uint8_t>(fraction);
  bytes[8] = static_cast<uint8_t>(0x80 | (bytes[8] & 0x3f));
  const std::string hex =
      absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  const absl::string_view h = hex;
  return absl::StrCat(h.substr(0, 8), "-", h.substr(8, 4), "-", h.substr(12, 4), "-", h.substr(16, 4), "-",
                      h.substr(20));
}

bool IsUuidV7(absl::string_view uuid) {
  if (uuid.size() != 36 || uuid[14] != '7') return false;
  if (uuid[19] != '8' && uuid[19] != '9' && uuid[19] != 'a' && uuid[19] != 'b') return false;
  for (size_t i = 0; i < uuid.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? uuid[i] != '-' : !IsLowerHex(uuid[i])) return false;
  }
  return true;
}

absl::StatusOr<absl::Time> UuidV7Time(absl::string_view uuid) {
  if (!IsUuidV7(uuid)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", absl::CHexEscape(uuid.substr(0, 60)),
                     "\" is not a version 7 UUID (RFC 9562) in lower case; make a new one"));
  }
  int64_t milliseconds = 0;
  for (size_t i = 0; i < 13; ++i) {
    if (i != 8) milliseconds = milliseconds * 16 + HexValue(uuid[i]);
  }
  return absl::FromUnixMillis(milliseconds);
}

}  // namespace muster
