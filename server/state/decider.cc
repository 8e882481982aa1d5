#include "server/state/decider.h"

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/submission_body.h"
#include "server/state/access/policy.h"
#include "server/state/state.h"

namespace muster {

Decider::Decider(const State* state, Model* model, const v1::Event& event, const google::protobuf::Timestamp& at)
    : state_(*state), model_(*model), event_(event), at_(at), rules_(event.rules_version()), notices_(at) {}

absl::StatusOr<v1::Accepted> Decider::Decide() {
  const v1::Submission& submission = event_.submission();
  MUSTER_RETURN_IF_ERROR(model_.roster.CheckStanding(event_.principal()));
  MUSTER_RETURN_IF_ERROR(Authorize(state_, agency_id(), FindRule(submission.body_case()), SubjectOf(submission)));
  return VisitBody(submission, [this](const auto& body) { return Apply(body); });
}

Decider::Decision Decider::Apply(const NoBody&) {
  return Refusal(v1::ERROR_REASON_MALFORMED, "the submission has no body that this broker knows");
}

// What had been decided was answered before this (Deduplication); so nothing has, and now nothing will be.
Decider::Decision Decider::Apply(const v1::WithdrawSubmission& withdrawal) {
  return Refusal(v1::ERROR_REASON_WITHDRAWN,
                 absl::StrCat("withdrawn before it was decided: ", withdrawal.reason(), "; nothing was applied"));
}

void Decider::Happen(const Timer& timer) {
  switch (timer.kind) {
    case Timer::Kind::kConflictEscalation:
      return EscalateConflict(timer);
    case Timer::Kind::kConflictExpiry:
      return ExpireConflict(timer);
    case Timer::Kind::kActivityOver:
      return EndActivity(timer);
    case Timer::Kind::kGoEscalation:
      return EscalateGo(timer);
  }
}

const v1::Participant& Decider::Self(const OperationRecord& operation) const {
  return *operation.FindParticipant(agency_id());
}

}  // namespace muster
