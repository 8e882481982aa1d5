#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/decider.h"

namespace muster {
namespace {

absl::Status NotOwnSite(const std::string& site_id) {
  return Refusal(
      v1::ERROR_REASON_NOT_PERMITTED,
      absl::StrCat("site ", site_id, " is none that this agency works at; it speaks for its own sites only"));
}

}  // namespace

Decider::Decision Decider::Apply(const v1::SetHHour& body) {
  OperationRecord& operation = Operation(body.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  if (operation.phase() == v1::OPERATION_PHASE_REPORTING) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("operation ", operation.id(), " is REPORTING: its H-hour has passed and stays"));
  }
  ReadinessBoard& board = operation.readiness();
  if (board.is_given()) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("GO is in force for epoch ", board.epoch(),
                                "; call HOLD or ABORT for the whole operation first, then move the H-hour"),
                   "G3");
  }
  const BoardsBefore boards = Boards(operation);
  CancelEscalations(operation);
  board.SetHHour(body.h_hour());
  if (operation.phase() == v1::OPERATION_PHASE_EXECUTING) {
    operation.StandDown();
    TellPhase(operation);
  }
  TellBoards(operation, boards);
  return v1::Accepted();
}

absl::Status Decider::CheckEpoch(const OperationRecord& operation, uint32_t epoch) const {
  const ReadinessBoard& board = operation.readiness();
  if (board.epoch() == 0) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE, "no H-hour has been set yet; wait until the lead sets one");
  }
  if (epoch != board.epoch()) {
    return Refusal(v1::ERROR_REASON_STALE_EPOCH,
                   absl::StrCat("the H-hour has moved: it is at epoch ", board.epoch(), ", not ", epoch,
                                "; look at the new H-hour and say it again if it still holds"),
                   "G3");
  }
  if (board.is_aborted()) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("the operation is aborted for epoch ", epoch, " (", board.stop()->reason(),
                                "), which is final; only a new H-hour begins again"),
                   "G2");
  }
  return absl::OkStatus();
}

absl::StatusOr<const v1::Site*> Decider::StoppableSite(const OperationRecord& operation,
                                                       const std::string& site_id) const {
  const v1::Site* site = operation.FindSite(site_id);
  const v1::Participant& self = Self(operation);
  if (self.role() != v1::ROLE_LEAD) {
    // The same words whether or not there is such a site (rule P7).
    if (site == nullptr || !WorksAt(self, *site)) return NotOwnSite(site_id);
    return site;
  }
  if (site != nullptr) return site;
  return Refusal(v1::ERROR_REASON_NOT_FOUND,
                 absl::StrCat("site ", site_id, " is not part of the operation; name one that is"));
}

absl::StatusOr<const v1::Site*> Decider::AnsweredSite(const OperationRecord& operation,
                                                      const std::string& site_id) const {
  MUSTER_ASSIGN_OR_RETURN(const v1::Site* site, StoppableSite(operation, site_id));
  const v1::Participant* answering = AnsweringFor(operation, *site).front();
  if (Self(operation).role() != v1::ROLE_LEAD || answering->role() == v1::ROLE_LEAD) return site;
  return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                 absl::StrCat("agency ", answering->agency_id(), " works at site ", site_id,
                              " and answers for it; the lead answers only where no participant works"));
}

Decider::Decision Decider::Apply(const v1::ReportReadiness& body) {
  OperationRecord& operation = Operation(body.operation_id());
  MUSTER_ASSIGN_OR_RETURN(const v1::Site* site, AnsweredSite(operation, body.site_id()));
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  MUSTER_RETURN_IF_ERROR(CheckEpoch(operation, body.epoch()));
  MUSTER_RETURN_IF_ERROR(CheckReport(operation, *site, body));

  ReadinessBoard& board = operation.readiness();
  const ReadinessBoard::Report* before = board.FindReport(body.site_id(), agency_id());
  ReadinessBoard::Report report;
  v1::AgencyReadiness& said = *report.mutable_report();
  if (body.status() == v1::READINESS_STATUS_READY) {
    const bool same_plan = before != nullptr && before->report().plan_version() == body.plan_version();
    if (same_plan && before->report().status() == body.status() && !before->lapsed()) return v1::Accepted();
    if (same_plan && before->report().has_go_acknowledged_at()) {
      *said.mutable_go_acknowledged_at() = before->report().go_acknowledged_at();
    }
    said.set_plan_version(body.plan_version());
    report.set_lead_plan_version(operation.plan().version());
  } else if (body.status() != v1::READINESS_STATUS_NOT_READY) {
    report = *before;  // CheckReport has seen to it: GO was acknowledged.
  }
  said.set_agency_id(event_.principal().agency_id());
  said.set_status(body.status());
  said.set_epoch(body.epoch());
  said.set_reason(body.reason());
  said.set_post(event_.principal().post());
  *said.mutable_reported_at() = at_;

  const BoardsBefore boards = Boards(operation, std::set<std::string>{body.site_id()});
  board.Record(body.site_id(), std::move(report));
  TellBoards(operation, boards);
  return v1::Accepted();
}

absl::Status Decider::CheckReport(const OperationRecord& operation, const v1::Site& site,
                                  const v1::ReportReadiness& body) const {
  const ReadinessBoard& board = operation.readiness();
  for (const auto& [agency, stop] : board.StopsAt(site.site_id())) {
    if (!stop.aborted()) continue;
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("site ", site.site_id(), " is aborted for epoch ", body.epoch(),
                                ", which nobody can undo; wait for the next H-hour"),
                   "G4");
  }
  switch (body.status()) {
    case v1::READINESS_STATUS_NOT_READY:
      if (!body.reason().empty()) return absl::OkStatus();
      return Refusal(v1::ERROR_REASON_MALFORMED, "report_readiness.reason: is missing; say why the site is not ready");
    case v1::READINESS_STATUS_READY:
      return CheckReady(operation, body);
    case v1::READINESS_STATUS_EXECUTING:
    case v1::READINESS_STATUS_COMPLETE:
      break;
    default:
      return Refusal(v1::ERROR_REASON_MALFORMED,
                     "report_readiness.status: is none that is reported, wanted is NOT_READY, READY, EXECUTING or "
                     "COMPLETE");
  }
  const ReadinessBoard::Report* before = board.FindReport(site.site_id(), agency_id());
  if (before == nullptr || !before->report().has_go_acknowledged_at()) {
    return Refusal(v1::ERROR_REASON_NOT_READY,
                   absl::StrCat("this agency has not acknowledged GO at site ", site.site_id(),
                                " since it was last given; acknowledge GO first"),
                   "G1");
  }
  if (body.status() == v1::READINESS_STATUS_EXECUTING && operation.plan().is_withdrawn()) {
    return Refusal(v1::ERROR_REASON_PLAN_WITHDRAWN, "the plan has been withdrawn and cannot be executed", "P5");
  }
  const v1::Participant& self = Self(operation);
  const bool is_stale =
      operation.plan().ReachOf(self).last_material_version > OwnVersion(operation, self, board.order_plan_version());
  if (body.status() == v1::READINESS_STATUS_EXECUTING && is_stale) {
    return Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION,
                   "the plan has changed materially since GO was given; do not act on it: read the new version and ask "
                   "the lead for a new H-hour and GO",
                   "P4");
  }
  return absl::OkStatus();
}

absl::Status Decider::CheckReady(const OperationRecord& operation, const v1::ReportReadiness& body) const {
  if (operation.phase() == v1::OPERATION_PHASE_REPORTING) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE, "the operation is REPORTING: the time to be READY has passed");
  }
  const v1::Participant& self = Self(operation);
  const PlanBook::Reach reach = operation.plan().ReachOf(self);
  if (reach.version == 0) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   "there is no plan that this agency may read, so none that it can be ready for; wait for one", "P3");
  }
  if (operation.plan().is_withdrawn()) {
    return Refusal(v1::ERROR_REASON_PLAN_WITHDRAWN,
                   "the plan has been withdrawn and nobody can be ready for it; wait for the next version", "P5");
  }
  if (body.plan_version() != reach.version || body.plan_content_sha256() != reach.content_sha256) {
    return Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION,
                   absl::StrCat("READY is for the plan at version ", reach.version,
                                " and its hash as this agency reads it, not for version ", body.plan_version(),
                                " or another hash; read it again, acknowledge it, and report anew"),
                   "P3");
  }
  if (self.role() == v1::ROLE_LEAD ||
      operation.plan().StandingOf(self).status() == v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED) {
    return absl::OkStatus();
  }
  return Refusal(v1::ERROR_REASON_NOT_READY,
                 absl::StrCat("this agency has not acknowledged version ", reach.version,
                              " of the plan; acknowledge it, then report READY"),
                 "P4");
}

Decider::Decision Decider::Apply(const v1::WaiveReadiness& body) {
  OperationRecord& operation = Operation(body.operation_id());
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  MUSTER_ASSIGN_OR_RETURN(const v1::Site* site, StoppableSite(operation, body.site_id()));
  MUSTER_RETURN_IF_ERROR(CheckEpoch(operation, body.epoch()));
  const v1::ReadinessStatus status = StatusOf(operation, *site);
  if (status >= v1::READINESS_STATUS_READY && status <= v1::READINESS_STATUS_COMPLETE) {
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                   absl::StrCat("site ", body.site_id(), " is READY and needs no waiver"), "G1");
  }
  ReadinessBoard::Waiver waiver;
  waiver.plan_version = operation.plan().version();
  waiver.waiver.set_site_id(body.site_id());
  waiver.waiver.set_approver_name(body.approver_name());
  waiver.waiver.set_reason(body.reason());
  *waiver.waiver.mutable_recorded_by() = event_.principal();
  *waiver.waiver.mutable_recorded_at() = at_;
  waiver.waiver.set_epoch(body.epoch());
  const BoardsBefore boards = Boards(operation, std::set<std::string>{body.site_id()});
  operation.readiness().Waive(std::move(waiver));
  TellBoards(operation, boards);
  return v1::Accepted();
}

void Decider::TellBoards(const OperationRecord& operation, const BoardsBefore& before) {
  notices_.TellEach(operation, [&](const v1::Participant& reader) -> std::optional<v1::Notice> {
    std::optional<v1::ReadinessBoard> changes = before.ChangesFor(model_.roster, operation, reader);
    if (!changes.has_value()) return std::nullopt;
    v1::Notice notice;
    *notice.mutable_readiness() = *std::move(changes);
    return notice;
  });
}

void Decider::ReviewBoards(OperationRecord* operation, const BoardsBefore& before) {
  ReviewReadiness(operation);
  TellBoards(*operation, before);
}

void Decider::TellOwnBoard(const OperationRecord& operation, const v1::Participant& participant) {
  if (!SeesBoard(participant) || operation.readiness().epoch() == 0) return;
  v1::Notice notice;
  *notice.mutable_readiness() = ViewBoard(model_.roster, operation, participant);
  notices_.TellOf(operation, {participant.agency_id()}, std::move(notice));
}

}  // namespace muster
