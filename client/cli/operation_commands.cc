#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/report_command.h"
#include "client/cli/text.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::cli {
namespace {

// ID:NAME:STATE[:TIME_ZONE]; the name may hold no colon.
absl::StatusOr<v1::Site> ParseSite(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() < 3 || parts.size() > 4) {
    return UsageError(absl::StrCat("--site \"", text, "\" is not ID:NAME:STATE or ID:NAME:STATE:TIME_ZONE"));
  }
  v1::Site site;
  site.set_site_id(parts[0]);
  site.set_name(parts[1]);
  site.set_state(parts[2]);
  if (parts.size() == 4) site.set_time_zone(parts[3]);
  return site;
}

absl::Status Create(Invocation& invocation, v1::CreateOperation body, const std::string& file,
                    const std::vector<std::string>& sites) {
  if (!file.empty()) MUSTER_RETURN_IF_ERROR(LoadTomlFile(file, &body));
  for (const std::string& text : sites) {
    MUSTER_ASSIGN_OR_RETURN(*body.add_sites(), ParseSite(text));
  }
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::CreateOperation));
  invocation.printer().AllIsOf(body.operation().mode());
  invocation.PrintOutcome(outcome, absl::StrCat("operation ", body.operation().operation_id(), " exists with ",
                                                body.sites_size(), " sites; you lead it"));
  return absl::OkStatus();
}

absl::Status List(Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListOperationsResponse all,
                          AllPages(*client, &Client::ListOperations, v1::ListOperationsRequest()));
  View view;
  view.object = &all;
  view.is_list = true;
  view.table.columns = {{"operation"}, {"code name"}, {"mode"}, {"phase"}, {"lead"}, {"window start"}, {"window end"}};
  for (const v1::OperationView& operation : all.operations()) {
    view.items.push_back(&operation);
    invocation.printer().Banner(operation.operation().mode());
    view.table.rows.push_back({operation.operation().operation_id(), operation.operation().code_name(),
                               Label(operation.operation().mode()), Label(operation.phase()),
                               operation.lead_agency_id(), TimeText(operation.operation().window().start()),
                               TimeText(operation.operation().window().end())});
  }
  invocation.printer().Print(view);
  return absl::OkStatus();
}

absl::Status Show(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetOperationRequest request;
  request.set_operation_id(operation_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::GetOperationResponse response, client->GetOperation(request));
  const v1::OperationView& operation = response.operation();
  View view;
  view.object = &response;
  view.mode = operation.operation().mode();
  view.table.columns = {{"field"}, {"value"}};
  view.table.rows = {{"operation", operation.operation().operation_id()},
                     {"code name", operation.operation().code_name()},
                     {"mode", Label(operation.operation().mode())},
                     {"phase", Label(operation.phase())},
                     {"lead", operation.lead_agency_id()},
                     {"window start", TimeText(operation.operation().window().start())},
                     {"window end", TimeText(operation.operation().window().end())},
                     {"created", TimeText(operation.created_at())},
                     {"cursor", CursorText(response.cursor())}};
  Table sites = {.columns = {{"site"}, {"name"}, {"state"}, {"time zone"}, {"for GO"}}, .rows = {}};
  for (const v1::Site& site : operation.sites()) {
    sites.rows.push_back({site.site_id(), site.name(), site.state(), site.time_zone(),
                          site.optional_for_go() ? "optional" : "required"});
  }
  Table participants = {.columns = {{"participant"}, {"role"}, {"sites"}}, .rows = {}};
  for (const v1::Participant& participant : operation.participants()) {
    participants.rows.push_back(
        {participant.agency_id(), Label(participant.role()), absl::StrJoin(participant.site_ids(), ", ")});
  }
  if (!operation.operation().description().empty()) {
    absl::StrAppend(&view.body, "\n", operation.operation().description(), "\n");
  }
  if (!sites.rows.empty()) absl::StrAppend(&view.body, "\n", RenderTable(sites));
  if (!participants.rows.empty()) absl::StrAppend(&view.body, "\n", RenderTable(participants));
  invocation.printer().Print(view);
  return absl::OkStatus();
}

absl::Status ShowPresence(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::ListPresenceRequest request;
  request.set_operation_id(operation_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::ListPresenceResponse all,
                          AllPages(*client, &Client::ListPresence, std::move(request)));
  invocation.BannerFor(operation_id);
  View view;
  view.object = &all;
  view.is_list = true;
  view.heading = absl::StrCat("as the broker sees it at ", TimeText(all.at()), ", which has counted since ",
                              TimeText(all.counted_since()), "\n\n");
  view.table.columns = {{"agency"}, {"connected"}, {"feeds", /*right=*/true}, {"since"}, {"last heard"}};
  for (const v1::Presence& one : all.presence()) {
    view.items.push_back(&one);
    const bool connected = one.open_feeds() > 0;
    view.table.rows.push_back(
        {one.agency_id(), connected ? "yes" : "NO", absl::StrCat(one.open_feeds()),
         connected ? TimeText(one.connected_since()) : "",
         one.has_last_heard_at() ? TimeText(one.last_heard_at()) : "not since the broker started"});
  }
  invocation.printer().Print(view);
  return absl::OkStatus();
}

void AddCreate(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::CreateOperation>();
  const auto file = std::make_shared<std::string>();
  const auto sites = std::make_shared<std::vector<std::string>>();
  CLI::App* verb =
      AddVerb(noun, invocation, "create", "Create an operation that your agency leads",
              {"operation create --file operation.toml",
               "operation create autumn-drill --code-name \"Autumn Drill\" --mode exercise --from 2026-10-01T12:00:00Z "
               "--to 2026-10-02T12:00:00Z --site stl:\"St. Louis\":MO"},
              [&invocation, body, file, sites] { return Create(invocation, *body, *file, *sites); });
  v1::Operation* operation = body->mutable_operation();
  AddText(verb, "OPERATION", operation->mutable_operation_id(), "Its id");
  AddText(verb, "--code-name", operation->mutable_code_name(), "Its code name");
  AddEnum<v1::OperationMode>(
      verb, "--mode", [operation](v1::OperationMode mode) { operation->set_mode(mode); }, "Its mode");
  AddTime(
      verb, "--from", [operation] { return operation->mutable_window()->mutable_start(); }, "Start of the window");
  AddTime(
      verb, "--to", [operation] { return operation->mutable_window()->mutable_end(); }, "End of the window");
  AddText(verb, "--description", operation->mutable_description(), "What it is about");
  verb->add_option_function<uint32_t>(
      "--small-cell-threshold", [operation](uint32_t k) { operation->set_small_cell_threshold(k); },
      "Published victim counts from 1 to one less are suppressed (default 11)");
  verb->add_option("--site", *sites, "A site as ID:NAME:STATE[:TIME_ZONE]; may be repeated");
  AddText(verb, "--file", file.get(), "A v1.CreateOperation in TOML instead of flags");
}

void AddAddSite(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::AddSite>();
  CLI::App* verb = AddVerb(
      noun, invocation, "add-site", "Add a site",
      {"operation add-site united-front-2021 ky-louisville --name Louisville --state KY"}, [&invocation, body] {
        return Change(invocation, *body, &Client::AddSite, absl::StrCat("site ", body->site().site_id(), " is added"));
      });
  AddOperationId(verb, body->mutable_operation_id());
  v1::Site* site = body->mutable_site();
  AddText(verb, "SITE", site->mutable_site_id(), "Its id")->required();
  AddText(verb, "--name", site->mutable_name(), "Its name")->required();
  AddText(verb, "--state", site->mutable_state(), "USPS abbreviation")->required();
  AddText(verb, "--time-zone", site->mutable_time_zone(), "Such as America/Chicago");
  verb->add_flag_callback(
      "--optional-for-go", [site] { site->set_optional_for_go(true); }, "GO does not wait for it");
  AddTexts(verb, "--exclude", site->mutable_excluded_agency_ids(),
           "Participants who must not learn of it, with commas");
}

void AddParticipantCommands(CLI::App& noun, Invocation& invocation) {
  const auto set = std::make_shared<v1::SetParticipant>();
  CLI::App* verb = AddVerb(
      noun, invocation, "set-participant", "Add a participant, or replace its role and sites",
      {"operation set-participant united-front-2021 ky-ago --role participant --sites ky-louisville,ky-lexington"},
      [&invocation, set] {
        return Change(
            invocation, *set, &Client::SetParticipant,
            absl::StrCat(set->participant().agency_id(), " takes part as ", Label(set->participant().role())));
      });
  AddOperationId(verb, set->mutable_operation_id());
  v1::Participant* participant = set->mutable_participant();
  AddText(verb, "AGENCY", participant->mutable_agency_id(), "The agency's id")->required();
  AddEnum<v1::Role>(
      verb, "--role", [participant](v1::Role role) { participant->set_role(role); }, "Its role")
      ->required();
  AddTexts(verb, "--sites", participant->mutable_site_ids(), "The sites where it works, with commas");

  const auto remove = std::make_shared<v1::RemoveParticipant>();
  verb =
      AddVerb(noun, invocation, "remove-participant", "From now on, send an agency nothing more of the operation",
              {"operation remove-participant united-front-2021 ky-ago --reason \"withdrew\""}, [&invocation, remove] {
                return Change(invocation, *remove, &Client::RemoveParticipant,
                              absl::StrCat(remove->agency_id(), " no longer takes part"));
              });
  AddOperationId(verb, remove->mutable_operation_id());
  AddText(verb, "AGENCY", remove->mutable_agency_id(), "The agency's id")->required();
  AddText(verb, "--reason", remove->mutable_reason(), "Why; goes on the record")->required();
}

void AddSetPhase(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::SetOperationPhase>();
  CLI::App* verb = AddVerb(
      noun, invocation, "set-phase", "Move the operation on: planning, armed, executing, reporting, closed; or aborted",
      {"operation set-phase united-front-2021 armed"}, [&invocation, body] {
        return Change(invocation, *body, &Client::SetOperationPhase, absl::StrCat("phase ", Label(body->phase())));
      });
  AddOperationId(verb, body->mutable_operation_id());
  AddEnum<v1::OperationPhase>(
      verb, "PHASE", [body](v1::OperationPhase phase) { body->set_phase(phase); }, "The new phase")
      ->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record");
}

}  // namespace

void AddOperationCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "operation", "Operations, their sites and participants",
                           {"operation list", "operation show united-front-2021"});
  AddCreate(*noun, invocation);
  AddVerb(*noun, invocation, "list", "List the operations that you take part in",
          {"operation list", "operation list -o jsonl"}, [&invocation] { return List(invocation); });
  const auto id = std::make_shared<std::string>();
  CLI::App* show = AddVerb(*noun, invocation, "show", "Show an operation as you may see it",
                           {"operation show united-front-2021", "operation show united-front-2021 -o json"},
                           [&invocation, id] { return Show(invocation, *id); });
  AddOperationId(show, id.get());
  CLI::App* presence =
      AddVerb(*noun, invocation, "presence", "Show who is connected, and how long the others are silent",
              {"operation presence united-front-2021", "operation presence united-front-2021 -o csv"},
              [&invocation, id] { return ShowPresence(invocation, *id); });
  AddOperationId(presence, id.get());
  AddAddSite(*noun, invocation);
  AddParticipantCommands(*noun, invocation);
  AddSetPhase(*noun, invocation);
  AddReportCommand(*noun, invocation);
}

}  // namespace muster::cli
