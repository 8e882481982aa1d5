// The daemon's own gRPC server: the broker's services and the daemon's, for programs on this machine.
//
// Listens on a Unix socket, where the folder and the socket's mode say who may speak for the agency, and, if
// configured, on loopback TCP, where a certificate of this agency does (mutual TLS; checked again on every call).
//
// Calls may block: each has a thread of its own while it runs. Streams and short calls have limits of their own
// (open_calls.h), so that a forgotten stream never keeps a short call waiting.
//
// Threading: Start, Stop and the destructor on one thread.
#ifndef MUSTER_CLIENT_AGENT_SERVE_LOCAL_SERVER_H_
#define MUSTER_CLIENT_AGENT_SERVE_LOCAL_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/agent/agent.h"

namespace muster::agent {

class LocalServer {
 public:
  // Serves `agent` (not owned; outlives this) where agent->config().listen() says. The process must have called
  // DisableTlsSessionTickets (common/openssl_config.h) if TCP is configured.
  //
  // Errors: INVALID_ARGUMENT    a socket path or mode that cannot be, an address that is not loopback, TLS files that
  // do
  //                             not fit together;
  //         ALREADY_EXISTS      another process answers on the socket, or something else than a socket lies there;
  //         UNAVAILABLE         the socket cannot be bound.
  static absl::StatusOr<std::unique_ptr<LocalServer>> Start(Agent* agent);
  // Stops at once, if Stop was not called.
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  // Takes no more calls, ends streams (UNAVAILABLE), lets others finish for `grace`, and cuts off what is left.
  // Removes the socket. Called a second time it does nothing.
  void Stop(absl::Duration grace);

  // The socket's path, as a client names it: "unix:" + this.
  const std::string& socket_path() const;
  // host:port with the port in use; empty when TCP is not configured.
  const std::string& tcp_address() const;

 private:
  class Impl;
  explicit LocalServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_LOCAL_SERVER_H_
