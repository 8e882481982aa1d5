#include "server/rpc/submission_service.h"

#include <utility>

#include "common/validation.h"
#include "server/rpc/submission_stream.h"
#include "server/rpc/wire.h"

namespace muster {

SubmissionService::SubmissionService(Broker* broker, const UnaryCalls* calls, OpenStreams* streams,
                                     size_t in_flight_max)
    : broker_(broker), calls_(*calls), streams_(streams), in_flight_max_(in_flight_max) {
  AddUnary("muster.v1.SubmissionService/Submit", [this](UnaryCall* call) { Submit(call); });
  AddStream("muster.v1.SubmissionService/StreamSubmit", [this](StreamCall* call) { StreamSubmit(call); });
}

void SubmissionService::Submit(UnaryCall* call) const {
  v1::SubmitRequest request;
  const absl::Status parsed = ParseBuffer(call->request(), &request);
  // Before the call: its arguments, one of which empties the request, are evaluated in any order.
  const absl::Status valid = parsed.ok() ? Validate(request) : parsed;
  calls_.Submit(call, valid, std::move(*request.mutable_submission()),
                [](v1::Outcome outcome) -> absl::StatusOr<grpc::ByteBuffer> {
                  v1::SubmitResponse response;
                  *response.mutable_outcome() = std::move(outcome);
                  return ToBuffer(response);
                });
}

void SubmissionService::StreamSubmit(StreamCall* call) const {
  absl::StatusOr<Caller> caller = calls_.guard().Authenticate(call->peer());
  absl::Status status = caller.status();
  if (status.ok()) {
    status = broker_->WithState([&](const State& state) {
      return calls_.guard().Admit(state, *caller, FindRule("muster.v1.SubmissionService/StreamSubmit"), {});
    });
  }
  if (!status.ok()) return call->Finish(status);
  const auto stream = std::make_shared<SubmissionStream>(call, *std::move(caller), streams_, broker_, &calls_.guard(),
                                                         &calls_.presence(), in_flight_max_);
  stream->Begin();
  stream->ReadOn();
}

}  // namespace muster
