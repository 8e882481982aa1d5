// The readiness steps of a replay: H-hour, READY, GO, and COMPLETE.
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/demo/rounds.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

using config::v1::ScenarioHoldout;

// An agency that works at a site.
struct SiteAgency {
  std::string agency_id;
  std::string site_id;
};

bool IsWaived(const Scenario& scenario, const std::string& site_id) {
  return absl::c_any_of(scenario.readiness.waivers(),
                        [&](const v1::WaiveReadiness& waiver) { return waiver.site_id() == site_id; });
}

bool HoldsOut(const Scenario& scenario, const SiteAgency& at) {
  return absl::c_any_of(scenario.readiness.holdouts(), [&](const ScenarioHoldout& holdout) {
    return holdout.agency_id() == at.agency_id && holdout.site_id() == at.site_id;
  });
}

// Everyone who must be ready: participants at sites that are not waived.
std::vector<SiteAgency> SiteAgencies(const Scenario& scenario) {
  std::vector<SiteAgency> agencies;
  for (const v1::Participant& participant : scenario.participants) {
    if (participant.role() != v1::ROLE_PARTICIPANT) continue;
    for (const std::string& site_id : participant.site_ids()) {
      if (!IsWaived(scenario, site_id)) agencies.push_back({participant.agency_id(), site_id});
    }
  }
  return agencies;
}

absl::StatusOr<v1::ReadinessBoard> ReadBoard(Replay& replay) {
  v1::GetReadinessBoardRequest request;
  request.set_operation_id(replay.scenario.operation_id());
  MUSTER_ASSIGN_OR_RETURN(v1::GetReadinessBoardResponse response, replay.lead().GetReadinessBoard(request));
  return std::move(*response.mutable_board());
}

size_t CountSites(const v1::ReadinessBoard& board, v1::ReadinessStatus status) {
  return static_cast<size_t>(
      absl::c_count_if(board.sites(), [&](const v1::SiteReadiness& site) { return site.status() == status; }));
}

// So that an audience sees sites change one after the other.
constexpr absl::Duration kBetweenReports = absl::Milliseconds(400);

// Every agency's report for its site: EXECUTING, COMPLETE.
absl::Status ReportAll(v1::ReadinessStatus status, uint32_t epoch, Replay& replay) {
  for (const SiteAgency& at : SiteAgencies(replay.scenario)) {
    v1::ReportReadiness report;
    report.set_operation_id(replay.scenario.operation_id());
    report.set_site_id(at.site_id);
    report.set_status(status);
    report.set_epoch(epoch);
    const absl::Status reported = replay.client(at.agency_id).ReportReadiness(std::move(report)).status();
    MUSTER_RETURN_IF_ERROR(While(absl::StrCat(at.agency_id, " reporting for ", at.site_id), reported));
    replay.pace.Hold(kBetweenReports);
  }
  return absl::OkStatus();
}

// One instant as the clocks on the walls of the sites show it (rule G5).
std::string InZones(const google::protobuf::Timestamp& at, const Scenario& scenario) {
  std::string text;
  std::vector<std::string> zones;
  for (const v1::Site& site : scenario.creation.sites()) {
    absl::TimeZone zone;
    if (absl::c_linear_search(zones, site.time_zone()) || !absl::LoadTimeZone(site.time_zone(), &zone)) continue;
    zones.push_back(site.time_zone());
    absl::StrAppend(&text, text.empty() ? "" : " = ", absl::FormatTime("%H:%M %Z", FromProto(at), zone));
  }
  return text;
}

class GoRound {
 public:
  explicit GoRound(Replay& replay) : replay_(replay), scenario_(replay.scenario) {}

  absl::StatusOr<Findings> Run() {
    MUSTER_RETURN_IF_ERROR(While("setting the H-hour", SetHHour()));
    replay_.pace.Hold(absl::Seconds(3));
    MUSTER_RETURN_IF_ERROR(ReportReady());
    for (const v1::WaiveReadiness& waiver : scenario_.readiness.waivers()) {
      MUSTER_RETURN_IF_ERROR(While(absl::StrCat("waiving ", waiver.site_id()), Waive(waiver)));
    }
    JudgeRefusal(Approve(scenario_.operators[0].posts(0)).status());
    replay_.pace.Hold(absl::Seconds(4));
    for (const ScenarioHoldout& holdout : scenario_.readiness.holdouts()) {
      MUSTER_RETURN_IF_ERROR(Report({holdout.agency_id(), holdout.site_id()}, ""));
    }
    replay_.pace.Hold(absl::Seconds(2));
    MUSTER_RETURN_IF_ERROR(ApproveByTwo());
    replay_.pace.Hold(absl::Seconds(3));
    MUSTER_RETURN_IF_ERROR(AcknowledgeGo());
    MUSTER_RETURN_IF_ERROR(ReportAll(v1::READINESS_STATUS_EXECUTING, epoch_, replay_));
    MUSTER_ASSIGN_OR_RETURN(const v1::ReadinessBoard board, ReadBoard(replay_));
    const auto waivers = absl::c_count_if(board.sites(), [](const v1::SiteReadiness& site) {
      return site.has_waiver() && !site.waiver().approver_name().empty();
    });
    findings_.Count("waivers", "sites waived by name", static_cast<uint64_t>(scenario_.readiness.waivers_size()),
                    static_cast<uint64_t>(waivers));
    findings_.Check("phase that GO brings", "EXECUTING",
                    v1::OperationPhase_Name(board.phase()).substr(sizeof("OPERATION_PHASE_") - 1));
    findings_.Check("sites executing", absl::StrCat(board.sites_size() - scenario_.readiness.waivers_size()),
                    absl::StrCat(CountSites(board, v1::READINESS_STATUS_EXECUTING)));
    return std::move(findings_);
  }

 private:
  absl::Status SetHHour() {
    replay_.progress.Step(absl::StrCat("H-hour ", InZones(scenario_.readiness.h_hour(), scenario_)));
    v1::SetHHour change;
    change.set_operation_id(scenario_.operation_id());
    *change.mutable_h_hour() = scenario_.readiness.h_hour();
    MUSTER_RETURN_IF_ERROR(replay_.lead().SetHHour(std::move(change)).status());
    MUSTER_ASSIGN_OR_RETURN(const v1::ReadinessBoard board, ReadBoard(replay_));
    epoch_ = board.h_hour().epoch();
    v1::GetPlanRequest request;
    request.set_operation_id(scenario_.operation_id());
    MUSTER_ASSIGN_OR_RETURN(const v1::GetPlanResponse plan, replay_.lead().GetPlan(request));
    plan_version_ = plan.plan().version();
    return absl::OkStatus();
  }

  // READY from everyone but those that hold out.
  absl::Status ReportReady() {
    size_t ready = 0;
    for (const SiteAgency& at : SiteAgencies(scenario_)) {
      if (HoldsOut(scenario_, at)) continue;
      MUSTER_RETURN_IF_ERROR(Report(at, ""));
      replay_.pace.Hold(kBetweenReports);
      replay_.progress.Update(absl::StrCat(++ready, " READY; the latest ", at.agency_id, " at ", at.site_id));
    }
    for (const ScenarioHoldout& holdout : scenario_.readiness.holdouts()) {
      MUSTER_RETURN_IF_ERROR(Report({holdout.agency_id(), holdout.site_id()}, holdout.reason()));
    }
    return absl::OkStatus();
  }

  // READY for the plan as the agency reads it, or why not.
  absl::Status Report(const SiteAgency& at, const std::string& why_not) {
    Client& client = replay_.client(at.agency_id);
    v1::ReportReadiness report;
    report.set_operation_id(scenario_.operation_id());
    report.set_site_id(at.site_id);
    report.set_epoch(epoch_);
    report.set_reason(why_not);
    report.set_status(why_not.empty() ? v1::READINESS_STATUS_READY : v1::READINESS_STATUS_NOT_READY);
    if (why_not.empty()) {
      v1::GetPlanRequest request;
      request.set_operation_id(scenario_.operation_id());
      MUSTER_ASSIGN_OR_RETURN(const v1::GetPlanResponse plan, client.GetPlan(request));
      report.set_plan_version(plan.plan().version());
      report.set_plan_content_sha256(plan.plan().content_sha256());
    }
    const absl::Status status = client.ReportReadiness(std::move(report)).status();
    return While(absl::StrCat(at.agency_id, " reporting readiness of ", at.site_id), status);
  }

  absl::Status Waive(v1::WaiveReadiness waiver) {
    waiver.set_operation_id(scenario_.operation_id());
    waiver.set_epoch(epoch_);
    replay_.progress.Say(absl::StrCat("waived: ", waiver.site_id(), ", by ", waiver.approver_name()));
    return replay_.lead().WaiveReadiness(std::move(waiver)).status();
  }

  absl::StatusOr<v1::Outcome> Approve(const std::string& post) {
    v1::ApproveGo approval;
    approval.set_operation_id(scenario_.operation_id());
    approval.set_epoch(epoch_);
    approval.set_plan_version(plan_version_);
    return replay_.lead_post(post).ApproveGo(std::move(approval));
  }

  // The first asking: it names each site that is not ready, and no other.
  void JudgeRefusal(const absl::Status& status) {
    replay_.progress.Say(absl::StrCat("GO asked for: ", RefusalInWords(status), ". ", RejectedOf(status).message()));
    findings_.Count("go_refused", "GO refused while a site is not ready", 1, status.ok() ? 0 : 1);
    findings_.Check("  and why", "NOT_READY (rule G1)", RefusalInWords(status));
    size_t named = 0;
    for (const v1::Site& site : scenario_.creation.sites()) {
      if (absl::StrContains(RejectedOf(status).message(), site.site_id())) ++named;
    }
    findings_.Check("  sites that the refusal names", absl::StrCat(scenario_.readiness.holdouts_size()),
                    absl::StrCat(named));
  }

  // One person, the same person with another certificate, another person.
  absl::Status ApproveByTwo() {
    const config::v1::ScenarioOperator& first = scenario_.operators[0];
    const config::v1::ScenarioOperator& second = scenario_.operators[1];
    const absl::StatusOr<v1::Outcome> one = Approve(first.posts(0));
    MUSTER_RETURN_IF_ERROR(While("approving GO", one.status()));
    findings_.Check("GO given by one person", "no", one->accepted().go_given() ? "yes" : "no");
    replay_.pace.Hold(absl::Seconds(4));
    const absl::Status again = Approve(first.posts(1)).status();
    replay_.progress.Say(absl::StrCat("GO approved by ", first.name(),
                                      ", and with the same person's other certificate: ", RefusalInWords(again)));
    findings_.Check("GO by the same person's other certificate", "NOT_PERMITTED (rule G1)", RefusalInWords(again));
    const absl::StatusOr<v1::Outcome> two = Approve(second.posts(0));
    MUSTER_RETURN_IF_ERROR(While("approving GO as the second person", two.status()));
    replay_.progress.Say(absl::StrCat("GO approved by ", second.name(), two->accepted().go_given() ? ": GO" : ""));
    findings_.Count("go_given", "GO given by two persons", 1, two->accepted().go_given() ? 1 : 0);
    return absl::OkStatus();
  }

  absl::Status AcknowledgeGo() {
    for (const SiteAgency& at : SiteAgencies(scenario_)) {
      v1::AcknowledgeGo acknowledgement;
      acknowledgement.set_operation_id(scenario_.operation_id());
      acknowledgement.set_site_id(at.site_id);
      acknowledgement.set_epoch(epoch_);
      const absl::Status status = replay_.client(at.agency_id).AcknowledgeGo(std::move(acknowledgement)).status();
      MUSTER_RETURN_IF_ERROR(While(absl::StrCat(at.agency_id, " acknowledging GO at ", at.site_id), status));
      replay_.pace.Hold(kBetweenReports);
    }
    MUSTER_ASSIGN_OR_RETURN(const v1::ReadinessBoard board, ReadBoard(replay_));
    findings_.Check("sites that acknowledged GO", absl::StrCat(board.sites_size() - scenario_.readiness.waivers_size()),
                    absl::StrCat(CountSites(board, v1::READINESS_STATUS_GO_RECEIVED)));
    return absl::OkStatus();
  }

  Replay& replay_;
  const Scenario& scenario_;
  uint32_t epoch_ = 0;
  uint32_t plan_version_ = 0;
  Findings findings_{"readiness and GO"};
};

// How often the agency's feed says that GO is given, each order once.
size_t OrdersTold(const std::vector<v1::Delivery>& feed) {
  std::vector<std::string> given_at;
  for (const v1::Delivery& delivery : feed) {
    const v1::GoOrder& order = delivery.notice().readiness().go();
    if (order.state() != v1::GO_STATE_GIVEN) continue;
    const std::string at = order.given_at().SerializeAsString();
    if (!absl::c_linear_search(given_at, at)) given_at.push_back(at);
  }
  return given_at.size();
}

}  // namespace

absl::StatusOr<Findings> RunGoRound(Replay& replay) { return GoRound(replay).Run(); }

absl::StatusOr<Findings> RunCompletionRound(Replay& replay) {
  replay.progress.Step("Every site completes; GO has come through the restart");
  Findings findings("after the restart");
  MUSTER_ASSIGN_OR_RETURN(const v1::ReadinessBoard before, ReadBoard(replay));
  findings.Check("GO after kill -9 and restart", "GIVEN",
                 v1::GoState_Name(before.go().state()).substr(sizeof("GO_STATE_") - 1));
  MUSTER_RETURN_IF_ERROR(ReportAll(v1::READINESS_STATUS_COMPLETE, before.h_hour().epoch(), replay));
  MUSTER_ASSIGN_OR_RETURN(const v1::ReadinessBoard board, ReadBoard(replay));
  findings.Check("sites complete", absl::StrCat(board.sites_size() - replay.scenario.readiness.waivers_size()),
                 absl::StrCat(CountSites(board, v1::READINESS_STATUS_COMPLETE)));
  size_t wanted = 0;
  size_t told_once = 0;
  for (const v1::Participant& participant : replay.scenario.participants) {
    if (participant.role() != v1::ROLE_PARTICIPANT) continue;
    ++wanted;
    MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::Delivery> feed, ReadFeed(participant.agency_id(), replay));
    if (OrdersTold(feed) == 1) ++told_once;
  }
  findings.Check("participants told of one GO, and no second", absl::StrCat(wanted), absl::StrCat(told_once));
  return findings;
}

}  // namespace muster
