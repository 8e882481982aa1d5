// Submissions of any kind, one at a time or streamed. The contract is in proto/muster/v1/submission.proto.
//
// Threading: called by gRPC's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_SUBMISSION_SERVICE_H_
#define MUSTER_SERVER_RPC_SUBMISSION_SERVICE_H_

#include "muster/v1/submission.grpc.pb.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/unary.h"

namespace muster {

using RawSubmissionService = v1::SubmissionService::WithRawCallbackMethod_Submit<
    v1::SubmissionService::WithRawCallbackMethod_StreamSubmit<v1::SubmissionService::Service>>;

class SubmissionService final : public RawSubmissionService {
 public:
  // All borrowed. `in_flight_max`: submissions of one stream that may wait for their outcome.
  SubmissionService(Broker* broker, const UnaryCalls* calls, OpenStreams* streams, size_t in_flight_max)
      : broker_(broker), calls_(*calls), streams_(streams), in_flight_max_(in_flight_max) {}

  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamSubmit(
      grpc::CallbackServerContext* context) override;

 private:
  Broker* const broker_;
  const UnaryCalls& calls_;
  OpenStreams* const streams_;
  const size_t in_flight_max_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_SUBMISSION_SERVICE_H_
