// A UUID as its 16 bytes, for keeping many of them: less than half of the text, and no allocation.
//
// Threading: everything here may be called from any thread.
#ifndef MUSTER_COMMON_UUID_BYTES_H_
#define MUSTER_COMMON_UUID_BYTES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// In the order of the text, so that both sort alike.
using UuidBytes = std::array<uint8_t, 16>;

// Nothing unless IsUuidV7(text): such a text and its bytes give each other back.
std::optional<UuidBytes> UuidV7Bytes(absl::string_view text);

// UuidV7Time of the text.
absl::Time UuidV7Time(const UuidBytes& bytes);

// The 36 characters, in lower case.
std::string UuidText(const UuidBytes& bytes);

}  // namespace muster

#endif  // MUSTER_COMMON_UUID_BYTES_H_
