#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/activity_flags.h"
#include "client/cli/activity_view.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/conflict_view.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/outbox_view.h"
#include "client/cli/text.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::cli {
namespace {

absl::StatusOr<v1::GetActivityResponse> Read(Invocation& invocation, const std::string& activity_id,
                                             const std::string& agency_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetActivityRequest request;
  request.set_activity_id(activity_id);
  request.set_agency_id(agency_id);
  return client->GetActivity(request);
}

void Banner(Invocation& invocation, const v1::Activity& activity) {
  invocation.printer().AllIsOf(activity.mode());
  if (activity.mode() == v1::OPERATION_MODE_UNSPECIFIED) invocation.BannerFor(activity.operation_id());
}

// The answer first, and in the exit code: a script must not take a conflict for "go ahead".
void PrintAnswer(Invocation& invocation, const v1::Outcome& outcome, const v1::Activity& activity,
                 absl::string_view done) {
  const v1::DeconflictionAnswer& answer = outcome.accepted().deconfliction();
  View view = Invocation::OutcomeView(outcome, done, {{"activity_id", activity.activity_id()}});
  view.heading = absl::StrCat(
      outcome.has_saved_here() ? absl::StrCat("NOT COMPARED WITH ANYTHING YET: ", SavedHereText(outcome.saved_here()),
                                              "; do not take it for CLEAR\n")
                               : AnswerText(answer, outcome.cursor()),
      "\n");
  // What a script reads from CSV is the answer, not its table.
  view.table.rows.push_back({"verdict", LabelIfSet(answer.verdict())});
  Banner(invocation, activity);
  invocation.printer().Print(view);
  if (outcome.has_saved_here()) return;  // Its exit code says that there is no answer.
  if (answer.verdict() == v1::DECONFLICTION_VERDICT_CLEAR) return;
  invocation.set_verdict(answer.verdict() == v1::DECONFLICTION_VERDICT_CONFLICT ? kConflict : kIndeterminate);
}

absl::Status Enter(Invocation& invocation, v1::EnterActivity body, const std::string& file,
                   const ActivityChanges& changes) {
  if (!file.empty()) {
    v1::EnterActivity from_file;
    MUSTER_RETURN_IF_ERROR(LoadTomlFile(file, &from_file));
    from_file.MergeFrom(body);  // What flags have set wins.
    body = std::move(from_file);
  }
  v1::Activity* activity = body.mutable_activity();
  MUSTER_RETURN_IF_ERROR(changes.ApplyTo(activity));
  if (activity->sensitivity() == v1::SENSITIVITY_UNSPECIFIED) activity->set_sensitivity(v1::SENSITIVITY_NORMAL);
  // Repeating a submission by hand must mean the same activity; so its id serves for both.
  if (activity->activity_id().empty()) activity->set_activity_id(invocation.submission_id());
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::EnterActivity));
  PrintAnswer(invocation, outcome, *activity, "the activity is entered");
  return absl::OkStatus();
}

absl::Status Amend(Invocation& invocation, v1::AmendActivity body, const std::string& activity_id,
                   const ActivityChanges& changes) {
  if (changes.empty()) return UsageError("say what changes, such as --start or --at");
  MUSTER_ASSIGN_OR_RETURN(const v1::GetActivityResponse current, Read(invocation, activity_id, body.agency_id()));
  *body.mutable_activity() = current.activity().activity();
  // Of those a watch desk sees the kind only; the broker leaves them as they are.
  if (current.activity().redacted()) body.mutable_activity()->clear_targets();
  MUSTER_RETURN_IF_ERROR(changes.ApplyTo(body.mutable_activity()));
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::AmendActivity));
  PrintAnswer(invocation, outcome, body.activity(), "the activity is amended");
  return absl::OkStatus();
}

absl::Status Cancel(Invocation& invocation, const v1::CancelActivity& body) {
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::CancelActivity));
  const absl::StatusOr<v1::GetActivityResponse> now = Read(invocation, body.activity_id(), body.agency_id());
  if (now.ok()) Banner(invocation, now->activity().activity());
  invocation.PrintOutcome(outcome, "the activity is cancelled; both sides of its open conflicts are told");
  return absl::OkStatus();
}

absl::Status Show(Invocation& invocation, const std::string& activity_id, const std::string& agency_id) {
  MUSTER_ASSIGN_OR_RETURN(const v1::GetActivityResponse response, Read(invocation, activity_id, agency_id));
  Banner(invocation, response.activity().activity());
  invocation.printer().Print(ActivityDetailView(response));
  return absl::OkStatus();
}

absl::Status List(Invocation& invocation, const v1::ListActivitiesRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListActivitiesResponse all, AllPages(*client, &Client::ListActivities, request));
  invocation.BannerFor(request.operation_id());
  invocation.printer().Print(ActivitiesView(all));
  return absl::OkStatus();
}

void AddEnter(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::EnterActivity>();
  const auto changes = std::make_shared<ActivityChanges>();
  const auto file = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(
      noun, invocation, "enter", "Enter a planned activity; says at once whether another is too close",
      {"activity enter --kind search-warrant --start 2021-08-26T22:00:00Z --for 3h --at 38.2527,-85.7585 --verified "
       "--contact \"Sgt. Roe\" --phone +15025550100 --operation united-front-2021 --site ky-louisville",
       "activity enter --kind surveillance --start 2021-08-26T22:00:00Z --end 2021-08-27T01:00:00Z --at "
       "38.2527,-85.7585 --radius-ft 950 --contact \"Sgt. Roe\" --phone +15025550100 --target plate=ABC123@KY "
       "--suspicion-reference KSP-2021-117",
       "activity enter --file activity.toml"},
      [&invocation, body, file, changes] { return Enter(invocation, *body, *file, *changes); });
  AddActivityFlags(verb, changes.get());
  AddText(verb, "--late-reason", body->mutable_late_entry_reason(),
          "Why it is entered less than 30 minutes before its start, or after it");
  AddText(verb, "--activity-id", body->mutable_activity()->mutable_activity_id(),
          "The activity's id (a UUIDv7); made when missing");
  AddText(verb, "--file", file.get(), "A v1.EnterActivity in TOML; flags change what it says");
}

void AddAmend(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::AmendActivity>();
  const auto id = std::make_shared<std::string>();
  const auto changes = std::make_shared<ActivityChanges>();
  CLI::App* verb = AddVerb(noun, invocation, "amend", "Change what the flags say and leave the rest; evaluated again",
                           {"activity amend 0197f3e0-... --start 2021-08-26T23:00:00Z --for 3h --reason \"moved\"",
                            "activity amend 0197f3e0-... --verified --reason \"the address has been checked\""},
                           [&invocation, body, id, changes] { return Amend(invocation, *body, *id, *changes); });
  AddText(verb, "ACTIVITY", id.get(), "The activity's id")->required();
  AddActivityFlags(verb, changes.get());
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record")->required();
  AddText(verb, "--agency", body->mutable_agency_id(), "Whose it is, for a watch desk; yours by default");
}

void AddCancel(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::CancelActivity>();
  CLI::App* verb = AddVerb(noun, invocation, "cancel", "Cancel an activity; its open conflicts end",
                           {"activity cancel 0197f3e0-... --reason \"warrant not signed\""},
                           [&invocation, body] { return Cancel(invocation, *body); });
  AddText(verb, "ACTIVITY", body->mutable_activity_id(), "The activity's id")->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record")->required();
  AddText(verb, "--agency", body->mutable_agency_id(), "Whose it is, for a watch desk; yours by default");
}

void AddReads(CLI::App& noun, Invocation& invocation) {
  const auto id = std::make_shared<std::string>();
  const auto agency = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(noun, invocation, "show", "Show an activity, and first its conflicts: whom to call",
                           {"activity show 0197f3e0-...", "activity show 0197f3e0-... --agency ky-ksp -o json"},
                           [&invocation, id, agency] { return Show(invocation, *id, *agency); });
  AddText(verb, "ACTIVITY", id.get(), "The activity's id")->required();
  AddText(verb, "--agency", agency.get(), "Whose it is; yours by default");

  const auto request = std::make_shared<v1::ListActivitiesRequest>();
  verb = AddVerb(noun, invocation, "list", "List the activities of which you may see something",
                 {"activity list", "activity list --operation united-front-2021 -o csv"},
                 [&invocation, request] { return List(invocation, *request); });
  AddText(verb, "--operation", request->mutable_operation_id(), "Only this operation's");
}

}  // namespace

void AddActivityCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "activity", "Field activities, entered for deconfliction",
                           {"activity enter --file activity.toml", "activity list --operation united-front-2021"});
  AddEnter(*noun, invocation);
  AddAmend(*noun, invocation);
  AddCancel(*noun, invocation);
  AddReads(*noun, invocation);
}

}  // namespace muster::cli
