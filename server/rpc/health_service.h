// grpc.health.v1.Health, which probes and load balancers ask. It tells of the broker as a whole.
//
// gRPC's own is served by the callback API, whose threads would then compete with the network's (network.h).
//
// Threading: thread-safe.
#ifndef MUSTER_SERVER_RPC_HEALTH_SERVICE_H_
#define MUSTER_SERVER_RPC_HEALTH_SERVICE_H_

#include <atomic>

#include "server/rpc/guard.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/queued_service.h"

namespace muster {

// Who may ask is for ForeignRpcGuard.
class HealthService final : public QueuedService {
 public:
  // Borrowed; they outlive this.
  HealthService(const Guard* guard, OpenStreams* streams);

  // A broker that does not serve ends its streams, so a watcher is told by the end of its own.
  void SetServing(bool serving) { serving_ = serving; }

 private:
  void Check(UnaryCall* call) const;
  void Watch(StreamCall* call) const;

  const Guard* const guard_;
  OpenStreams* const streams_;
  std::atomic<bool> serving_ = true;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_HEALTH_SERVICE_H_
