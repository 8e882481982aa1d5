#include "server/rpc/submission_service.h"

#include <utility>

#include "common/validation.h"
#include "server/rpc/submission_stream.h"

namespace muster {

grpc::ServerUnaryReactor* SubmissionService::Submit(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request_bytes,
                                                    grpc::ByteBuffer* response_bytes) {
  v1::SubmitRequest request;
  const absl::Status parsed = ParseBuffer(*request_bytes, &request);
  // Before the call: its arguments, one of which empties the request, are evaluated in any order.
  const absl::Status valid = parsed.ok() ? Validate(request) : parsed;
  return calls_.Submit(context, valid, std::move(*request.mutable_submission()), [response_bytes](v1::Outcome outcome) {
    v1::SubmitResponse response;
    *response.mutable_outcome() = std::move(outcome);
    *response_bytes = ToBuffer(response);
    return absl::OkStatus();
  });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* SubmissionService::StreamSubmit(
    grpc::CallbackServerContext* context) {
  absl::StatusOr<Caller> caller = calls_.guard().Authenticate(*context->auth_context());
  absl::Status status = caller.status();
  if (status.ok()) {
    status = broker_->WithState([&](const State& state) {
      return calls_.guard().Admit(state, *caller, FindRule("muster.v1.SubmissionService/StreamSubmit"), {});
    });
  }
  if (!status.ok()) return new RefusedStream<SubmissionStream::Reactor>(status);
  auto stream = std::make_shared<SubmissionStream>(context, *std::move(caller), streams_, broker_, &calls_.guard(),
                                                   &calls_.presence(), in_flight_max_);
  SubmissionStream* const reactor = stream.get();
  reactor->Begin();
  reactor->ReadOn();
  return reactor;
}

}  // namespace muster
