// The dashboard of a few offices, open to browsers on this machine while a replay runs and after it.
//
// Each office has a gateway with its own certificate: what one page shows, another may not.
#ifndef MUSTER_CLIENT_CLI_DEMO_LIVE_SHOW_H_
#define MUSTER_CLIENT_CLI_DEMO_LIVE_SHOW_H_

#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "client/cli/demo/broker_process.h"
#include "client/cli/demo/gateway_process.h"
#include "client/cli/demo/scenario.h"
#include "client/cli/demo/workspace.h"
#include "muster/v1/agency.pb.h"

namespace muster {

struct LiveShowOptions {
  bool json = false;      // Also say where everything is as one line of JSON.
  bool may_wait = false;  // A person sits at the keyboard: the doors open before the replay goes on.
};

// An office whose dashboard is shown.
struct ShownOffice {
  std::string agency_id;
  std::string why;  // What is to be seen there and not elsewhere.
};

// The lead; a party of a conflict that is left alone, an Attorney General's office where there is one; the watch desk.
std::vector<ShownOffice> OfficesToShow(const Scenario& scenario, const std::map<std::string, v1::Agency>& agencies);

// The SHA-256 of a certificate as browsers show it, "AB:CD:...". INVALID_ARGUMENT `pem` holds none.
absl::StatusOr<std::string> FingerprintOf(absl::string_view pem);

// Main thread only, but for Abandon, which may be called from any thread.
class LiveShow {
 public:
  // Writes to `out`, which outlives this.
  LiveShow(LiveShowOptions options, std::ostream& out) : options_(options), out_(out) {}

  // Starts the gateways, says where they are and how to sign in. With `may_wait` it returns once somebody has signed
  // in, with Enter, or after a minute. Call when the offices are enrolled.
  absl::Status Open(const DemoPaths& paths, const Scenario& scenario, const std::map<std::string, v1::Agency>& agencies,
                    const Workspace& workspace, const BrokerProcess& broker);
  // Ends the gateways, one after the other. The first error of any.
  absl::Status Close();
  // Kills them; a later Open is refused. For signal handling.
  void Abandon();

 private:
  struct Door {
    ShownOffice office;
    std::string name;
    std::string code;
    std::unique_ptr<GatewayProcess> gateway;
  };

  absl::Status OpenDoor(GatewaySetup setup, Door door);
  void Announce(const std::string& fingerprint);
  void AnnounceAsJson(const std::string& certificate_file, const std::string& fingerprint, const BrokerProcess& broker);
  void WaitForSomebody();
  bool SomebodySignedIn();

  const LiveShowOptions options_;
  std::ostream& out_;
  absl::Mutex mu_;
  std::vector<Door> doors_ ABSL_GUARDED_BY(mu_);
  bool abandoned_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_LIVE_SHOW_H_
