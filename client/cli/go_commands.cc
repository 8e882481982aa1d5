// GO, HOLD and ABORT: short words for people under stress.
#include <memory>
#include <string>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/options.h"
#include "client/cli/outbox_view.h"
#include "client/cli/readiness_view.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

// Orders that must not be believed to be in force because a command ended.
std::string NobodyKnows(absl::string_view order, const v1::SavedHere& saved) {
  return absl::StrCat("*** ", order, " HAS REACHED NOBODY YET *** ", SavedHereText(saved),
                      "; tell them by radio or telephone\n\n");
}

absl::Status Approve(Invocation& invocation, v1::ApproveGo body) {
  MUSTER_RETURN_IF_ERROR(FillEpoch(invocation, &body));
  if (body.plan_version() == 0) {
    MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
    v1::GetPlanRequest request;
    request.set_operation_id(body.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::GetPlanResponse current, client->GetPlan(request));
    body.set_plan_version(current.plan().version());
    invocation.printer().Progress(absl::StrCat("plan version ", body.plan_version()));
  }
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::ApproveGo));
  invocation.BannerFor(body.operation_id());
  const bool given = outcome.accepted().go_given();
  View view = Invocation::OutcomeView(
      outcome, given ? "GO is given" : "your approval is recorded; GO is NOT given until a second person approves",
      {{"epoch", absl::StrCat(body.epoch())}, {"approved_plan_version", absl::StrCat(body.plan_version())}});
  view.heading = given ? "*** GO ***\n\n" : "GO: not given; waiting for a second person\n\n";
  if (outcome.has_saved_here()) view.heading = NobodyKnows("YOUR APPROVAL OF GO", outcome.saved_here());
  invocation.printer().Print(view);
  return absl::OkStatus();
}

// HOLD, its end, and ABORT: of a site, or of all of them.
template <typename Body>
absl::Status Call(Invocation& invocation, Body body, ChangeCall<Body> call, const std::string& order) {
  MUSTER_RETURN_IF_ERROR(FillEpoch(invocation, &body));
  const std::string where = body.site_id().empty() ? "the whole operation" : absl::StrCat("site ", body.site_id());
  const std::string done = absl::StrCat(order, " for ", where);
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, call));
  invocation.BannerFor(body.operation_id());
  View view = Invocation::OutcomeView(outcome, done, {{"epoch", absl::StrCat(body.epoch())}});
  if (outcome.has_saved_here()) {
    view.heading =
        NobodyKnows(std::is_same_v<Body, v1::LiftHold> ? "THE END OF THE HOLD" : order, outcome.saved_here());
  }
  invocation.printer().Print(view);
  return absl::OkStatus();
}

template <typename Body>
void AddCall(CLI::App& noun, Invocation& invocation, const std::string& name, const std::string& description,
             std::initializer_list<absl::string_view> examples, ChangeCall<Body> call, const std::string& order) {
  const auto body = std::make_shared<Body>();
  CLI::App* verb = AddVerb(noun, invocation, name, description, examples,
                           [&invocation, body, call, order] { return Call(invocation, *body, call, order); });
  AddOperationId(verb, body->mutable_operation_id());
  AddText(verb, "--site", body->mutable_site_id(), "Only this site; the lead may leave it out to mean all");
  AddText(verb, "--reason", body->mutable_reason(), "Why; everybody is told")->required();
  AddEpoch(verb, body.get());
}

}  // namespace

void AddGoCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "go", "GO takes two persons of the lead", {"go approve united-front-2021"});
  const auto body = std::make_shared<v1::ApproveGo>();
  CLI::App* verb =
      AddVerb(*noun, invocation, "approve", "Approve GO as one person; the second person's approval gives it",
              {"go approve united-front-2021", "go approve united-front-2021 --epoch 2 --plan-version 3"},
              [&invocation, body] { return Approve(invocation, *body); });
  AddOperationId(verb, body->mutable_operation_id());
  AddEpoch(verb, body.get());
  AddNumber(
      verb, "--plan-version", [body](uint32_t version) { body->set_plan_version(version); },
      "Refuse if this is no longer the current version");

  noun = AddNoun(app, "hold", "Stop before or after GO, for now",
                 {"hold call united-front-2021 --reason \"officer in the wrong place\""});
  AddCall<v1::CallHold>(*noun, invocation, "call", "Call HOLD, at any time; it beats GO",
                        {"hold call united-front-2021 --reason \"officer in the wrong place\"",
                         "hold call united-front-2021 --site ky-louisville --reason \"children on the street\""},
                        &Client::CallHold, "HOLD");
  AddCall<v1::LiftHold>(*noun, invocation, "lift", "Lift the HOLD that you called; GO then takes two persons again",
                        {"hold lift united-front-2021 --reason \"all clear\""}, &Client::LiftHold, "HOLD is lifted");

  noun = AddNoun(app, "abort", "Stop for good", {"abort call united-front-2021 --reason \"the plan has leaked\""});
  AddCall<v1::CallAbort>(*noun, invocation, "call", "Call ABORT, at any time; nobody can take it back in this epoch",
                         {"abort call united-front-2021 --reason \"the plan has leaked\"",
                          "abort call united-front-2021 --site ky-louisville --reason \"shots fired\""},
                         &Client::CallAbort, "ABORT");
}

}  // namespace muster::cli
