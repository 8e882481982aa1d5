// The demo's own broker: a musterd on a free port of loopback, which it can kill and start again on the same data.
#ifndef MUSTER_CLIENT_CLI_DEMO_BROKER_PROCESS_H_
#define MUSTER_CLIENT_CLI_DEMO_BROKER_PROCESS_H_

#include <signal.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/demo/service_process.h"
#include "muster/v1/agency.pb.h"

namespace muster {

struct BrokerSetup {
  std::string musterd;       // Path of the program.
  std::string folder;        // Gets musterd.toml, musterd.log and data/.
  std::string certificates;  // As make-certs.sh makes them.
  std::string trust_domain;
};

// Start and Stop belong to the main thread (see Subprocess); Abandon may be called from any thread.
class BrokerProcess {
 public:
  explicit BrokerProcess(BrokerSetup setup)
      : setup_(std::move(setup)), process_("the broker", setup_.folder + "/musterd.log") {}

  // The agency that registers the others. Set it before the first Start.
  void set_registrar(v1::Agency registrar) { registrar_ = std::move(registrar); }

  // Writes the configuration, starts the broker, and waits until it says where it listens; from the second time on it
  // is told to listen there again. INTERNAL, with the end of the broker's log, when it does not come up.
  absl::Status Start(absl::Duration timeout = absl::Seconds(60));

  // SIGSTOP: the broker hangs; calls on their way to it get no answer.
  void Freeze() { process_.Signal(SIGSTOP); }
  // SIGKILL, and waits until it is gone.
  void Kill() { process_.Kill(); }
  // SIGTERM, and waits for the drain. An error when it does not end with status 0 in time; it is killed then.
  absl::Status Stop(absl::Duration timeout = absl::Seconds(30)) { return process_.Stop(timeout); }
  // After Stop: has `musterd verify` check every record of the log, and the state against its snapshots.
  absl::Status Verify(absl::Duration timeout = absl::Minutes(1));
  // Kills it; every later Start is refused. For signal handling and clean-up.
  void Abandon() { process_.Abandon(); }

  // host:port.
  const std::string& address() const { return address_; }
  std::string config_file() const;
  std::string data_dir() const;
  const std::string& log_file() const { return process_.log_file(); }

 private:
  absl::Status WriteConfig() const;

  const BrokerSetup setup_;
  std::string address_;   // Main thread only.
  v1::Agency registrar_;  // Main thread only.
  ServiceProcess process_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_BROKER_PROCESS_H_
