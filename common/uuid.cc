#include "common/uuid.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/random.h"

namespace muster {
namespace {

constexpr int64_t kMillisecondsMax = (int64_t{1} << 48) - 1;
constexpr int64_t kMicrosecondsPerMillisecond = 1000;

// Eight characters as one number: four from each place.
uint64_t Eight(const char* first, const char* second) {
  uint32_t four[2];
  std::memcpy(&four[0], first, sizeof(four[0]));
  std::memcpy(&four[1], second, sizeof(four[1]));
  return uint64_t{four[0]} << 32 | four[1];
}

// Whether all eight are 0 to 9 or a to f. Adding 0x80 - c to a character below 0x80 sets its top bit if it is c or
// more, and carries nothing into the next.
bool AreLowerHex(uint64_t eight) {
  constexpr uint64_t kEach = 0x0101010101010101;
  constexpr uint64_t kTop = kEach * 0x80;
  if ((eight & kTop) != 0) return false;
  const auto from = [eight](uint64_t c) { return eight + kEach * (0x80 - c); };
  const uint64_t digits = from('0') & ~from('9' + 1);
  const uint64_t letters = from('a') & ~from('f' + 1);
  return ((digits | letters) & kTop) == kTop;
}

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
  if (uuid.size() != 36) return false;
  const char* const c = uuid.data();
  const bool form = c[8] == '-' && c[13] == '-' && c[14] == '7' && c[18] == '-' && c[23] == '-' &&
                    (c[19] == '8' || c[19] == '9' || c[19] == 'a' || c[19] == 'b');
  return form && AreLowerHex(Eight(c, c + 4)) && AreLowerHex(Eight(c + 9, c + 14)) &&
         AreLowerHex(Eight(c + 19, c + 24)) && AreLowerHex(Eight(c + 28, c + 32));
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
