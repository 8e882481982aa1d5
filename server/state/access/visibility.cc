#include "server/state/access/visibility.h"

#include "absl/algorithm/container.h"
#include "server/state/access/access_matrix.h"

namespace muster {
namespace {

bool IsRegistrar(const State& state, absl::string_view agency_id) {
  const v1::AgencyRecord* record = state.roster().Find(agency_id);
  return record != nullptr && record->agency().registrar();
}

}  // namespace

bool SeesOperation(const v1::Participant& viewer) {
  return CellOf(v1::OBJECT_CLASS_OPERATION, viewer.role()).form != v1::ACCESS_FORM_NONE;
}

bool SeesWholeRoster(const v1::Participant& viewer) {
  return CellOf(v1::OBJECT_CLASS_OPERATION, viewer.role()).scope == AccessScope::kAll;
}

bool SeesAcknowledgementOf(const v1::Participant& viewer, absl::string_view agency_id) {
  return SeesWholeRoster(viewer) || viewer.agency_id() == agency_id;
}

bool MustAcknowledge(const v1::Participant& participant) {
  const AccessCell& cell = CellOf(v1::OBJECT_CLASS_PLAN, participant.role());
  return cell.form == v1::ACCESS_FORM_FULL && !cell.may_write;
}

EntryFacts FactsOf(const v1::TallyEntryRecord& record) {
  return {record.entry().primary_agency_id(), record.reported_by().agency_id(), record.entry().site_id()};
}

bool SeesEntry(const State& state, const OperationRecord& operation, const v1::Participant& viewer,
               const v1::TallyEntryRecord& record) {
  return SeesEntry(state, operation, viewer, FactsOf(record));
}

bool SeesEntry(const State& state, const OperationRecord& operation, const v1::Participant& viewer,
               const EntryFacts& entry) {
  const AccessCell& cell = CellOf(v1::OBJECT_CLASS_TALLY_ENTRY, viewer.role());
  if (cell.form != v1::ACCESS_FORM_FULL) return false;
  switch (cell.scope) {
    case AccessScope::kAll:
      return true;
    case AccessScope::kOwn:
      return entry.booked_by == viewer.agency_id() || entry.filed_by == viewer.agency_id();
    case AccessScope::kOwnState: {
      const v1::Site* site = operation.FindSite(entry.site_id);
      const absl::string_view own_state = state.roster().StateOf(viewer.agency_id());
      return site != nullptr && !own_state.empty() && site->state() == own_state;
    }
    default:
      return false;
  }
}

bool SeesCountsOnly(const v1::Participant& viewer) {
  return CellOf(v1::OBJECT_CLASS_TALLY_ENTRY, viewer.role()).form == v1::ACCESS_FORM_COUNTS;
}

bool SeesAgency(const State& state, absl::string_view viewer_agency_id, absl::string_view agency_id) {
  if (viewer_agency_id == agency_id || IsRegistrar(state, viewer_agency_id)) return true;
  return absl::c_any_of(state.operations(), [&](const auto& entry) {
    return entry.second.lead_agency_id() == viewer_agency_id && entry.second.FindParticipant(agency_id) != nullptr;
  });
}

v1::OperationView ViewOperationHeader(const OperationRecord& operation) {
  v1::OperationView view;
  *view.mutable_operation() = operation.operation();
  view.set_phase(operation.phase());
  view.set_lead_agency_id(operation.lead_agency_id());
  *view.mutable_created_at() = operation.created_at();
  return view;
}

v1::OperationView ViewOperation(const OperationRecord& operation, const v1::Participant& viewer, const Rules& rules) {
  v1::OperationView view = ViewOperationHeader(operation);
  const bool sees_own = !rules.sites_need_an_assignment ||
                        CellOf(v1::OBJECT_CLASS_SITE_ASSIGNMENT, viewer.role()).form != v1::ACCESS_FORM_NONE;
  for (const auto& [id, site] : operation.sites()) {
    if (SeesWholeRoster(viewer)) {
      *view.add_sites() = site;
    } else if (sees_own && absl::c_linear_search(viewer.site_ids(), id)) {
      *view.add_sites() = site;
      view.mutable_sites()->rbegin()->clear_excluded_agency_ids();  // Who else may not know is not for others.
    }
  }
  for (const auto& [id, participant] : operation.participants()) {
    if (SeesWholeRoster(viewer) || id == viewer.agency_id()) *view.add_participants() = participant;
  }
  return view;
}

v1::AgencyRecord ViewAgency(const State& state, absl::string_view viewer_agency_id, const v1::AgencyRecord& record) {
  v1::AgencyRecord view = record;
  if (viewer_agency_id != record.agency().agency_id() && !IsRegistrar(state, viewer_agency_id)) {
    view.clear_revocations();
    view.clear_operators();
  }
  return view;
}

}  // namespace muster
