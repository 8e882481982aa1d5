// Submissions of any kind, one at a time or streamed. The contract is in proto/muster/v1/submission.proto.
//
// Threading: called by the network's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_SUBMISSION_SERVICE_H_
#define MUSTER_SERVER_RPC_SUBMISSION_SERVICE_H_

#include "server/rpc/open_streams.h"
#include "server/rpc/queued_service.h"
#include "server/rpc/unary.h"

namespace muster {

class SubmissionService final : public QueuedService {
 public:
  // All borrowed. `in_flight_max`: submissions of one stream that may wait for their outcome.
  SubmissionService(Broker* broker, const UnaryCalls* calls, OpenStreams* streams, size_t in_flight_max);

 private:
  void Submit(UnaryCall* call) const;
  void StreamSubmit(StreamCall* call) const;

  Broker* const broker_;
  const UnaryCalls& calls_;
  OpenStreams* const streams_;
  const size_t in_flight_max_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_SUBMISSION_SERVICE_H_
