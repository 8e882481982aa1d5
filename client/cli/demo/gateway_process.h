// One office's muster-gateway for the demo, on a free port of loopback.
#ifndef MUSTER_CLIENT_CLI_DEMO_GATEWAY_PROCESS_H_
#define MUSTER_CLIENT_CLI_DEMO_GATEWAY_PROCESS_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/cli/demo/subprocess.h"

namespace muster {

struct GatewaySetup {
  std::string muster_gateway;      // Path of the program.
  std::string dashboard_dir;       // The application's built files.
  std::string folder;              // Gets gateway.toml, gateway.log and state/. Made by Start.
  std::string host;                // A loopback address, another for each: cookies ignore ports.
  std::string server_certificate;  // What browsers are shown: this path + ".crt" and ".key".
  std::string office_certificate;  // What the broker is shown, likewise.
  std::string ca_file;             // Of the broker.
  std::string broker;              // host:port.
};

// Start, Invite and Stop belong to the main thread (see Subprocess); Abandon may be called from any thread.
class GatewayProcess {
 public:
  explicit GatewayProcess(GatewaySetup setup) : setup_(std::move(setup)) {}

  // Returns once it says where it serves. INTERNAL, with the end of its log, when it does not come up.
  absl::Status Start(absl::Duration timeout = absl::Seconds(60));
  // A code with which `person` can set a password, once. `role`: viewer or operator.
  absl::StatusOr<std::string> Invite(absl::string_view person, absl::string_view role);
  // Whether anybody has signed in since it was started.
  bool SomebodySignedIn() const;
  // SIGTERM, and waits until it has ended. An error when it does not end with status 0 in time; it is killed then.
  absl::Status Stop(absl::Duration timeout = absl::Seconds(45));
  // Kills it; a later Start is refused. For signal handling and clean-up.
  void Abandon();

  // https://host:port/, after Start.
  const std::string& url() const { return url_; }

 private:
  std::string config_file() const { return setup_.folder + "/gateway.toml"; }
  std::string log_file() const { return setup_.folder + "/gateway.log"; }
  absl::Status WriteConfig() const;
  absl::Status WaitForUrl(absl::Duration timeout);
  std::shared_ptr<Subprocess> Process();

  const GatewaySetup setup_;
  std::string url_;  // Main thread only.
  absl::Mutex mu_;
  std::shared_ptr<Subprocess> process_ ABSL_GUARDED_BY(mu_);
  bool abandoned_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_GATEWAY_PROCESS_H_
