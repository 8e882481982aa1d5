#include "server/rpc/unary.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/field_violation.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "common/validation.h"
#include "google/protobuf/message.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "server/rpc/submission_stream.h"
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

// What `valid` leaves open: the request's own fields, the submission's among them, have been checked by then.
absl::Status CheckBetweenFields(const v1::Submission& submission) {
  std::vector<FieldViolation> violations;
  CheckSubmission(submission, &violations);
  return violations.empty() ? absl::OkStatus() : MalformedStatus(violations);
}

}  // namespace

absl::Status UnaryCalls::AnswerRead(const grpc::AuthContext& context, absl::string_view rpc,
                                    const grpc::ByteBuffer& request_bytes, grpc::ByteBuffer* response_bytes) const {
  MUSTER_ASSIGN_OR_RETURN(const Caller caller, guard_->Authenticate(context));
  if (!serving_) return CutOff();
  const QueryTable::Query& query = *Queries().Find(rpc);
  const std::unique_ptr<Message> request(query.request->New());
  const std::unique_ptr<Message> response(query.response->New());
  const absl::Status parsed = ParseBuffer(request_bytes, request.get());
  const absl::Status answered = broker_->WithState([&](const State& state) -> absl::Status {
    MUSTER_RETURN_IF_ERROR(guard_->CheckStanding(state, caller));
    presence_->Heard(caller.principal.agency_id());
    MUSTER_RETURN_IF_ERROR(parsed);
    return AnswerQuery({state, caller.principal, guard_->Now(), caller.not_after, everywhere_}, rpc, *request,
                       response.get());
  });
  MUSTER_RETURN_IF_ERROR(answered);
  *response_bytes = ToBuffer(*response);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* UnaryCalls::Read(grpc::CallbackServerContext* context, absl::string_view rpc,
                                           const grpc::ByteBuffer* request_bytes,
                                           grpc::ByteBuffer* response_bytes) const {
  const absl::Status status = AnswerRead(*context->auth_context(), rpc, *request_bytes, response_bytes);
  if (waiting_ == nullptr || !MayBeBehind(status)) return Finish(context, status);
  // Another broker may have told the caller of something that has not reached this one. What gRPC gave us stays until
  // the call is finished.
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  waiting_->Add(absl::IsPermissionDenied(status) ? kRightsWithin : kCursorWithin,
                [this, context, rpc = std::string(rpc), request_bytes, response_bytes, reactor](bool last) {
                  const absl::Status again = AnswerRead(*context->auth_context(), rpc, *request_bytes, response_bytes);
                  if (!last && MayBeBehind(again)) return false;
                  reactor->Finish(ToGrpcStatus(again));
                  return true;
                });
  return reactor;
}

grpc::ServerUnaryReactor* UnaryCalls::Change(grpc::CallbackServerContext* context, const MethodDescriptor& method,
                                             const PolicyRule& rule, const grpc::ByteBuffer* request_bytes,
                                             grpc::ByteBuffer* response_bytes) const {
  const std::unique_ptr<Message> request = NewMessage(*method.input_type());
  const absl::Status parsed = ParseBuffer(*request_bytes, request.get());
  // The wrapper's own fields: what is unknown in it would be lost with it.
  const absl::Status valid = parsed.ok() ? Validate(*request) : parsed;
  return Submit(context, valid, TakeSubmission(request.get(), rule.body),
                [&method, response_bytes](v1::Outcome outcome) -> absl::Status {
                  if (outcome.has_rejected()) return ToStatus(outcome.rejected());
                  const std::unique_ptr<Message> response = NewMessage(*method.output_type());
                  const FieldDescriptor* field = method.output_type()->FindFieldByNumber(kOutcomeField);
                  Message* const out = response->GetReflection()->MutableMessage(response.get(), field);
                  *static_cast<v1::Outcome*>(out) = std::move(outcome);
                  *response_bytes = ToBuffer(*response);
                  return absl::OkStatus();
                });
}

grpc::ServerUnaryReactor* UnaryCalls::Submit(grpc::CallbackServerContext* context, absl::Status valid,
                                             v1::Submission submission, Answer answer) const {
  const absl::StatusOr<Caller> caller = guard_->Authenticate(*context->auth_context());
  if (!caller.ok()) return Finish(context, caller.status());
  absl::Status status = broker_->WithState([&](const State& state) -> absl::Status {
    MUSTER_RETURN_IF_ERROR(guard_->CheckStanding(state, *caller));
    presence_->Heard(caller->principal.agency_id());
    MUSTER_RETURN_IF_ERROR(valid);
    return Authorize(state, caller->principal.agency_id(), FindRule(submission.body_case()), SubjectOf(submission));
  });
  if (IsForTheLeaderToSay(*broker_, status)) status = valid;
  if (status.ok()) status = CheckBetweenFields(submission);
  if (!status.ok()) return Finish(context, status);

  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  PendingSubmission pending;
  pending.principal = caller->principal;
  pending.submission = std::move(submission);
  pending.certificate = caller->certificate;
  pending.done = [reactor, answer = std::move(answer)](absl::StatusOr<v1::Outcome> outcome) {
    reactor->Finish(ToGrpcStatus(outcome.ok() ? answer(*std::move(outcome)) : outcome.status()));
  };
  broker_->Submit(std::move(pending));
  return reactor;
}

grpc::ServerUnaryReactor* UnaryCalls::Finish(grpc::CallbackServerContext* context, const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

UnaryService::UnaryService(const google::protobuf::ServiceDescriptor* service, const UnaryCalls* calls) {
  using Handler = grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>;
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* const method = service->method(i);
    const std::string rpc = absl::StrCat(service->full_name(), "/", method->name());
    const PolicyRule* const rule = FindRule(rpc);
    const std::string& path = paths_.emplace_back(absl::StrCat("/", rpc));
    AddMethod(new grpc::internal::RpcServiceMethod(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(
        i, new Handler([calls, method, rule, rpc](grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
          const bool changes = rule != nullptr && rule->body != v1::Submission::BODY_NOT_SET;
          return changes ? calls->Change(context, *method, *rule, request, response)
                         : calls->Read(context, rpc, request, response);
        }));
  }
}

}  // namespace muster
