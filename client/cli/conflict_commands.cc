#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/conflict_view.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::StatusOr<v1::GetConflictResponse> Read(Invocation& invocation, const std::string& conflict_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetConflictRequest request;
  request.set_conflict_id(conflict_id);
  return client->GetConflict(request);
}

// Prints the outcome under the banner of the conflict, whose bodies name no operation.
template <typename Body>
absl::Status ChangeConflict(Invocation& invocation, const Body& body, ChangeCall<Body> call, absl::string_view done) {
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, call));
  const absl::StatusOr<v1::GetConflictResponse> now = Read(invocation, body.conflict_id());
  if (now.ok()) invocation.printer().AllIsOf(ConflictDetailView(*now).mode);
  invocation.PrintOutcome(outcome, done);
  return absl::OkStatus();
}

absl::Status Show(Invocation& invocation, const std::string& conflict_id) {
  MUSTER_ASSIGN_OR_RETURN(const v1::GetConflictResponse response, Read(invocation, conflict_id));
  invocation.printer().Print(ConflictDetailView(response));
  return absl::OkStatus();
}

absl::Status List(Invocation& invocation, const v1::ListConflictsRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListConflictsResponse all, AllPages(*client, &Client::ListConflicts, request));
  invocation.BannerFor(request.operation_id());
  invocation.printer().Print(ConflictsView(all));
  return absl::OkStatus();
}

void AddStep(CLI::App& noun, Invocation& invocation, const std::string& name, v1::ConflictState state,
             const std::string& description, const std::string& example) {
  const auto body = std::make_shared<v1::AdvanceConflict>();
  body->set_state(state);
  CLI::App* verb = AddVerb(noun, invocation, name, description, {example}, [&invocation, body] {
    return ChangeConflict(invocation, *body, &Client::AdvanceConflict,
                          absl::StrCat("conflict ", body->conflict_id(), " is ", Label(body->state())));
  });
  AddText(verb, "CONFLICT", body->mutable_conflict_id(), "The conflict's id")->required();
  AddText(verb, "--text", body->mutable_text(), "A remark that the watch desk and the parties read");
}

void AddResolve(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::ResolveConflict>();
  CLI::App* verb = AddVerb(noun, invocation, "resolve", "End a conflict with its outcome, in writing",
                           {"conflict resolve c-17 --outcome joint --text \"KSP and TBI serve the warrant together\"",
                            "conflict resolve c-17 --outcome delay --text \"TBI moves to 23:30\""},
                           [&invocation, body] {
                             return ChangeConflict(invocation, *body, &Client::ResolveConflict,
                                                   absl::StrCat("conflict ", body->conflict_id(),
                                                                " is resolved: ", Label(body->resolution())));
                           });
  AddText(verb, "CONFLICT", body->mutable_conflict_id(), "The conflict's id")->required();
  AddEnum<v1::ConflictResolution>(
      verb, "--outcome", [body](v1::ConflictResolution outcome) { body->set_resolution(outcome); }, "What was agreed")
      ->required();
  AddText(verb, "--text", body->mutable_text(), "In words; goes on the record")->required();
}

}  // namespace

void AddConflictCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "conflict", "Activities and targets that are too close, until somebody settles it",
                           {"conflict list --open", "conflict show c-17"});
  const auto request = std::make_shared<v1::ListConflictsRequest>();
  CLI::App* verb = AddVerb(*noun, invocation, "list", "List the conflicts that you are told of",
                           {"conflict list --open", "conflict list --operation united-front-2021 -o csv"},
                           [&invocation, request] { return List(invocation, *request); });
  AddText(verb, "--operation", request->mutable_operation_id(), "Only this operation's");
  verb->add_flag_callback(
      "--open", [request] { request->set_open_only(true); }, "Without those that are over");

  const auto id = std::make_shared<std::string>();
  verb = AddVerb(*noun, invocation, "show", "Show a conflict: whom to call, by when, and what was done so far",
                 {"conflict show c-17", "conflict show c-17 -o json"},
                 [&invocation, id] { return Show(invocation, *id); });
  AddText(verb, "CONFLICT", id.get(), "The conflict's id")->required();

  AddStep(*noun, invocation, "own", v1::CONFLICT_STATE_OWNED, "Take a conflict on, for your watch desk",
          "conflict own c-17 --text \"Desk 2 has it\"");
  AddStep(*noun, invocation, "notified", v1::CONFLICT_STATE_NOTIFIED, "Say that the parties know, or that yours does",
          "conflict notified c-17");
  AddStep(*noun, invocation, "contact", v1::CONFLICT_STATE_CONTACT_MADE, "Say that the parties have spoken",
          "conflict contact c-17 --text \"Lt. Doe rang Sgt. Roe\"");
  AddResolve(*noun, invocation);
}

}  // namespace muster::cli
