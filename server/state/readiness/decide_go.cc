#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/access/visibility.h"
#include "server/state/decider.h"

namespace muster {
namespace {

// A refusal travels in the trailer of a call, which holds 8 KiB.
constexpr size_t kMissingBytesMax = 4000;

std::string StatusName(v1::ReadinessStatus status) {
  return v1::ReadinessStatus_Name(status).substr(sizeof("READINESS_STATUS_") - 1);
}

std::string List(const std::vector<std::string>& missing) {
  std::string list;
  for (size_t i = 0; i < missing.size(); ++i) {
    if (list.size() > kMissingBytesMax) {
      absl::StrAppend(&list, " and ", missing.size() - i, " more, which the readiness board shows");
      break;
    }
    absl::StrAppend(&list, i == 0 ? "" : ", ", missing[i]);
  }
  return list;
}

}  // namespace

Decider::Decision Decider::Apply(const v1::ApproveGo& body) {
  OperationRecord& operation = Operation(body.operation_id());
  const v1::Operator* person = model_.roster.OperatorOf(event_.principal());
  if (person == nullptr) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat("GO takes the word of two persons, and this certificate (public key ",
                                event_.principal().key_sha256(), ") is of no registered operator of ", agency_id(),
                                "; ask the registrar to register its holder with RegisterOperator"),
                   "G1");
  }
  MUSTER_RETURN_IF_ERROR(CheckGo(operation, body));
  std::vector<ReadinessBoard::Approval> approvals = ValidApprovals(model_.roster, operation);
  for (const ReadinessBoard::Approval& earlier : approvals) {
    if (earlier.approval().operator_id() != person->operator_id()) continue;
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat("operator ", person->operator_id(),
                                " has approved GO already; the second approval must be another person's"),
                   "G1");
  }
  ReadinessBoard::Approval& approval = approvals.emplace_back();
  approval.mutable_approval()->set_operator_id(person->operator_id());
  approval.mutable_approval()->set_operator_name(person->name());
  *approval.mutable_approval()->mutable_principal() = event_.principal();
  *approval.mutable_approval()->mutable_approved_at() = at_;
  approval.set_plan_version(body.plan_version());
  v1::Accepted accepted;
  accepted.set_go_given(approvals.size() == 2);

  if (accepted.go_given() && operation.phase() != v1::OPERATION_PHASE_EXECUTING) {
    MUSTER_RETURN_IF_ERROR(operation.SetPhase(v1::OPERATION_PHASE_EXECUTING));
    TellPhase(operation);
  }
  const BoardsBefore boards = Boards(operation, std::set<std::string>());
  operation.readiness().set_approvals(std::move(approvals));
  if (accepted.go_given()) GiveGo(&operation);
  TellBoards(operation, boards);
  return accepted;
}

absl::Status Decider::CheckGo(const OperationRecord& operation, const v1::ApproveGo& body) const {
  const ReadinessBoard& board = operation.readiness();
  if (operation.phase() != v1::OPERATION_PHASE_ARMED && operation.phase() != v1::OPERATION_PHASE_EXECUTING) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("operation ", operation.id(), " is not ARMED; GO is given to an armed operation only"),
                   "G1");
  }
  MUSTER_RETURN_IF_ERROR(CheckEpoch(operation, body.epoch()));
  if (board.stop() != nullptr) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("the operation is on HOLD (", board.stop()->reason(), "); lift the HOLD first"), "G2");
  }
  if (board.is_given()) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE, absl::StrCat("GO has been given for epoch ", body.epoch(), " already"),
                   "G1");
  }
  if (operation.plan().is_withdrawn()) {
    return Refusal(v1::ERROR_REASON_PLAN_WITHDRAWN, "the plan has been withdrawn; publish an amendment first", "P5");
  }
  if (body.plan_version() != operation.plan().version()) {
    return Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION,
                   absl::StrCat("the plan is at version ", operation.plan().version(), ", not ", body.plan_version(),
                                "; read it again before approving GO"),
                   "G1");
  }
  const std::vector<std::string> missing = MissingForGo(operation);
  if (missing.empty()) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_NOT_READY,
                 absl::StrCat("not every required site is READY on this plan and H-hour: ", List(missing),
                              "; wait for them, or record a named waiver for each"),
                 "G1");
}

std::vector<std::string> Decider::MissingForGo(const OperationRecord& operation) const {
  std::vector<std::string> missing;
  for (const auto& [site_id, site] : operation.sites()) {
    if (site.optional_for_go() || ValidWaiver(operation, site_id) != nullptr) continue;
    const v1::ReadinessStatus status = StatusOf(operation, site);
    std::string why;
    if (status < v1::READINESS_STATUS_READY || status > v1::READINESS_STATUS_COMPLETE) why = StatusName(status);
    for (const v1::Participant* agency : AnsweringFor(operation, site)) {
      // GO would not reach it.
      if (model_.roster.Find(agency->agency_id())->standing() == v1::AGENCY_STANDING_ACTIVE) continue;
      absl::StrAppend(&why, why.empty() ? "" : ", ", agency->agency_id(), " is suspended");
    }
    if (!why.empty()) missing.push_back(absl::StrCat(site_id, " (", why, ")"));
  }
  return missing;
}

void Decider::GiveGo(OperationRecord* operation) {
  operation->readiness().Give(operation->plan().version(), at_);
  for (Timer& timer : operation->readiness().Escalations(operation->id())) model_.timers.Set(std::move(timer));
}

Decider::Decision Decider::Apply(const v1::AcknowledgeGo& body) {
  OperationRecord& operation = Operation(body.operation_id());
  MUSTER_ASSIGN_OR_RETURN(const v1::Site* site, AnsweredSite(operation, body.site_id()));
  MUSTER_RETURN_IF_ERROR(operation.CheckOpen());
  MUSTER_RETURN_IF_ERROR(CheckEpoch(operation, body.epoch()));
  ReadinessBoard& board = operation.readiness();
  if (!board.is_given()) {
    return Refusal(v1::ERROR_REASON_NOT_READY,
                   board.stop() == nullptr ? "GO is not given; wait for it" : "the operation is on HOLD; wait for GO",
                   "G2");
  }
  if (!board.StopsAt(site->site_id()).empty()) {
    return Refusal(v1::ERROR_REASON_NOT_READY,
                   absl::StrCat("site ", site->site_id(), " is on HOLD or aborted and has no GO"), "G2");
  }
  const ReadinessBoard::Report* before = board.FindReport(body.site_id(), agency_id());
  if (before != nullptr && before->report().has_go_acknowledged_at()) return v1::Accepted();  // The first stands.
  const v1::Participant& self = Self(operation);
  if (operation.plan().is_withdrawn()) {
    return Refusal(v1::ERROR_REASON_PLAN_WITHDRAWN, "the plan has been withdrawn and cannot be executed", "P5");
  }
  if (operation.plan().ReachOf(self).last_material_version > OwnVersion(operation, self, board.order_plan_version())) {
    return Refusal(v1::ERROR_REASON_STALE_PLAN_VERSION,
                   "the plan has changed since GO was given for it; call the lead, who must HOLD and give GO again",
                   "P4");
  }
  if (StatusAt(operation, *site, self) < v1::READINESS_STATUS_READY) {
    return Refusal(v1::ERROR_REASON_NOT_READY,
                   absl::StrCat("this agency is not READY at site ", site->site_id(), "; report READY first"), "G1");
  }
  const BoardsBefore boards = Boards(operation, std::set<std::string>{body.site_id()});
  board.AcknowledgeGo(body.site_id(), agency_id(), at_);
  TellBoards(operation, boards);
  return v1::Accepted();
}

void Decider::EscalateGo(const Timer& timer) {
  OperationRecord& operation = Operation(timer.id);
  if (!operation.readiness().is_given()) return;
  operation.readiness().SetEscalatedThrough(at_);
  if (operation.phase() != v1::OPERATION_PHASE_EXECUTING) return;
  for (const auto& [site_id, site] : operation.sites()) {
    v1::Escalation escalation = EscalationOf(operation, site);
    if (escalation.contacts().empty()) continue;
    v1::Notice notice;
    *notice.mutable_escalation() = std::move(escalation);
    notices_.TellOf(operation, ParticipantsWhere(operation, SeesWholeRoster), std::move(notice));
  }
}

v1::Escalation Decider::EscalationOf(const OperationRecord& operation, const v1::Site& site) const {
  v1::Escalation escalation;
  if (!operation.readiness().StopsAt(site.site_id()).empty()) return escalation;
  if (ValidWaiver(operation, site.site_id()) != nullptr) return escalation;
  // An optional site that is not coming along has no GO to acknowledge.
  if (site.optional_for_go() && StatusOf(operation, site) < v1::READINESS_STATUS_READY) return escalation;
  std::vector<std::string> silent;
  for (const v1::Participant* agency : AnsweringFor(operation, site)) {
    if (StatusAt(operation, site, *agency) >= v1::READINESS_STATUS_GO_RECEIVED) continue;
    silent.push_back(agency->agency_id());
    v1::EscalationContact& contact = *escalation.add_contacts();
    contact.set_agency_id(agency->agency_id());
    contact.set_phone_24h(model_.roster.Find(agency->agency_id())->agency().phone_24h());
  }
  const absl::Duration left = FromProto(operation.readiness().h_hour().at()) - FromProto(at_);
  *escalation.mutable_due_at() = at_;
  escalation.set_site_id(site.site_id());
  escalation.set_text(absl::StrCat("H-", absl::ToInt64Minutes(left), " minutes and GO is not acknowledged at site ",
                                   site.site_id(), " by ", absl::StrJoin(silent, ", "), "; ring up"));
  return escalation;
}

void Decider::CancelEscalations(const OperationRecord& operation) {
  for (const Timer& timer : operation.readiness().Escalations(operation.id())) model_.timers.Cancel(timer);
}

Decider::ProposedBoards Decider::BoardsWithProposals(absl::string_view lead_agency_id) const {
  ProposedBoards boards;
  for (const auto& [id, operation] : model_.operations) {
    if (operation.lead_agency_id() != lead_agency_id || operation.readiness().approvals().empty()) continue;
    boards.emplace_back(&operation, Boards(operation, std::set<std::string>()));
  }
  return boards;
}

void Decider::TellBoards(const ProposedBoards& before) {
  for (const auto& [operation, boards] : before) TellBoards(*operation, boards);
}

}  // namespace muster
