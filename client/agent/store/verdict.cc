#include "client/agent/store/verdict.h"

#include "absl/status/status.h"
#include "muster/v1/error.pb.h"

namespace muster::agent {
namespace {

// A rejection that is not on the record, or a refusal: by its reason.
Verdict JudgeReason(muster::v1::ErrorReason reason) {
  switch (reason) {
    case muster::v1::ERROR_REASON_OUTBOX_GAP:
      return Verdict::kGap;
    case muster::v1::ERROR_REASON_LIMIT_REACHED:
    case muster::v1::ERROR_REASON_AGENCY_SUSPENDED:
    case muster::v1::ERROR_REASON_AGENCY_UNKNOWN:
    case muster::v1::ERROR_REASON_CERTIFICATE_UNUSABLE:
    case muster::v1::ERROR_REASON_CERTIFICATE_EXPIRED:
    case muster::v1::ERROR_REASON_CERTIFICATE_REVOKED:
      return Verdict::kUndecided;
    case muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD:
      return Verdict::kForgotten;
    case muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN:
      return Verdict::kNumberTaken;
    default:
      return Verdict::kRefused;
  }
}

Verdict JudgeOutcome(const muster::v1::Outcome& outcome) {
  switch (outcome.decision_case()) {
    case muster::v1::Outcome::kAccepted:
      return Verdict::kDecided;
    case muster::v1::Outcome::kRejected:
      // The number was decided under this id with another body: this one never will be, and a withdrawal would be
      // answered with what became of the other.
      if (outcome.rejected().reason() == muster::v1::ERROR_REASON_SUBMISSION_ID_REUSED) return Verdict::kDecided;
      return outcome.has_decided_at() ? Verdict::kDecided : JudgeReason(outcome.rejected().reason());
    case muster::v1::Outcome::kSavedHere:
    case muster::v1::Outcome::DECISION_NOT_SET:
      break;
  }
  return Verdict::kUndecided;
}

Verdict JudgeRefusal(const muster::v1::Refusal& refusal) {
  switch (static_cast<absl::StatusCode>(refusal.code())) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return JudgeReason(refusal.why().reason());
    default:
      return Verdict::kUndecided;
  }
}

}  // namespace

Verdict Judge(const muster::v1::SubmissionAnswer& answer) {
  if (answer.has_outcome()) return JudgeOutcome(answer.outcome());
  return answer.has_refusal() ? JudgeRefusal(answer.refusal()) : Verdict::kUndecided;
}

muster::v1::Rejected ObjectionIn(const muster::v1::SubmissionAnswer& answer) {
  return answer.has_outcome() ? answer.outcome().rejected() : answer.refusal().why();
}

}  // namespace muster::agent
