#include "server/rpc/unary.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "common/validation.h"
#include "google/protobuf/message.h"
#include "server/rpc/submission_intake.h"
#include "server/rpc/wire.h"
#include "server/state/queries.h"

namespace muster {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

std::unique_ptr<Message> NewMessage(const Descriptor& type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

// The fields that every mutation's request and response have (the tests hold every RPC to it).
constexpr int kSubmissionIdField = 1;
constexpr int kBodyField = 2;
constexpr int kOutcomeField = 1;

// How long a read waits for the cursor that it asks for, and for the rights that it has not.
constexpr absl::Duration kCursorWithin = absl::Seconds(5);
constexpr absl::Duration kRightsWithin = absl::Milliseconds(300);

absl::Status CutOff() {
  return Refusal(v1::ERROR_REASON_NO_LEADER, "this broker is cut off from the others; ask another");
}

// Whether a broker that follows may answer otherwise in a moment.
bool MayBeBehind(const absl::Status& status) {
  return RejectedOf(status).reason() == v1::ERROR_REASON_BEHIND_CURSOR || absl::IsPermissionDenied(status);
}

v1::Submission TakeSubmission(Message* request, v1::Submission::BodyCase body) {
  v1::Submission submission;
  const Descriptor& type = *request->GetDescriptor();
  submission.set_submission_id(
      request->GetReflection()->GetString(*request, type.FindFieldByNumber(kSubmissionIdField)));
  const FieldDescriptor* to = v1::Submission::descriptor()->FindFieldByNumber(static_cast<int>(body));
  Message* from = request->GetReflection()->MutableMessage(request, type.FindFieldByNumber(kBodyField));
  from->GetReflection()->Swap(from, submission.GetReflection()->MutableMessage(&submission, to));
  return submission;
}

void End(UnaryCall* call, const absl::StatusOr<grpc::ByteBuffer>& answer) {
  if (answer.ok()) return call->Finish(*answer);
  call->Finish(answer.status());
}

}  // namespace

absl::StatusOr<grpc::ByteBuffer> UnaryCalls::AnswerRead(const UnaryCall& call, absl::string_view rpc) const {
  MUSTER_ASSIGN_OR_RETURN(const Caller caller, guard_->Authenticate(call.peer()));
  if (!serving_) return CutOff();
  const QueryTable::Query& query = *Queries().Find(rpc);
  const std::unique_ptr<Message> request(query.request->New());
  const std::unique_ptr<Message> response(query.response->New());
  const absl::Status parsed = ParseBuffer(call.request(), request.get());
  const absl::Status answered = broker_->WithState([&](const State& state) -> absl::Status {
    MUSTER_RETURN_IF_ERROR(guard_->CheckStanding(state, caller));
    presence_->Heard(caller.principal().agency_id());
    MUSTER_RETURN_IF_ERROR(parsed);
    return AnswerQuery({state, caller.principal(), guard_->Now(), caller.not_after, everywhere_}, rpc, *request,
                       response.get());
  });
  MUSTER_RETURN_IF_ERROR(answered);
  return ToBuffer(*response);
}

void UnaryCalls::Read(UnaryCall* call, absl::string_view rpc) const {
  const absl::StatusOr<grpc::ByteBuffer> answer = AnswerRead(*call, rpc);
  if (!broker_->follows() || !MayBeBehind(answer.status())) return End(call, answer);
  // Another broker may have told the caller of something that has not reached this one.
  waiting_->Add(absl::IsPermissionDenied(answer.status()) ? kRightsWithin : kCursorWithin,
                [this, call, rpc = std::string(rpc)](bool last) {
                  const absl::StatusOr<grpc::ByteBuffer> again = AnswerRead(*call, rpc);
                  if (!last && MayBeBehind(again.status())) return false;
                  End(call, again);
                  return true;
                });
}

void UnaryCalls::Change(UnaryCall* call, const MethodDescriptor& method, const PolicyRule& rule) const {
  const std::unique_ptr<Message> request = NewMessage(*method.input_type());
  const absl::Status parsed = ParseBuffer(call->request(), request.get());
  // The wrapper's own fields: what is unknown in it would be lost with it.
  const absl::Status valid = parsed.ok() ? Validate(*request) : parsed;
  Submit(call, valid, TakeSubmission(request.get(), rule.body),
         [&method](v1::Outcome outcome) -> absl::StatusOr<grpc::ByteBuffer> {
           if (outcome.has_rejected()) return ToStatus(outcome.rejected());
           const std::unique_ptr<Message> response = NewMessage(*method.output_type());
           const FieldDescriptor* field = method.output_type()->FindFieldByNumber(kOutcomeField);
           Message* const out = response->GetReflection()->MutableMessage(response.get(), field);
           *static_cast<v1::Outcome*>(out) = std::move(outcome);
           return ToBuffer(*response);
         });
}

void UnaryCalls::Submit(UnaryCall* call, absl::Status valid, v1::Submission submission, Answer answer) const {
  const absl::StatusOr<Caller> caller = guard_->Authenticate(call->peer());
  if (!caller.ok()) return call->Finish(caller.status());
  absl::Status status = broker_->WithState([&](const State& state) -> absl::Status {
    MUSTER_RETURN_IF_ERROR(guard_->CheckStanding(state, *caller));
    presence_->Heard(caller->principal().agency_id());
    MUSTER_RETURN_IF_ERROR(valid);
    return Authorize(state, caller->principal().agency_id(), FindRule(submission.body_case()), SubjectOf(submission));
  });
  if (IsForTheLeaderToSay(*broker_, status)) status = valid;
  // What `valid` leaves open: the request's own fields, the submission's among them, have been checked by then.
  if (status.ok()) status = CheckBetweenFields(submission);
  if (!status.ok()) return call->Finish(status);

  const auto done = [call, answer = std::move(answer)](const v1::Submission&, absl::StatusOr<v1::Outcome> outcome,
                                                       Beside) {
    End(call, outcome.ok() ? answer(*std::move(outcome)) : outcome.status());
  };
  broker_->Submit(PendingSubmission::Of(caller->sender, submission, done));
}

UnaryService::UnaryService(const google::protobuf::ServiceDescriptor* service, const UnaryCalls* calls) {
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* const method = service->method(i);
    const std::string rpc = absl::StrCat(service->full_name(), "/", method->name());
    const PolicyRule* const rule = FindRule(rpc);
    if (rule != nullptr && rule->body != v1::Submission::BODY_NOT_SET) {
      AddUnary(rpc, [calls, method, rule](UnaryCall* call) { calls->Change(call, *method, *rule); });
    } else {
      AddUnary(rpc, [calls, rpc](UnaryCall* call) { calls->Read(call, rpc); });
    }
  }
}

}  // namespace muster
