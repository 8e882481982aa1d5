#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/readiness_view.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

absl::Status Board(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(const v1::GetReadinessBoardResponse response, ReadBoard(invocation, operation_id));
  // Only for the sites' clocks: without them the board is still worth showing.
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetOperationRequest request;
  request.set_operation_id(operation_id);
  std::vector<v1::Site> sites;
  if (const absl::StatusOr<v1::GetOperationResponse> operation = client->GetOperation(request); operation.ok()) {
    sites.assign(operation->operation().sites().begin(), operation->operation().sites().end());
  }
  invocation.printer().Print(BoardView(response, sites, SystemClock()->Now()));
  return absl::OkStatus();
}

// READY is said for a plan version: the one that the agency sees now, which the broker holds against what it has
// acknowledged.
absl::Status FillPlan(Invocation& invocation, v1::ReportReadiness* body) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetPlanRequest request;
  request.set_operation_id(body->operation_id());
  MUSTER_ASSIGN_OR_RETURN(const v1::GetPlanResponse current, client->GetPlan(request));
  body->set_plan_version(current.plan().version());
  body->set_plan_content_sha256(current.plan().content_sha256());
  invocation.printer().Progress(
      absl::StrCat("plan version ", body->plan_version(), ", sha256 ", body->plan_content_sha256()));
  return absl::OkStatus();
}

absl::Status Report(Invocation& invocation, v1::ReportReadiness body) {
  if ((body.plan_version() == 0) != body.plan_content_sha256().empty()) {
    return UsageError("--plan-version and --sha256 go together; without both, the current version is meant");
  }
  if (body.status() == v1::READINESS_STATUS_NOT_READY && body.reason().empty()) {
    return UsageError("not-ready needs a --reason");
  }
  MUSTER_RETURN_IF_ERROR(FillEpoch(invocation, &body));
  if (body.status() == v1::READINESS_STATUS_READY && body.plan_version() == 0) {
    MUSTER_RETURN_IF_ERROR(FillPlan(invocation, &body));
  }
  return Change(invocation, body, &Client::ReportReadiness,
                absl::StrCat("site ", body.site_id(), " is ", Label(body.status())));
}

absl::Status Waive(Invocation& invocation, v1::WaiveReadiness body) {
  MUSTER_RETURN_IF_ERROR(FillEpoch(invocation, &body));
  return Change(invocation, body, &Client::WaiveReadiness, absl::StrCat("GO does not wait for ", body.site_id()));
}

absl::Status AcknowledgeGo(Invocation& invocation, v1::AcknowledgeGo body) {
  MUSTER_RETURN_IF_ERROR(FillEpoch(invocation, &body));
  return Change(invocation, body, &Client::AcknowledgeGo, absl::StrCat("site ", body.site_id(), " has GO"));
}

void AddSetHHour(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::SetHHour>();
  CLI::App* verb = AddVerb(
      noun, invocation, "set-h-hour", "Set or move the H-hour; moving it voids every READY, GO, HOLD and waiver",
      {"readiness set-h-hour united-front-2021 2021-08-26T22:00:00-05:00",
       "readiness set-h-hour united-front-2021 2021-08-27T04:00:00Z --reason \"warrants are late\""},
      [&invocation, body] {
        return Change(invocation, *body, &Client::SetHHour,
                      absl::StrCat("H-hour is ", TimeText(body->h_hour()), "; every site must report READY for it"));
      });
  AddOperationId(verb, body->mutable_operation_id());
  AddTime(
      verb, "TIME", [body] { return body->mutable_h_hour(); }, "The moment, with its zone")
      ->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record");
}

void AddReport(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::ReportReadiness>();
  CLI::App* verb = AddVerb(
      noun, invocation, "report", "Say where your agency stands at a site: ready, not-ready, executing, complete",
      {"readiness report united-front-2021 ky-louisville ready",
       "readiness report united-front-2021 ky-louisville not-ready --reason \"no K-9 until 21:30\""},
      [&invocation, body] { return Report(invocation, *body); });
  AddOperationId(verb, body->mutable_operation_id());
  AddText(verb, "SITE", body->mutable_site_id(), "The site")->required();
  AddEnum<v1::ReadinessStatus>(
      verb, "STATUS", [body](v1::ReadinessStatus status) { body->set_status(status); }, "Where it stands")
      ->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why it is not ready");
  AddNumber(
      verb, "--plan-version", [body](uint32_t version) { body->set_plan_version(version); },
      "Ready for this version, with --sha256; by default for the one you see now");
  AddText(verb, "--sha256", body->mutable_plan_content_sha256(), "The hash of what was acknowledged");
  AddEpoch(verb, body.get());
}

void AddWaive(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::WaiveReadiness>();
  CLI::App* verb =
      AddVerb(noun, invocation, "waive", "Let GO go without a site that is not ready; somebody answers for it by name",
              {"readiness waive united-front-2021 ky-paducah --approver \"Col. Poe\" --reason \"covered by Mayfield\""},
              [&invocation, body] { return Waive(invocation, *body); });
  AddOperationId(verb, body->mutable_operation_id());
  AddText(verb, "SITE", body->mutable_site_id(), "The site")->required();
  AddText(verb, "--approver", body->mutable_approver_name(), "Who answers for it")->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record")->required();
  AddEpoch(verb, body.get());
}

void AddAcknowledgeGo(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::AcknowledgeGo>();
  CLI::App* verb = AddVerb(noun, invocation, "acknowledge-go", "Say that a site has received GO",
                           {"readiness acknowledge-go united-front-2021 ky-louisville"},
                           [&invocation, body] { return AcknowledgeGo(invocation, *body); });
  AddOperationId(verb, body->mutable_operation_id());
  AddText(verb, "SITE", body->mutable_site_id(), "The site")->required();
  AddEpoch(verb, body.get());
}

}  // namespace

void AddReadinessCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun =
      AddNoun(app, "readiness", "Who is ready for which H-hour",
              {"readiness board united-front-2021", "readiness report united-front-2021 ky-louisville ready"});
  const auto id = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(*noun, invocation, "board", "Show every site, the H-hour on its clocks, and the GO",
                           {"readiness board united-front-2021", "readiness board united-front-2021 -o json"},
                           [&invocation, id] { return Board(invocation, *id); });
  AddOperationId(verb, id.get());
  AddSetHHour(*noun, invocation);
  AddReport(*noun, invocation);
  AddWaive(*noun, invocation);
  AddAcknowledgeGo(*noun, invocation);
}

}  // namespace muster::cli
