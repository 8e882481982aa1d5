#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/agent_view.h"
#include "client/cli/commands.h"
#include "client/cli/daemon_socket.h"
#include "client/cli/options.h"
#include "client/lib/admin_port.h"
#include "client/lib/doctor/cluster.h"
#include "client/lib/doctor/doctor.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

using agent::v1::DiagnoseResponse;

constexpr char kDaemon[] = "daemon";

// What a daemon that does not answer is to the one who asks: the finding itself.
DiagnoseResponse Silent(const absl::Status& status) {
  DiagnoseResponse diagnosis;
  const bool forbidden = absl::IsPermissionDenied(status);
  *diagnosis.add_findings() = doctor::Failing(
      {kDaemon}, status.message(),
      forbidden ? "ls -l /run/muster  # then, as root: usermod --append --groups GROUP-OF-THE-SOCKET YOUR-NAME"
                : "systemctl status muster-agent; systemctl start muster-agent");
  *diagnosis.add_findings() = doctor::Skipped({"everything else"}, "the daemon has to be asked, and does not answer");
  return diagnosis;
}

absl::StatusOr<DiagnoseResponse> AskDaemon(Invocation& invocation) {
  const absl::StatusOr<AgentClient*> agent = invocation.agent();
  if (absl::IsUnavailable(agent.status()) || absl::IsPermissionDenied(agent.status())) return Silent(agent.status());
  MUSTER_RETURN_IF_ERROR(agent.status());
  absl::StatusOr<DiagnoseResponse> diagnosis = (*agent)->Diagnose();
  if (absl::IsUnavailable(diagnosis.status()) || absl::IsDeadlineExceeded(diagnosis.status())) {
    return Silent(diagnosis.status());
  }
  return diagnosis;
}

// Without a daemon: what this machine can see of the brokers with the flags' or the context's certificate.
DiagnoseResponse CheckBrokers(const ConnectionOptions& options) {
  const TlsFiles files = {
      .certificate_file = options.certificate_file, .key_file = options.key_file, .ca_file = options.ca_file};
  doctor::LinkToCheck link = {.brokers = options.brokers,
                              .server_name = options.server_name,
                              .tls = {},
                              .names = files,
                              .renew = "muster context add NAME --broker HOST:PORT --cert FILE --key FILE --ca FILE"};
  DiagnoseResponse diagnosis;
  absl::StatusOr<TlsContents> tls = ReadTlsFiles(files);
  if (tls.ok()) {
    link.tls = *std::move(tls);
  } else {
    *diagnosis.add_findings() = doctor::Failing({"files"}, tls.status().message(), link.renew);
  }
  for (const doctor::Finding& finding : doctor::CheckLink(link, *SystemClock())) *diagnosis.add_findings() = finding;
  return diagnosis;
}

absl::StatusOr<DiagnoseResponse> Diagnose(Invocation& invocation) {
  if (invocation.uses_given_connection()) return AskDaemon(invocation);
  absl::StatusOr<ConnectionOptions> options = invocation.Options();
  // Nothing was named and there is no daemon's socket: that is what has to be mended.
  if (!options.ok() && invocation.names_nothing()) {
    return Silent(absl::UnavailableError(absl::StrCat("no context is in use, and there is no daemon's socket at ",
                                                      DefaultDaemonSocket(), " that you may open")));
  }
  MUSTER_RETURN_IF_ERROR(options.status());
  return IsDaemon(options->brokers[0]) ? AskDaemon(invocation) : CheckBrokers(*options);
}

// Of the host of a broker, and of the cluster that it belongs to.
void AddClusterFindings(const std::vector<std::string>& admin_ports, DiagnoseResponse* diagnosis) {
  for (const std::string& admin : admin_ports) {
    for (const doctor::Finding& finding : doctor::CheckCluster(admin, AskClusterStatus(admin))) {
      *diagnosis->add_findings() = finding;
    }
  }
}

absl::Status Doctor(Invocation& invocation, const std::vector<std::string>& admin_ports) {
  DiagnoseResponse diagnosis;
  // Whoever looks after brokers need not be an agency: then there is no link to check.
  const bool has_link = admin_ports.empty() || invocation.uses_given_connection() || !invocation.names_nothing();
  if (has_link) {
    MUSTER_ASSIGN_OR_RETURN(diagnosis, Diagnose(invocation));
  }
  AddClusterFindings(admin_ports, &diagnosis);
  invocation.printer().Print(DiagnosisView(diagnosis));
  for (const doctor::Finding& finding : diagnosis.findings()) {
    if (doctor::IsFailing(finding)) invocation.set_verdict(kFailure);
  }
  return absl::OkStatus();
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Invocation& invocation) {
  const auto admin_ports = std::make_shared<std::vector<std::string>>();
  CLI::App* doctor =
      AddVerb(app, invocation, "doctor",
              "Check the daemon, the way to its brokers and everything they need; say how to mend what fails",
              {"doctor", "doctor --agent /run/muster/agent.sock -o json", "doctor --context mo-ago",
               "doctor --admin 127.0.0.1:7444"},
              [&invocation, admin_ports] { return Doctor(invocation, *admin_ports); });
  doctor->add_option("--admin", *admin_ports, "host:port of a broker's admin port: check its cluster and etcd as well")
      ->delimiter(',');
}

}  // namespace muster::cli
