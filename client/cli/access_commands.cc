#include <memory>

#include "client/cli/access_view.h"
#include "client/cli/commands.h"
#include "client/cli/options.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::Status Explain(Invocation& invocation, const v1::ExplainAccessRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ExplainAccessResponse response, client->ExplainAccess(request));
  invocation.printer().Print(AccessView(response));
  return absl::OkStatus();
}

absl::Status Disclosures(Invocation& invocation, const v1::ListDisclosuresRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListDisclosuresResponse all, AllPages(*client, &Client::ListDisclosures, request));
  invocation.BannerFor(request.operation_id());
  invocation.printer().Print(DisclosuresView(all));
  return absl::OkStatus();
}

}  // namespace

void AddAccessCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "explain", "Why you see what you see", {"explain access united-front-2021"});
  const auto explain = std::make_shared<v1::ExplainAccessRequest>();
  CLI::App* verb =
      AddVerb(*noun, invocation, "access", "Show what an agency may see and write, and the rule that decided",
              {"explain access united-front-2021",
               "explain access united-front-2021 --agency ky-ago --object site/ky-louisville"},
              [&invocation, explain] { return Explain(invocation, *explain); });
  AddOperationId(verb, explain->mutable_operation_id());
  AddText(verb, "--agency", explain->mutable_agency_id(), "About this agency, for the lead and the auditor");
  AddText(verb, "--object", explain->mutable_object(),
          "One class or object: plan/SECTION, site/ID, activity/ID, tally/ID, release/ID, conflict/ID");

  const auto disclosures = std::make_shared<v1::ListDisclosuresRequest>();
  verb = AddVerb(app, invocation, "disclosures", "List what of yours was told to other agencies, when and why",
                 {"disclosures united-front-2021", "disclosures -o csv"},
                 [&invocation, disclosures] { return Disclosures(invocation, *disclosures); });
  AddText(verb, "OPERATION", disclosures->mutable_operation_id(),
          "The operation's id; without it, those of activities of no operation");
}

}  // namespace muster::cli
