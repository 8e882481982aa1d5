#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/cluster_view.h"
#include "client/cli/commands.h"
#include "client/cli/options.h"
#include "client/lib/admin_port.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

using cluster::v1::ClusterStatus;

constexpr char kDefaultAdminPort[] = "127.0.0.1:7444";

// The first answer, and a line for each of those asked that gave none or knows of another leader.
struct Answers {
  std::optional<ClusterStatus> status;
  std::vector<std::string> remarks;
  absl::Status first_failure;
};

Answers AskAll(const std::vector<std::string>& admin_ports) {
  Answers answers;
  for (const std::string& admin : admin_ports) {
    absl::StatusOr<ClusterStatus> status = AskClusterStatus(admin);
    if (!status.ok()) {
      answers.first_failure.Update(status.status());
      answers.remarks.push_back(std::string(status.status().message()));
    } else if (!answers.status.has_value()) {
      answers.status = *std::move(status);
    } else if (status->leader_broker_id() != answers.status->leader_broker_id() ||
               status->term() != answers.status->term()) {
      const std::string& leader = status->leader_broker_id();
      answers.remarks.push_back(absl::StrCat(status->broker_id(), " at ", admin, " sees it otherwise: ",
                                             leader.empty() ? "nobody" : leader, " leads, term ", status->term()));
    }
  }
  return answers;
}

absl::Status Status(Invocation& invocation, const std::vector<std::string>& admin_ports) {
  const Answers answers = AskAll(admin_ports);
  if (!answers.status.has_value()) return answers.first_failure;
  if (IsStopped(*answers.status)) invocation.set_verdict(kFailure);
  invocation.printer().Print(ClusterView(*answers.status, answers.remarks, SystemClock()->Now()));
  return absl::OkStatus();
}

}  // namespace

void AddClusterCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "cluster", "For those who run brokers: how a cluster of them is", {"cluster status"});
  const auto admin_ports = std::make_shared<std::vector<std::string>>();
  CLI::App* status = AddVerb(
      *noun, invocation, "status",
      "Show who leads, how far each broker is, and how etcd is; exit code 1 while nothing is accepted",
      {"cluster status", "cluster status --admin 127.0.0.1:7444 -o json",
       "cluster status --admin 127.0.0.1:17444,127.0.0.1:27444  # through tunnels to two brokers"},
      [&invocation, admin_ports] {
        return Status(invocation, admin_ports->empty() ? std::vector<std::string>{kDefaultAdminPort} : *admin_ports);
      });
  status
      ->add_option("--admin", *admin_ports,
                   absl::StrCat("host:port of a broker's admin port, which is on loopback; may be repeated. Default: ",
                                kDefaultAdminPort))
      ->delimiter(',');
}

}  // namespace muster::cli
