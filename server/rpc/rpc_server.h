// The broker's face to the agencies: mutual TLS, the services, and an orderly end.
//
// Threading: Start, BeginDrain and Shutdown from one thread; OnAccessChanged from any. Threads of its own: those
// of Network and of OpenStreams, gRPC's few, and "tls-reload", which looks for new certificate files.
#ifndef MUSTER_SERVER_RPC_RPC_SERVER_H_
#define MUSTER_SERVER_RPC_RPC_SERVER_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/acceptor.h"
#include "common/clock.h"
#include "common/revision.h"
#include "common/tls_files.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "server/broker/broker.h"
#include "server/rpc/feed_service.h"
#include "server/rpc/guard.h"
#include "server/rpc/health_service.h"
#include "server/rpc/network.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/peer_service.h"
#include "server/rpc/presence_board.h"
#include "server/rpc/submission_service.h"
#include "server/rpc/unary.h"
#include "server/rpc/waiting_reads.h"

namespace muster {

class RpcServer {
 public:
  struct Options {
    std::string address;  // host:port; port 0 takes a free one.
    TlsFiles tls;
    std::string tls_live_dir;  // Ours, for the checked copies that gRPC watches.
    absl::Duration tls_reload_interval = absl::Seconds(1);
    std::string trust_domain;
    int message_bytes_max = 4 << 20;
    size_t stream_in_flight_max = 2048;
    // In a cluster: this broker's name, and who is connected to any broker (borrowed; outlives this). Null: this
    // broker is alone.
    std::string broker_id;
    const PresenceSource* everywhere = nullptr;
  };

  // Listens. `broker` and `clock` are borrowed and outlive this; the broker need not be started yet.
  //
  // Errors: those of the TLS files; UNAVAILABLE the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(Options options, Broker* broker, const Clock* clock);
  ~RpcServer();

  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  // host:port with the port in use.
  const std::string& address() const { return address_; }

  // A certificate was revoked or a standing changed: ends the streams of those who may no longer be here.
  void OnAccessChanged() { streams_.CheckAll(); }

  // False: says NOT_SERVING and ends the streams with UNAVAILABLE, so that clients move on; true: serves again.
  void SetServing(bool serving);
  // For good: as SetServing(false).
  void BeginDrain();
  // Lets unary calls finish until `grace` has passed, then cuts them.
  void Shutdown(absl::Duration grace);

  size_t open_streams() const { return streams_.size(); }
  // Who is connected to this broker.
  const PresenceSource& presence() const { return presence_; }

 private:
  RpcServer(Options options, Broker* broker, const Clock* clock);
  absl::Status Listen();
  void ReloadLoop();

  const Options options_;
  Broker* const broker_;
  const Guard guard_;
  PresenceBoard presence_;
  std::unique_ptr<WaitingReads> waiting_reads_;  // In a cluster.
  UnaryCalls calls_;
  OpenStreams streams_;
  std::vector<std::unique_ptr<QueuedService>> services_;
  HealthService* health_;                      // Among them.
  std::unique_ptr<PeerService> peer_service_;  // In a cluster.
  std::unique_ptr<LiveTlsFiles> tls_files_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;

  std::thread reload_thread_;
  Revision stopped_;  // Bumped to stop.
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_RPC_SERVER_H_
