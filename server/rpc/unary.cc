#include "server/rpc/unary.h"

#include <vector>

#include "common/field_violation.h"

namespace muster {
namespace {

// What `valid` leaves open: the request's own fields, the submission's among them, have been checked by then.
absl::Status CheckBetweenFields(const v1::Submission& submission) {
  std::vector<FieldViolation> violations;
  CheckSubmission(submission, &violations);
  return violations.empty() ? absl::OkStatus() : MalformedStatus(violations);
}

}  // namespace

grpc::ServerUnaryReactor* UnaryCalls::Submit(grpc::CallbackServerContext* context, absl::Status valid,
                                             v1::Submission submission, Answer answer) const {
  const absl::StatusOr<Caller> caller = guard_->Authenticate(*context->auth_context());
  if (!caller.ok()) return Finish(context, caller.status());
  absl::Status status = broker_->WithState([&](const State& state) -> absl::Status {
    MUSTER_RETURN_IF_ERROR(guard_->CheckStanding(state, *caller));
    MUSTER_RETURN_IF_ERROR(valid);
    return Authorize(state, caller->principal.agency_id(), FindRule(submission.body_case()), SubjectOf(submission));
  });
  if (status.ok()) status = CheckBetweenFields(submission);
  if (!status.ok()) return Finish(context, status);

  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  broker_->Submit({caller->principal, std::move(submission),
                   [reactor, answer = std::move(answer)](absl::StatusOr<v1::Outcome> outcome) {
                     reactor->Finish(ToGrpcStatus(outcome.ok() ? answer(*std::move(outcome)) : outcome.status()));
                   }});
  return reactor;
}

grpc::ServerUnaryReactor* UnaryCalls::Finish(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

absl::Status UnaryCalls::CheckAtLeast(const State& state, absl::string_view agency_id, absl::string_view cursor) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t position, DecodeCursor(state.genesis().log_id(), cursor));
  if (position <= state.audiences().Position(agency_id)) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_BEHIND_CURSOR, "this broker has not reached that cursor yet; try again in a moment");
}

}  // namespace muster
