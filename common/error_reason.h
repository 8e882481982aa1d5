// Refusals: one table from a reason to its status code, and the way a reason travels inside an absl::Status.
//
// A refusal is an absl::Status whose code follows from its v1::ErrorReason and which carries the whole v1::Rejected as
// a payload, so that it can cross every floor as a plain status and still become google.rpc.ErrorInfo at the edge
// (common/rich_status.h).
//
// Threading: pure functions.
#ifndef MUSTER_COMMON_ERROR_REASON_H_
#define MUSTER_COMMON_ERROR_REASON_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/v1/error.pb.h"
#include "muster/v1/outcome.pb.h"

namespace muster {

inline constexpr char kRejectedTypeUrl[] = "type.googleapis.com/muster.v1.Rejected";

// The code that goes with `reason` (the groups of muster/v1/error.proto). UNKNOWN for _UNSPECIFIED and for a reason
// that this build does not know.
absl::StatusCode CodeFor(v1::ErrorReason reason);

// A refusal for `reason`. `message` says what failed, why, and what to do next; `rule` is the numbered rule of the
// domain that decided, such as "P3", or empty.
absl::Status Refusal(v1::ErrorReason reason, absl::string_view message, absl::string_view rule = "");

// The same, for a rejection that exists already.
absl::Status ToStatus(const v1::Rejected& rejected);

// The rejection that `status` carries. For a status that carries none: its message, with the reason that its code
// suggests or _UNSPECIFIED where the code suggests none. Not meant for an OK status, which gives an empty one.
v1::Rejected RejectedOf(const absl::Status& status);

// The reason's name without its prefix, as google.rpc.ErrorInfo carries it: "STALE_PLAN_VERSION". "UNSPECIFIED" for a
// number that this build does not know. Lives for ever.
absl::string_view ReasonName(v1::ErrorReason reason);

// The other way round; ERROR_REASON_UNSPECIFIED for a name that this build does not know.
v1::ErrorReason ReasonFromName(absl::string_view name);

}  // namespace muster

#endif  // MUSTER_COMMON_ERROR_REASON_H_
