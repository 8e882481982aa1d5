#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/acknowledgement_view.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::cli {
namespace {

absl::StatusOr<v1::GetPlanResponse> ReadPlan(Invocation& invocation, const std::string& operation_id,
                                             uint32_t version = 0) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetPlanRequest request;
  request.set_operation_id(operation_id);
  request.set_version(version);
  return client->GetPlan(request);
}

absl::Status Publish(Invocation& invocation, v1::PublishPlan body, const std::string& file) {
  MUSTER_RETURN_IF_ERROR(LoadBody(file, &body));
  return Change(invocation, body, &Client::PublishPlan, "the plan is published");
}

absl::Status Amend(Invocation& invocation, v1::AmendPlan body, const std::string& file) {
  const uint32_t base_version = body.base_version();
  MUSTER_RETURN_IF_ERROR(LoadBody(file, &body));
  if (base_version != 0) body.set_base_version(base_version);
  return Change(invocation, body, &Client::AmendPlan, "the plan is amended");
}

absl::Status Withdraw(Invocation& invocation, v1::WithdrawPlan body) {
  if (body.base_version() == 0) {
    MUSTER_ASSIGN_OR_RETURN(const v1::GetPlanResponse current, ReadPlan(invocation, body.operation_id()));
    body.set_base_version(current.plan().version());
  }
  return Change(invocation, body, &Client::WithdrawPlan,
                absl::StrCat("version ", body.base_version(), " is withdrawn"));
}

absl::Status Show(Invocation& invocation, const std::string& operation_id, uint32_t version) {
  MUSTER_ASSIGN_OR_RETURN(const v1::GetPlanResponse response, ReadPlan(invocation, operation_id, version));
  const v1::PlanView& plan = response.plan();
  View view;
  view.object = &response;
  view.heading = absl::StrCat("plan of ", EscapeForTerminal(plan.operation_id()), "  version ", plan.version(),
                              plan.withdrawn() ? "  WITHDRAWN" : "", "\nsha256 ", plan.content_sha256(), "\npublished ",
                              TimeText(plan.published_at()), "  last material change: version ",
                              plan.last_material_version(), "\n\n");
  view.table.columns = {{"section"}, {"kind"}, {"title"}, {"changed in version", /*right=*/true}, {"change"}};
  for (const v1::SectionView& section : plan.sections()) {
    view.table.rows.push_back({section.section_id(), Label(section.kind()), section.title(),
                               absl::StrCat(section.changed_in_version()),
                               section.change() == 0 ? "" : Label(section.change())});
    if (!section.body().empty()) {
      absl::StrAppend(&view.body, "\n== ", EscapeForTerminal(section.title()), "\n", section.body(), "\n");
    }
  }
  invocation.BannerFor(operation_id);
  invocation.printer().Print(view);
  return absl::OkStatus();
}

// Acknowledges exactly what it has read and shown, so that nobody acknowledges a version that came in between.
absl::Status Acknowledge(Invocation& invocation, v1::AcknowledgePlan body) {
  if ((body.version() == 0) != body.content_sha256().empty()) {
    return UsageError("--plan-version and --sha256 go together; without both, the current version is acknowledged");
  }
  if (body.version() == 0) {
    MUSTER_ASSIGN_OR_RETURN(const v1::GetPlanResponse current, ReadPlan(invocation, body.operation_id()));
    body.set_version(current.plan().version());
    body.set_content_sha256(current.plan().content_sha256());
    invocation.printer().Progress(absl::StrCat("plan version ", body.version(), ", sha256 ", body.content_sha256()));
  }
  return Change(
      invocation, body, &Client::AcknowledgePlan,
      absl::StrCat("version ", body.version(), body.rejection_reason().empty() ? " is acknowledged" : " is rejected"),
      {{"acknowledged_version", absl::StrCat(body.version())}, {"acknowledged_sha256", body.content_sha256()}});
}

absl::Status Acknowledgements(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListAcknowledgementsResponse all, ReadAcknowledgements(*client, operation_id));
  invocation.BannerFor(operation_id);
  PrintAcknowledgements(invocation, all);
  return absl::OkStatus();
}

absl::Status Wait(Invocation& invocation, const std::string& operation_id, const std::string& whom,
                  const std::string& patience_text) {
  absl::Duration patience = absl::InfiniteDuration();
  if (!patience_text.empty() && (!absl::ParseDuration(patience_text, &patience) || patience < absl::ZeroDuration())) {
    return UsageError(absl::StrCat("--for \"", patience_text, "\" is not a duration such as 90s, 15m or 2h"));
  }
  std::vector<std::string> wanted;
  if (whom != "all") wanted = absl::StrSplit(whom, ',', absl::SkipEmpty());
  if (whom != "all" && wanted.empty()) return UsageError("--acknowledged-by is `all` or a list such as ky-ago,tn-tbi");
  return WaitForAcknowledgements(invocation, operation_id, wanted, patience);
}

void AddLeadCommands(CLI::App& noun, Invocation& invocation) {
  const auto publish = std::make_shared<v1::PublishPlan>();
  const auto file = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(noun, invocation, "publish", "Publish version 1 of the plan",
                           {"plan publish united-front-2021 --file plan.toml"},
                           [&invocation, publish, file] { return Publish(invocation, *publish, *file); });
  AddOperationId(verb, publish->mutable_operation_id());
  AddText(verb, "--file", file.get(), "A v1.PublishPlan in TOML")->required();

  const auto amend = std::make_shared<v1::AmendPlan>();
  verb = AddVerb(noun, invocation, "amend", "Publish the next version",
                 {"plan amend united-front-2021 --file amendment.toml",
                  "plan amend united-front-2021 --file amendment.toml --base-version 3"},
                 [&invocation, amend, file] { return Amend(invocation, *amend, *file); });
  AddOperationId(verb, amend->mutable_operation_id());
  AddText(verb, "--file", file.get(), "A v1.AmendPlan in TOML")->required();
  verb->add_option_function<uint32_t>(
      "--base-version", [amend](uint32_t version) { amend->set_base_version(version); },
      "The version that it amends, if the file does not say");

  const auto withdraw = std::make_shared<v1::WithdrawPlan>();
  verb = AddVerb(noun, invocation, "withdraw", "Withdraw the current version",
                 {"plan withdraw united-front-2021 --reason \"leaked\""},
                 [&invocation, withdraw] { return Withdraw(invocation, *withdraw); });
  AddOperationId(verb, withdraw->mutable_operation_id());
  AddText(verb, "--reason", withdraw->mutable_reason(), "Why; goes on the record")->required();
  verb->add_option_function<uint32_t>(
      "--base-version", [withdraw](uint32_t version) { withdraw->set_base_version(version); },
      "Refuse if this is no longer the current version");
}

void AddAcknowledge(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::AcknowledgePlan>();
  CLI::App* verb = AddVerb(noun, invocation, "acknowledge", "Say that your agency has read the current version",
                           {"plan acknowledge united-front-2021",
                            "plan acknowledge united-front-2021 --reject \"no search team that night\""},
                           [&invocation, body] { return Acknowledge(invocation, *body); });
  AddOperationId(verb, body->mutable_operation_id());
  verb->add_option_function<uint32_t>(
      "--plan-version", [body](uint32_t version) { body->set_version(version); },
      "Acknowledge this version, with --sha256; refused if it is no longer current");
  AddText(verb, "--sha256", body->mutable_content_sha256(), "The hash of what was read");
  AddText(verb, "--reject", body->mutable_rejection_reason(), "The version was read and cannot be carried out: why");
}

void AddWait(CLI::App& noun, Invocation& invocation) {
  const auto id = std::make_shared<std::string>();
  const auto whom = std::make_shared<std::string>();
  const auto patience = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(noun, invocation, "wait", "Wait until agencies have acknowledged the plan",
                           {"plan wait united-front-2021 --acknowledged-by all --for 2h",
                            "plan wait united-front-2021 --acknowledged-by ky-ago,tn-tbi"},
                           [&invocation, id, whom, patience] { return Wait(invocation, *id, *whom, *patience); });
  AddOperationId(verb, id.get());
  AddText(verb, "--acknowledged-by", whom.get(), "`all`, or agencies with commas")->required();
  AddText(verb, "--for", patience.get(), "How long to wait (exit code 8 then); for ever by default");
}

}  // namespace

void AddPlanCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun = AddNoun(app, "plan", "Plans, and who has acknowledged which version",
                           {"plan show united-front-2021", "plan acknowledge united-front-2021"});
  AddLeadCommands(*noun, invocation);
  const auto id = std::make_shared<std::string>();
  const auto version = std::make_shared<uint32_t>(0);
  CLI::App* verb =
      AddVerb(*noun, invocation, "show", "Show what you may see of the current version, or of an earlier one",
              {"plan show united-front-2021", "plan show united-front-2021 --plan-version 1 -o json"},
              [&invocation, id, version] { return Show(invocation, *id, *version); });
  AddOperationId(verb, id.get());
  verb->add_option("--plan-version", *version, "The lead: an earlier one (default: the current one)");
  AddAcknowledge(*noun, invocation);
  verb = AddVerb(*noun, invocation, "acknowledgements", "List where the participants stand with the plan",
                 {"plan acknowledgements united-front-2021", "plan acknowledgements united-front-2021 -o csv"},
                 [&invocation, id] { return Acknowledgements(invocation, *id); });
  AddOperationId(verb, id.get());
  AddWait(*noun, invocation);
}

}  // namespace muster::cli
