#include "server/state/readiness/readiness_view.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "server/state/access/visibility.h"

namespace muster {
namespace {

using Report = ReadinessBoard::Report;
using Stop = ReadinessBoard::Stop;

// Whether what the agency said of its readiness is for the plan as it reads it now.
bool IsCurrent(const OperationRecord& operation, const v1::Participant& agency, const Report& report) {
  const PlanBook& plan = operation.plan();
  if (report.lapsed() || plan.is_withdrawn()) return false;
  if (report.report().plan_version() < plan.ReachOf(agency).last_material_version) return false;
  return agency.role() == v1::ROLE_LEAD || plan.StandingOf(agency).status() == v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED;
}

// Whether the viewer can have seen why another agency's report is no longer current.
bool SawTheChange(const OperationRecord& operation, const v1::Participant& viewer, const Report& report) {
  const PlanBook::Reach own = operation.plan().ReachOf(viewer);
  if (own.version == 0) return false;
  return operation.plan().is_withdrawn() ||
         own.last_material_version > OwnVersion(operation, viewer, report.lead_plan_version());
}

// `viewer` null: as it is.
v1::ReadinessStatus StatusFor(const OperationRecord& operation, const v1::Site& site, const v1::Participant& agency,
                              const v1::Participant* viewer) {
  const Report* report = operation.readiness().FindReport(site.site_id(), agency.agency_id());
  if (report == nullptr) return v1::READINESS_STATUS_UNKNOWN;
  const v1::ReadinessStatus status = report->report().status();
  if (status != v1::READINESS_STATUS_READY) return status;
  if (!IsCurrent(operation, agency, *report)) {
    const bool knows = viewer == nullptr || SeesWholeRoster(*viewer) || viewer->agency_id() == agency.agency_id();
    if (knows || SawTheChange(operation, *viewer, *report)) return v1::READINESS_STATUS_UNKNOWN;
  }
  return report->report().has_go_acknowledged_at() ? v1::READINESS_STATUS_GO_RECEIVED : status;
}

v1::ReadinessStatus SiteStatusFor(const OperationRecord& operation, const v1::Site& site,
                                  const v1::Participant* viewer) {
  const auto& stops = operation.readiness().StopsAt(site.site_id());
  if (!stops.empty()) {
    const bool aborted = absl::c_any_of(stops, [](const auto& entry) { return entry.second.aborted(); });
    return aborted ? v1::READINESS_STATUS_ABORTED : v1::READINESS_STATUS_HOLD;
  }
  v1::ReadinessStatus least = v1::READINESS_STATUS_COMPLETE;
  for (const v1::Participant* agency : AnsweringFor(operation, site)) {
    least = std::min(least, StatusFor(operation, site, *agency, viewer));
  }
  return least;
}

v1::AgencyReadiness ViewStop(const Stop& stop, uint32_t epoch) {
  v1::AgencyReadiness row;
  row.set_agency_id(stop.agency_id());
  row.set_status(stop.aborted() ? v1::READINESS_STATUS_ABORTED : v1::READINESS_STATUS_HOLD);
  row.set_epoch(epoch);
  row.set_reason(stop.reason());
  row.set_post(stop.post());
  *row.mutable_reported_at() = stop.at();
  return row;
}

v1::AgencyReadiness ViewReport(const OperationRecord& operation, const v1::Site& site, const v1::Participant& agency,
                               const v1::Participant& viewer) {
  v1::AgencyReadiness row;
  const v1::ReadinessStatus status = StatusFor(operation, site, agency, &viewer);
  if (status != v1::READINESS_STATUS_UNKNOWN) {
    row = operation.readiness().FindReport(site.site_id(), agency.agency_id())->report();
  }
  row.set_agency_id(agency.agency_id());
  row.set_status(status);
  return row;
}

// Every agency that answers for the site or has stopped it.
void AddRows(const OperationRecord& operation, const v1::Site& site, const v1::Participant& viewer,
             v1::SiteReadiness* view) {
  const auto& stops = operation.readiness().StopsAt(site.site_id());
  std::map<std::string, v1::AgencyReadiness> rows;
  for (const v1::Participant* agency : AnsweringFor(operation, site)) {
    rows[agency->agency_id()] = ViewReport(operation, site, *agency, viewer);
  }
  for (const auto& [agency_id, stop] : stops) rows[agency_id] = ViewStop(stop, operation.readiness().epoch());
  for (auto& [agency_id, row] : rows) {
    if (!SeesWholeRoster(viewer) && agency_id != viewer.agency_id()) {
      // How many versions another agency has seen is not the viewer's to know (rule P7).
      row.clear_plan_version();
      row.clear_post();
    }
    *view->add_agencies() = std::move(row);
  }
}

v1::SiteReadiness ViewSite(const OperationRecord& operation, const v1::Site& site, const v1::Participant& viewer) {
  v1::SiteReadiness view;
  view.set_site_id(site.site_id());
  view.set_state(site.state());
  view.set_status(SiteStatusFor(operation, site, &viewer));
  view.set_optional_for_go(site.optional_for_go());
  if (SeesWholeRoster(viewer) || WorksAt(viewer, site)) AddRows(operation, site, viewer, &view);
  if (!SeesWholeRoster(viewer)) return view;
  if (const ReadinessBoard::Waiver* waiver = ValidWaiver(operation, site.site_id())) {
    *view.mutable_waiver() = waiver->waiver;
  }
  return view;
}

v1::GoOrder ViewGo(const Roster& roster, const OperationRecord& operation, const v1::Participant& viewer) {
  const ReadinessBoard& board = operation.readiness();
  v1::GoOrder go;
  go.set_state(v1::GO_STATE_NOT_GIVEN);
  go.set_epoch(board.epoch());
  if (const Stop* stop = board.stop()) {
    go.set_state(stop->aborted() ? v1::GO_STATE_ABORTED : v1::GO_STATE_HELD);
    *go.mutable_given_at() = stop->at();
    go.set_reason(stop->reason());
  } else if (board.is_given()) {
    go.set_state(v1::GO_STATE_GIVEN);
    *go.mutable_given_at() = board.given_at();
  }
  const bool ordered = go.state() != v1::GO_STATE_NOT_GIVEN;
  if (ordered) go.set_plan_version(OwnVersion(operation, viewer, board.order_plan_version()));
  if (!SeesWholeRoster(viewer)) return go;
  const std::vector<ReadinessBoard::Approval> approvals =
      board.is_given() ? board.approvals() : ValidApprovals(roster, operation);
  for (const ReadinessBoard::Approval& approval : approvals) *go.add_approvals() = approval.approval();
  if (!ordered && !approvals.empty()) {
    go.set_state(v1::GO_STATE_PROPOSED);
    go.set_plan_version(OwnVersion(operation, viewer, approvals.front().plan_version()));
  }
  return go;
}

}  // namespace

bool SeesBoard(const v1::Participant& viewer) {
  return SeesWholeRoster(viewer) || viewer.role() == v1::ROLE_PARTICIPANT;
}

bool SeesSite(const v1::Participant& viewer, const v1::Site& site) {
  return SeesWholeRoster(viewer) || !absl::c_linear_search(site.excluded_agency_ids(), viewer.agency_id());
}

bool WorksAt(const v1::Participant& participant, const v1::Site& site) {
  return participant.role() == v1::ROLE_PARTICIPANT && SeesSite(participant, site) &&
         absl::c_linear_search(participant.site_ids(), site.site_id());
}

std::vector<const v1::Participant*> AnsweringFor(const OperationRecord& operation, const v1::Site& site) {
  std::vector<const v1::Participant*> answering;
  for (const auto& [agency_id, participant] : operation.participants()) {
    if (WorksAt(participant, site)) answering.push_back(&participant);
  }
  if (answering.empty()) answering.push_back(operation.FindParticipant(operation.lead_agency_id()));
  return answering;
}

v1::ReadinessStatus StatusAt(const OperationRecord& operation, const v1::Site& site, const v1::Participant& agency) {
  return StatusFor(operation, site, agency, nullptr);
}

v1::ReadinessStatus StatusOf(const OperationRecord& operation, const v1::Site& site) {
  return SiteStatusFor(operation, site, nullptr);
}

void ReviewReadiness(OperationRecord* operation) {
  operation->readiness().Review([operation](const std::string& site_id, Report* report) {
    const std::string& agency_id = report->report().agency_id();
    for (const v1::Participant* agency : AnsweringFor(*operation, *operation->FindSite(site_id))) {
      if (agency->agency_id() != agency_id) continue;
      report->set_lapsed(!IsCurrent(*operation, *agency, *report));
      return true;
    }
    return false;
  });
}

const ReadinessBoard::Waiver* ValidWaiver(const OperationRecord& operation, absl::string_view site_id) {
  const ReadinessBoard::Waiver* waiver = operation.readiness().FindWaiver(site_id);
  if (waiver == nullptr) return nullptr;
  const v1::Participant& lead = *operation.FindParticipant(operation.lead_agency_id());
  return waiver->plan_version < operation.plan().ReachOf(lead).last_material_version ? nullptr : waiver;
}

std::vector<ReadinessBoard::Approval> ValidApprovals(const Roster& roster, const OperationRecord& operation) {
  std::vector<ReadinessBoard::Approval> valid;
  if (operation.plan().is_withdrawn()) return valid;
  for (const ReadinessBoard::Approval& approval : operation.readiness().approvals()) {
    const v1::Principal& principal = approval.approval().principal();
    const v1::Operator* person = roster.OperatorOf(principal);
    const bool counts = approval.plan_version() == operation.plan().version() && person != nullptr &&
                        person->operator_id() == approval.approval().operator_id() && !roster.IsRevoked(principal);
    if (counts) valid.push_back(approval);
  }
  return valid;
}

uint32_t OwnVersion(const OperationRecord& operation, const v1::Participant& participant, uint32_t lead_version) {
  const PlanBook& plan = operation.plan();
  if (lead_version == plan.version()) return plan.ReachOf(participant).version;
  return plan.ViewFor(participant, lead_version).version();
}

v1::ReadinessBoard ViewBoard(const Roster& roster, const OperationRecord& operation, const v1::Participant& viewer,
                             const std::optional<std::set<std::string>>& site_ids) {
  v1::ReadinessBoard view;
  view.set_operation_id(operation.id());
  view.set_mode(operation.operation().mode());
  view.set_phase(operation.phase());
  if (operation.readiness().epoch() != 0) *view.mutable_h_hour() = operation.readiness().h_hour();
  *view.mutable_go() = ViewGo(roster, operation, viewer);
  for (const auto& [site_id, site] : operation.sites()) {
    if (site_ids.has_value() && site_ids->count(site_id) == 0) continue;
    if (SeesSite(viewer, site)) *view.add_sites() = ViewSite(operation, site, viewer);
  }
  return view;
}

BoardsBefore::BoardsBefore(const Roster& roster, const OperationRecord& operation,
                           std::optional<std::set<std::string>> site_ids)
    : site_ids_(std::move(site_ids)) {
  if (operation.readiness().epoch() == 0) return;
  for (const auto& [agency_id, participant] : operation.participants()) {
    if (SeesBoard(participant)) boards_.emplace(agency_id, ViewBoard(roster, operation, participant, site_ids_));
  }
}

std::optional<v1::ReadinessBoard> BoardsBefore::ChangesFor(const Roster& roster, const OperationRecord& operation,
                                                           const v1::Participant& reader) const {
  if (operation.readiness().epoch() == 0 || !SeesBoard(reader)) return std::nullopt;
  const auto before = boards_.find(reader.agency_id());
  if (before == boards_.end()) return ViewBoard(roster, operation, reader);
  v1::ReadinessBoard now = ViewBoard(roster, operation, reader, site_ids_);
  const auto same = [](const google::protobuf::MessageLite& a, const google::protobuf::MessageLite& b) {
    return a.SerializeAsString() == b.SerializeAsString();
  };
  std::map<std::string, const v1::SiteReadiness*> sites_before;
  for (const v1::SiteReadiness& site : before->second.sites()) sites_before[site.site_id()] = &site;
  v1::ReadinessBoard changed = now;
  changed.clear_sites();
  for (v1::SiteReadiness& site : *now.mutable_sites()) {
    const auto it = sites_before.find(site.site_id());
    if (it == sites_before.end() || !same(*it->second, site)) *changed.add_sites() = std::move(site);
  }
  if (same(before->second.h_hour(), now.h_hour())) changed.clear_h_hour();
  if (same(before->second.go(), now.go())) changed.clear_go();
  if (changed.sites().empty() && !changed.has_h_hour() && !changed.has_go()) return std::nullopt;
  return changed;
}

}  // namespace muster
