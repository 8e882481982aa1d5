#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/outbox_view.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

using agent::v1::OutboxItem;
using agent::v1::OutboxItemName;

// A number is its place in the outbox; anything else a submission's id.
OutboxItemName NameOf(const std::string& text) {
  OutboxItemName name;
  uint64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) {
    name.set_number(number);
  } else {
    name.set_submission_id(text);
  }
  return name;
}

void Print(Invocation& invocation, const OutboxItem& item, absl::string_view heading) {
  View view = OutboxItemView(item, SystemClock()->Now());
  if (!heading.empty()) view.heading = absl::StrCat(heading, "\n\n");
  invocation.printer().Print(view);
}

absl::Status List(Invocation& invocation, const agent::v1::ListOutboxRequest& request) {
  MUSTER_ASSIGN_OR_RETURN(AgentClient * agent, invocation.agent());
  MUSTER_ASSIGN_OR_RETURN(const agent::v1::ListOutboxResponse outbox, agent->ListOutbox(request));
  invocation.printer().Print(OutboxView(outbox, SystemClock()->Now()));
  return absl::OkStatus();
}

absl::Status Show(Invocation& invocation, const std::string& text) {
  MUSTER_ASSIGN_OR_RETURN(AgentClient * agent, invocation.agent());
  MUSTER_ASSIGN_OR_RETURN(OutboxItem item, agent->GetOutboxItem(NameOf(text)));
  MUSTER_ASSIGN_OR_RETURN(const std::optional<absl::Duration> patience, invocation.Patience());
  if (!patience.has_value()) {
    Print(invocation, item, "");
    return absl::OkStatus();
  }
  // Who waits for the decision wants it in the exit code.
  const bool saved = item.has_submission();
  v1::Submission submission = item.submission();
  MUSTER_ASSIGN_OR_RETURN(item, invocation.AwaitItem(std::move(item)));
  if (saved) *item.mutable_submission() = std::move(submission);
  Print(invocation, item, "");
  if (item.state() == agent::v1::DELIVERY_STATE_SAVED_HERE) invocation.set_verdict(kQueued);
  return WhyNotAccepted(item);
}

absl::Status Retry(Invocation& invocation, const std::string& text) {
  MUSTER_ASSIGN_OR_RETURN(AgentClient * agent, invocation.agent());
  const OutboxItemName name = NameOf(text);
  MUSTER_ASSIGN_OR_RETURN(OutboxItem item, agent->RetryOutboxItem(name));
  const bool same = name.number() == item.number() || name.submission_id() == item.submission_id();
  const std::string heading =
      same ? absl::StrCat("outbox number ", item.number(), " is being tried now")
           : absl::StrCat("outbox number ", item.number(), " sends the same again, as a new submission");
  MUSTER_ASSIGN_OR_RETURN(item, invocation.AwaitItem(std::move(item)));
  Print(invocation, item, heading);
  if (item.state() == agent::v1::DELIVERY_STATE_SAVED_HERE) invocation.set_verdict(kQueued);
  return WhyNotAccepted(item);
}

absl::Status Drop(Invocation& invocation, const std::string& text, const std::string& reason) {
  MUSTER_ASSIGN_OR_RETURN(AgentClient * agent, invocation.agent());
  MUSTER_ASSIGN_OR_RETURN(OutboxItem item, agent->DropOutboxItem(NameOf(text), reason));
  MUSTER_ASSIGN_OR_RETURN(item, invocation.AwaitItem(std::move(item)));
  switch (item.state()) {
    case agent::v1::DELIVERY_STATE_SAVED_HERE:
      Print(invocation, item,
            "NOT DROPPED YET: an earlier attempt may have arrived, which only a broker can say; until then it is still "
            "saved here");
      invocation.set_verdict(kQueued);
      return absl::OkStatus();
    case agent::v1::DELIVERY_STATE_DROPPED:
      Print(invocation, item, absl::StrCat("outbox number ", item.number(), " is dropped and will never be applied"));
      return absl::OkStatus();
    default:
      Print(invocation, item, "TOO LATE: an earlier attempt had arrived, and what the broker decided stands");
      return absl::FailedPreconditionError(
          absl::StrCat("outbox number ", item.number(), " could not be dropped: it is ", StateText(item)));
  }
}

absl::Status AddState(agent::v1::ListOutboxRequest* request, const std::string& text) {
  MUSTER_ASSIGN_OR_RETURN(const int state, ParseEnum(agent::v1::DeliveryState_descriptor(), text));
  request->add_states(static_cast<agent::v1::DeliveryState>(state));
  return absl::OkStatus();
}

CLI::App* AddItemVerb(CLI::App& noun, Invocation& invocation, const std::string& name, const std::string& description,
                      std::initializer_list<absl::string_view> examples,
                      absl::Status (*action)(Invocation&, const std::string&)) {
  const auto item = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(noun, invocation, name, description, examples,
                           [&invocation, item, action] { return action(invocation, *item); });
  AddText(verb, "ITEM", item.get(), "Its number, or its submission id")->required();
  return verb;
}

}  // namespace

void AddOutboxCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "outbox", "What this command post has sent or still has to send, kept by its daemon",
                           {"outbox ls", "outbox show 17"});
  const auto request = std::make_shared<agent::v1::ListOutboxRequest>();
  CLI::App* verb = AddVerb(*noun, invocation, "ls", "List it, and where each item stands",
                           {"outbox ls", "outbox ls --state saved-here", "outbox ls --state rejected,dropped -o csv"},
                           [&invocation, request] { return List(invocation, *request); });
  AddParsed(
      verb, "--state", Times::kList,
      [request](const std::string& text) -> absl::Status { return AddState(request.get(), text); },
      "Only these: saved-here, accepted, rejected, dropped");
  AddItemVerb(*noun, invocation, "show", "Show an item whole, with what came of it; --wait waits for that",
              {"outbox show 17", "outbox show 17 --wait", "outbox show 0197f3e0-7a3c-7bbb-8d3f-9a0b1c2d3e4f -o json"},
              &Show);
  AddItemVerb(*noun, invocation, "retry", "Send a rejected or dropped item anew; try one that waits at once",
              {"outbox retry 17", "outbox retry 17 --wait"}, &Retry);
  const auto item = std::make_shared<std::string>();
  const auto reason = std::make_shared<std::string>();
  verb = AddVerb(*noun, invocation, "drop", "Say that an item shall not be made, unless a broker has it already",
                 {"outbox drop 17 --reason \"entered twice\"", "outbox drop 17 --reason \"wrong site\" --wait"},
                 [&invocation, item, reason] { return Drop(invocation, *item, *reason); });
  AddText(verb, "ITEM", item.get(), "Its number, or its submission id")->required();
  AddText(verb, "--reason", reason.get(), "Why; goes on the record")->required();
}

}  // namespace muster::cli
