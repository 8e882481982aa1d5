// One office's muster-gateway for the demo, on a free port of loopback.
#ifndef MUSTER_CLIENT_CLI_DEMO_GATEWAY_PROCESS_H_
#define MUSTER_CLIENT_CLI_DEMO_GATEWAY_PROCESS_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/demo/service_process.h"

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
  explicit GatewayProcess(GatewaySetup setup)
      : setup_(std::move(setup)), process_("the gateway on " + setup_.host, setup_.folder + "/gateway.log") {}

  // Returns once it says where it serves. INTERNAL, with the end of its log, when it does not come up.
  absl::Status Start(absl::Duration timeout = absl::Seconds(60));
  // A code with which `person` can set a password, once. `role`: viewer or operator.
  absl::StatusOr<std::string> Invite(absl::string_view person, absl::string_view role);
  // Whether anybody has signed in since it was started.
  bool SomebodySignedIn() const;
  // SIGTERM, and waits until it has ended. An error when it does not end with status 0 in time; it is killed then.
  absl::Status Stop(absl::Duration timeout = absl::Seconds(45)) { return process_.Stop(timeout); }
  // Kills it; a later Start is refused. For signal handling and clean-up.
  void Abandon() { process_.Abandon(); }

  // https://host:port/, after Start.
  const std::string& url() const { return url_; }

 private:
  std::string config_file() const { return setup_.folder + "/gateway.toml"; }
  absl::Status WriteConfig() const;

  const GatewaySetup setup_;
  std::string url_;  // Main thread only.
  ServiceProcess process_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_GATEWAY_PROCESS_H_
