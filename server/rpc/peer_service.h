// Serves the other brokers of the cluster (proto/muster/cluster/v1/peer.proto): takes what they forward to the leader,
// tells who is connected here, and gives a copy of this broker's files to one that joins.
//
// Threading: thread-safe. One thread of its own, "peer-copy", while a copy is sent; one copy at a time.
#ifndef MUSTER_SERVER_RPC_PEER_SERVICE_H_
#define MUSTER_SERVER_RPC_PEER_SERVICE_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "muster/cluster/v1/peer.grpc.pb.h"
#include "server/broker/broker.h"
#include "server/rpc/guard.h"
#include "server/rpc/presence_board.h"

namespace muster {

class PeerService final : public cluster::v1::PeerService::CallbackService {
 public:
  // `authorities` gives the PEM of who signs agencies' certificates, as it is now. The others are borrowed and outlive
  // this.
  PeerService(std::string broker_id, Broker* broker, const Guard* guard, const PresenceBoard* presence,
              std::function<absl::StatusOr<std::string>()> authorities);

  grpc::ServerUnaryReactor* Forward(grpc::CallbackServerContext* context, const cluster::v1::ForwardRequest* request,
                                    cluster::v1::ForwardResponse* response) override;
  grpc::ServerUnaryReactor* ListPeerPresence(grpc::CallbackServerContext* context,
                                             const cluster::v1::ListPeerPresenceRequest* request,
                                             cluster::v1::ListPeerPresenceResponse* response) override;
  grpc::ServerWriteReactor<cluster::v1::FetchCopyResponse>* FetchCopy(
      grpc::CallbackServerContext* context, const cluster::v1::FetchCopyRequest* request) override;

 private:
  // One Forward under way.
  class Forwarding;

  absl::StatusOr<std::vector<absl::StatusOr<Caller>>> CallersOf(const cluster::v1::ForwardRequest& request) const;

  const std::string broker_id_;
  Broker* const broker_;
  const Guard* const guard_;
  const PresenceBoard* const presence_;
  const std::function<absl::StatusOr<std::string>()> authorities_;
  std::atomic<bool> copying_ = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_PEER_SERVICE_H_
