// Feeds. The contract is in proto/muster/v1/submission.proto.
//
// Threading: called by the network's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_FEED_SERVICE_H_
#define MUSTER_SERVER_RPC_FEED_SERVICE_H_

#include "server/rpc/open_streams.h"
#include "server/rpc/queued_service.h"
#include "server/rpc/unary.h"

namespace muster {

class FeedService final : public QueuedService {
 public:
  // All borrowed.
  FeedService(Broker* broker, const UnaryCalls* calls, OpenStreams* streams);

 private:
  void Subscribe(StreamCall* call) const;

  Broker* const broker_;
  const UnaryCalls& calls_;
  OpenStreams* const streams_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_FEED_SERVICE_H_
