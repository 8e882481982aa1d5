#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/agent_view.h"
#include "client/cli/bundle.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/identity.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::Status Status(Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(AgentClient * agent, invocation.agent());
  MUSTER_ASSIGN_OR_RETURN(const agent::v1::GetStatusResponse status, agent->GetStatus());
  invocation.printer().Print(StatusView(status, SystemClock()->Now(), absl::LocalTimeZone()));
  return absl::OkStatus();
}

absl::Status Enroll(Invocation& invocation, const std::string& file) {
  MUSTER_ASSIGN_OR_RETURN(const agent::v1::EnrollmentBundle bundle, LoadBundle(file));
  MUSTER_ASSIGN_OR_RETURN(AgentClient * agent, invocation.agent());
  MUSTER_ASSIGN_OR_RETURN(const agent::v1::EnrollResponse response, agent->Enroll(bundle));
  const agent::v1::GetStatusResponse& status = response.status();
  View view = StatusView(status, SystemClock()->Now(), absl::LocalTimeZone());
  view.object = &response;
  view.heading = absl::StrCat("enrolled as ", status.agency_id(), "/", status.post(), " until ",
                              TimeText(status.certificate_not_after()), ", with the brokers ",
                              absl::StrJoin(bundle.brokers(), ", "), "\nthe daemon keeps the key, sealed; remove ",
                              file, ": it is not needed any more\n\n");
  invocation.printer().Print(view);
  return absl::OkStatus();
}

absl::Status Bundle(Invocation& invocation, BundleParts parts, const std::string& file, bool force) {
  const GlobalFlags& flags = invocation.flags();
  if (flags.brokers.empty() || flags.certificate_file.empty() || flags.key_file.empty() || flags.ca_file.empty()) {
    return UsageError("a bundle needs --broker, --cert, --key and --ca");
  }
  parts.brokers = flags.brokers;
  parts.files = {.certificate_file = flags.certificate_file, .key_file = flags.key_file, .ca_file = flags.ca_file};
  parts.server_name = flags.server_name;
  MUSTER_ASSIGN_OR_RETURN(const agent::v1::EnrollmentBundle bundle, MakeBundle(parts, SystemClock()->Now()));
  MUSTER_ASSIGN_OR_RETURN(const CertificateIdentity identity,
                          IdentityFromPem(bundle.certificate(), bundle.trust_domain()));
  MUSTER_RETURN_IF_ERROR(SaveBundle(bundle, file, force));
  // What was written, without what is secret.
  agent::v1::EnrollmentBundle shown = bundle;
  shown.clear_key();
  View view;
  view.object = &shown;
  view.extras = {{"file", file}};
  view.table.columns = {{"field"}, {"value"}};
  view.table.rows = {{"file", absl::StrCat(file, " (mode 0600: it holds the private key)")},
                     {"for", absl::StrCat(identity.agency_id, "/", identity.post)},
                     {"trust domain", bundle.trust_domain()},
                     {"brokers", absl::StrJoin(bundle.brokers(), ", ")},
                     {"certificate until", TimeText(ToProto(identity.not_after))},
                     {"next", absl::StrCat("at the command post: muster agent enroll ", file)}};
  invocation.printer().Print(view);
  return absl::OkStatus();
}

}  // namespace

void AddAgentCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "agent", "The command post's daemon: its link, its certificate, and giving it one",
                           {"agent status", "agent enroll ky-ago.bundle"});
  AddVerb(*noun, invocation, "status", "Show the link, the clock, the certificate, and what waits to be sent",
          {"agent status", "agent status -o json", "agent status --agent /run/muster/agent.sock"},
          [&invocation] { return Status(invocation); });
  const auto file = std::make_shared<std::string>();
  CLI::App* verb =
      AddVerb(*noun, invocation, "enroll", "Give the daemon its certificate and brokers, or replace them as one",
              {"agent enroll ky-ago.bundle", "agent enroll ky-ago.bundle --agent /run/muster/agent.sock"},
              [&invocation, file] { return Enroll(invocation, *file); });
  AddText(verb, "BUNDLE", file.get(), "The file that `muster agent bundle` wrote; only you may be able to read it")
      ->required();

  const auto parts = std::make_shared<BundleParts>();
  const auto out = std::make_shared<std::string>();
  const auto force = std::make_shared<bool>(false);
  verb = AddVerb(*noun, invocation, "bundle", "Put all that a new command post needs into one file; it holds the key",
                 {"agent bundle --broker broker.example:7443 --cert ky.pem --key ky.key --ca ca.pem --trust-domain "
                  "muster.example -o ky-ago.bundle",
                  "agent bundle --broker a.example:7443 --broker b.example:7443 --server-name broker.example --cert "
                  "ky.pem --key ky.key --ca ca.pem -o ky-ago.bundle --force"},
                 [&invocation, parts, out, force] { return Bundle(invocation, *parts, *out, *force); });
  AddText(verb, "--trust-domain", &parts->trust_domain, "What the certificate must be for; its own by default");
  AddText(verb, "-o,--out", out.get(), "The file to write; it must not exist")->required();
  verb->add_flag("--force", *force, "Replace the file if it exists");
}

}  // namespace muster::cli
