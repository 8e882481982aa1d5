// Checks a message against the rules declared beside its fields (muster/v1/constraints.proto), before anything else
// looks at it.
//
// What is refused, at any depth: unknown fields; enum values that this build does not know, and _UNSPECIFIED unless the
// field is `optional` and absent or allows it; text with control characters or invalid UTF-8, of the wrong form or too
// long; too many items, empty items; numbers out of range, NaN and infinities; timestamps outside 1970 to 2199 and
// durations that are not well formed; required fields that are missing; a oneof with no member set.
//
// wire_check.h certifies the same of encoded bytes, for callers to whom the walk over the message is too slow.
//
// Threading: from any thread. Tables are compiled once per message type and kept (a leaf lock guards them), so messages
// must be of generated types.
#ifndef MUSTER_COMMON_VALIDATION_H_
#define MUSTER_COMMON_VALIDATION_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "common/field_violation.h"
#include "google/protobuf/message.h"

namespace muster {

// The walk stops at this many findings: a hostile message must not make the answer larger than itself.
inline constexpr size_t kViolationsMax = 50;

// Everything wrong with `message`, in field order, up to kViolationsMax. A set message of a small submission takes
// about a microsecond.
std::vector<FieldViolation> Violations(const google::protobuf::Message& message);

// The same as one status: OK, or INVALID_ARGUMENT with reason MALFORMED and all findings attached (MalformedStatus).
absl::Status Validate(const google::protobuf::Message& message);

}  // namespace muster

#endif  // MUSTER_COMMON_VALIDATION_H_
