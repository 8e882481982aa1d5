// The whole of muster-gateway while it serves: listeners, sessions, and the connection to the brokers.
//
// Certificate, key and authorities of the listeners and of the office come into force soon after their files have
// changed, for connections that begin then; streams and calls under way go on. Sessions stay, also those that began
// with a certificate of an authority that is no longer named: remove the person for that.
#ifndef MUSTER_CLIENT_GATEWAY_GATEWAY_H_
#define MUSTER_CLIENT_GATEWAY_GATEWAY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/gateway/forward/forwarder.h"
#include "client/gateway/forward/methods.h"
#include "client/gateway/forward/office_connection.h"
#include "client/gateway/http/calls.h"
#include "client/gateway/http/front.h"
#include "client/gateway/http/https_server.h"
#include "client/gateway/http/rate_limit.h"
#include "client/gateway/http/session_service.h"
#include "client/gateway/http/stream_slots.h"
#include "client/gateway/http/worker_pool.h"
#include "client/gateway/people/passwords.h"
#include "client/gateway/people/people.h"
#include "client/gateway/people/sign_in.h"
#include "client/gateway/session/sessions.h"
#include "client/gateway/watched_tls_files.h"
#include "client/lib/connection.h"
#include "common/clock.h"
#include "common/revision.h"
#include "muster/config/v1/gateway.pb.h"

namespace muster::gateway {

// The connection that a configuration asks for, with what the files that it names hold; they hold nothing where it
// names a daemon's socket. Errors: as Connect.
absl::StatusOr<std::shared_ptr<Connection>> ConnectAs(const config::v1::GatewayBrokersConfig& brokers,
                                                      const TlsContents& contents);

// Threading: Start, Stop and the destructor on one thread.
class Gateway {
 public:
  struct Options {
    config::v1::GatewayConfig config;  // Complete (config.h).
    // Called at the start, and again whenever the files of config.brokers have changed.
    std::function<absl::StatusOr<std::shared_ptr<Connection>>(const config::v1::GatewayBrokersConfig&,
                                                              const TlsContents&)>
        connect = ConnectAs;
    PasswordCost password_cost = ModerateCost();
    const Clock* clock = SystemClock();  // Not owned; outlives this.
    // How often sessions and certificate files are looked at.
    absl::Duration upkeep_every = absl::Seconds(1);
  };

  // Serves until Stop.
  //
  // Errors: INVALID_ARGUMENT a file is not what it should be; UNAVAILABLE an address cannot be listened on; or what the
  //         file system said of state_dir.
  static absl::StatusOr<std::unique_ptr<Gateway>> Start(Options options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // The real ports.
  int port() const { return main_->port(); }
  std::optional<int> login_port() const;
  // Whether the web application's files were found.
  bool has_application() const { return has_application_; }

  // How often sessions and certificate files have been looked at.
  uint64_t upkeeps() const { return upkeeps_.now(); }

  // Ends streams, lets calls under way finish for `grace`, then cuts them off. Sessions are forgotten.
  void Stop(absl::Duration grace);

 private:
  Gateway(Options options, std::unique_ptr<People> people);

  absl::Status ReadFiles();
  absl::Status Listen();
  void Serve();
  // Ends sessions whose time is over or whose person has changed, and takes over renewed certificate files.
  void Upkeep();
  // Shows connections to come what the listeners' files hold.
  absl::Status UseForListeners(const TlsContents& contents);
  absl::Status UseForBrokers(const TlsContents& contents);
  bool Stands(const SessionView& view) const;

  const Options options_;
  const std::unique_ptr<People> people_;
  Passwords passwords_;
  SignIn sign_in_;
  Sessions sessions_;
  RateLimit per_session_;
  RateLimit per_address_;
  RateLimit sign_ins_;
  StreamSlots slots_;
  CallSlots calls_each_;
  CallSlots attempts_each_;
  const Methods methods_;
  OfficeConnection office_;
  const Forwarder forwarder_;
  SessionService session_service_;
  const Calls calls_;
  bool has_application_ = false;
  bool started_ = false;  // Set before the upkeep's thread begins.
  // In this order, so that servers are destroyed after the threads of the pools are gone and before what they serve.
  std::unique_ptr<MainFront> main_front_;
  std::unique_ptr<LoginFront> login_front_;
  std::unique_ptr<HttpsServer> main_;
  std::unique_ptr<HttpsServer> login_;
  WorkerPool page_threads_;
  WorkerPool call_threads_;
  WorkerPool stream_threads_;
  // Both: Start, and then the upkeep's thread.
  WatchedTlsFiles listener_files_;
  std::optional<WatchedTlsFiles> office_files_;  // None with a daemon's socket.
  Revision stopping_;
  Revision upkeeps_;
  std::thread upkeep_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_GATEWAY_H_
