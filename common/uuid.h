// UUID version 7 (RFC 9562 section 5.7): the ids that callers make for submissions, entries and outboxes.
//
// The first 48 bits are Unix milliseconds, the next 12 the fraction of the millisecond (section 6.2, method 3), so that
// ids made one after the other sort in that order; 62 bits are random (OpenSSL).
//
// Threading: everything here may be called from any thread.
#ifndef MUSTER_COMMON_UUID_H_
#define MUSTER_COMMON_UUID_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace muster {

// A fresh id for `now`, 36 characters in lower case. Times before 1970 or past the year 10889 are clamped to that
// range. Stops the process when the system has no randomness to give: an id that may repeat is worse than none.
std::string NewUuidV7(absl::Time now);

// True for the 36-character lower-case form of a version 7 UUID of the RFC's variant.
bool IsUuidV7(absl::string_view uuid);

// When `uuid` was made, to the millisecond. INVALID_ARGUMENT unless IsUuidV7.
absl::StatusOr<absl::Time> UuidV7Time(absl::string_view uuid);

}  // namespace muster

#endif  // MUSTER_COMMON_UUID_H_
