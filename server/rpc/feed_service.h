// Feeds. The contract is in proto/muster/v1/submission.proto.
//
// Threading: called by gRPC's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_FEED_SERVICE_H_
#define MUSTER_SERVER_RPC_FEED_SERVICE_H_

#include "muster/v1/submission.grpc.pb.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/unary.h"

namespace muster {

using RawFeedService = v1::FeedService::WithRawCallbackMethod_Subscribe<
    v1::FeedService::WithRawCallbackMethod_GetFeedCursor<v1::FeedService::Service>>;

class FeedService final : public RawFeedService {
 public:
  // All borrowed.
  FeedService(Broker* broker, const UnaryCalls* calls, OpenStreams* streams)
      : broker_(broker), calls_(*calls), streams_(streams) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* GetFeedCursor(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override {
    return calls_.Read(context, "muster.v1.FeedService/GetFeedCursor", request, response);
  }

 private:
  Broker* const broker_;
  const UnaryCalls& calls_;
  OpenStreams* const streams_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_FEED_SERVICE_H_
