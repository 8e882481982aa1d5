#include "common/error_reason.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"

namespace muster {
namespace {

constexpr char kReasonPrefix[] = "ERROR_REASON_";

// For a status from below that names no reason: what a caller should take it for. Only codes that mean one thing here.
v1::ErrorReason SuggestedBy(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
      return v1::ERROR_REASON_MALFORMED;
    case absl::StatusCode::kUnauthenticated:
      return v1::ERROR_REASON_CERTIFICATE_UNUSABLE;
    case absl::StatusCode::kPermissionDenied:
      return v1::ERROR_REASON_NOT_PERMITTED;
    case absl::StatusCode::kNotFound:
      return v1::ERROR_REASON_NOT_FOUND;
    case absl::StatusCode::kAlreadyExists:
      return v1::ERROR_REASON_ALREADY_EXISTS;
    case absl::StatusCode::kResourceExhausted:
      return v1::ERROR_REASON_QUEUE_FULL;
    case absl::StatusCode::kOutOfRange:
      return v1::ERROR_REASON_HISTORY_TRIMMED;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return v1::ERROR_REASON_FATE_UNKNOWN;
    default:
      return v1::ERROR_REASON_UNSPECIFIED;
  }
}

}  // namespace

absl::StatusCode CodeFor(v1::ErrorReason reason) {
  // No default: the compiler names a reason that was added and not listed here.
  switch (reason) {
    case v1::ERROR_REASON_MALFORMED:
      return absl::StatusCode::kInvalidArgument;
    case v1::ERROR_REASON_CERTIFICATE_UNUSABLE:
    case v1::ERROR_REASON_CERTIFICATE_EXPIRED:
    case v1::ERROR_REASON_CERTIFICATE_REVOKED:
      return absl::StatusCode::kUnauthenticated;
    case v1::ERROR_REASON_AGENCY_UNKNOWN:
    case v1::ERROR_REASON_AGENCY_SUSPENDED:
    case v1::ERROR_REASON_NOT_PERMITTED:
      return absl::StatusCode::kPermissionDenied;
    case v1::ERROR_REASON_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case v1::ERROR_REASON_WRONG_PHASE:
    case v1::ERROR_REASON_PLAN_WITHDRAWN:
    case v1::ERROR_REASON_SUBMISSION_TOO_OLD:
    case v1::ERROR_REASON_OUTBOX_GAP:
    case v1::ERROR_REASON_UNKNOWN_REFERENCE:
    case v1::ERROR_REASON_LAST_REGISTRAR:
    case v1::ERROR_REASON_LIMIT_REACHED:
    case v1::ERROR_REASON_NOT_READY:
    case v1::ERROR_REASON_WITHDRAWN:
    case v1::ERROR_REASON_CLOCK_OFF:
    case v1::ERROR_REASON_NOT_ENROLLED:
    case v1::ERROR_REASON_RELEASE_DISCLOSES:
      return absl::StatusCode::kFailedPrecondition;
    case v1::ERROR_REASON_STALE_PLAN_VERSION:
    case v1::ERROR_REASON_ALREADY_CORRECTED:
    case v1::ERROR_REASON_STALE_EPOCH:
    case v1::ERROR_REASON_STALE_FIGURES:
      return absl::StatusCode::kAborted;
    case v1::ERROR_REASON_SUBMISSION_ID_REUSED:
    case v1::ERROR_REASON_ALREADY_EXISTS:
    case v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN:
      return absl::StatusCode::kAlreadyExists;
    case v1::ERROR_REASON_QUEUE_FULL:
    case v1::ERROR_REASON_STORAGE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case v1::ERROR_REASON_DRAINING:
    case v1::ERROR_REASON_FATE_UNKNOWN:
    case v1::ERROR_REASON_BEHIND_CURSOR:
    case v1::ERROR_REASON_OFF_LINE:
    case v1::ERROR_REASON_NO_LEADER:
      return absl::StatusCode::kUnavailable;
    case v1::ERROR_REASON_HISTORY_TRIMMED:
      return absl::StatusCode::kOutOfRange;
    case v1::ERROR_REASON_CURSOR_NOT_OURS:
      return absl::StatusCode::kDataLoss;
    case v1::ERROR_REASON_UNSPECIFIED:
    case v1::ErrorReason_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::ErrorReason_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return absl::StatusCode::kUnknown;
}

absl::Status Refusal(v1::ErrorReason reason, absl::string_view message, absl::string_view rule) {
  v1::Rejected rejected;
  rejected.set_reason(reason);
  rejected.set_message(message.data(), message.size());
  rejected.set_rule(rule.data(), rule.size());
  return ToStatus(rejected);
}

absl::Status ToStatus(const v1::Rejected& rejected) {
  absl::Status status(CodeFor(rejected.reason()), rejected.message());
  status.SetPayload(kRejectedTypeUrl, absl::Cord(rejected.SerializeAsString()));
  return status;
}

v1::Rejected RejectedOf(const absl::Status& status) {
  v1::Rejected rejected;
  if (status.ok()) return rejected;
  if (const absl::optional<absl::Cord> payload = status.GetPayload(kRejectedTypeUrl);
      payload.has_value() && rejected.ParseFromString(std::string(*payload))) {
    return rejected;
  }
  rejected.Clear();
  rejected.set_reason(SuggestedBy(status.code()));
  rejected.set_message(std::string(status.message()));
  return rejected;
}

absl::string_view ReasonName(v1::ErrorReason reason) {
  const int number = v1::ErrorReason_IsValid(reason) ? reason : v1::ERROR_REASON_UNSPECIFIED;
  return absl::StripPrefix(v1::ErrorReason_Name(number), kReasonPrefix);
}

v1::ErrorReason ReasonFromName(absl::string_view name) {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  v1::ErrorReason_Parse(absl::StrCat(kReasonPrefix, name), &reason);
  return reason;
}

}  // namespace muster
