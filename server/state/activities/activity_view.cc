#include "server/state/activities/activity_view.h"

#include <set>

#include "absl/algorithm/container.h"
#include "server/state/activities/meeting.h"

namespace muster {
namespace {

// What an agency is to an activity. It may be several things.
struct Standing {
  bool owner = false;
  bool desk = false;
  bool lead = false;
  bool auditor = false;
  bool prosecutor = false;
  bool granted = false;

  bool any() const { return owner || desk || lead || auditor || prosecutor || granted; }
};

v1::Role RoleIn(const State& state, absl::string_view operation_id, absl::string_view agency_id) {
  const OperationRecord* operation = state.FindOperation(operation_id);
  const v1::Participant* participant = operation == nullptr ? nullptr : operation->FindParticipant(agency_id);
  return participant == nullptr ? v1::ROLE_UNSPECIFIED : participant->role();
}

bool Grants(const v1::Target& target, absl::string_view agency_id) {
  return absl::c_linear_search(target.granted_agency_ids(), agency_id);
}

// Nothing personal goes to victim services, whatever an activity grants (rule V1).
bool IsVictimServices(const State& state, absl::string_view agency_id) {
  const v1::AgencyRecord* record = state.roster().Find(agency_id);
  return record == nullptr || record->agency().kind() == v1::AGENCY_KIND_VICTIM_SERVICES;
}

bool IsGranted(const State& state, const v1::Activity& activity, v1::Role role, absl::string_view agency_id) {
  if (role == v1::ROLE_VICTIM_SERVICES || IsVictimServices(state, agency_id)) return false;
  return absl::c_any_of(activity.targets(), [&](const v1::Target& target) { return Grants(target, agency_id); });
}

bool IsInOwnState(const State& state, const v1::Activity& activity, absl::string_view agency_id) {
  const OperationRecord* operation = state.FindOperation(activity.operation_id());
  const v1::Site* site = operation == nullptr ? nullptr : operation->FindSite(activity.site_id());
  const absl::string_view own_state = state.roster().StateOf(agency_id);
  return site != nullptr && !own_state.empty() && site->state() == own_state;
}

Standing StandingTo(const State& state, const v1::ActivityRecord& record, absl::string_view agency_id) {
  const v1::Activity& activity = record.activity();
  Standing standing;
  standing.owner = record.agency_id() == agency_id;
  standing.desk = KeepsWatch(state, activity.operation_id(), agency_id);
  if (activity.sensitivity() == v1::SENSITIVITY_SEALED) return standing;
  const v1::Role role = RoleIn(state, activity.operation_id(), agency_id);
  standing.lead = role == v1::ROLE_LEAD;
  standing.auditor = role == v1::ROLE_AUDITOR;
  standing.prosecutor =
      role == v1::ROLE_PROSECUTOR && !activity.targets().empty() && IsInOwnState(state, activity, agency_id);
  standing.granted = IsGranted(state, activity, role, agency_id);
  return standing;
}

// For a watch desk and the lead, whose views differ in the targets only.
void ShowPlan(const v1::ActivityRecord& record, bool with_reference, v1::ActivityRecord* view) {
  *view = record;
  view->mutable_activity()->clear_targets();
  if (with_reference) return;
  view->mutable_activity()->clear_reasonable_suspicion_reference();
  // It would tell that there are targets.
  view->clear_indeterminate();
  for (const int reason : record.indeterminate()) {
    if (reason == v1::INDETERMINATE_REASON_IDENTIFIER_INCOMPLETE) continue;
    view->add_indeterminate(static_cast<v1::IndeterminateReason>(reason));
  }
}

// What everyone who sees anything of an activity sees.
void ShowName(const v1::ActivityRecord& record, v1::ActivityRecord* view) {
  view->mutable_activity()->set_activity_id(record.activity().activity_id());
  view->mutable_activity()->set_kind(record.activity().kind());
  view->mutable_activity()->set_mode(record.activity().mode());
  view->set_agency_id(record.agency_id());
  view->set_state(record.state());
}

void ShowWho(const v1::ActivityRecord& record, v1::ActivityRecord* view) {
  view->mutable_activity()->set_operation_id(record.activity().operation_id());
  if (record.activity().has_window()) *view->mutable_activity()->mutable_window() = record.activity().window();
  *view->mutable_entered_by() = record.entered_by();
  *view->mutable_entered_at() = record.entered_at();
  if (record.has_amended_at()) *view->mutable_amended_at() = record.amended_at();
}

void ShowContact(const v1::Activity& activity, v1::Activity* view) {
  view->set_contact_name(activity.contact_name());
  view->set_contact_phone_24h(activity.contact_phone_24h());
}

void ShowTargets(const v1::Activity& activity, const Standing& standing, absl::string_view viewer_agency_id,
                 v1::Activity* view) {
  for (const v1::Target& target : activity.targets()) {
    const bool granted = standing.granted && Grants(target, viewer_agency_id);
    if (!granted && !standing.prosecutor && !standing.desk) continue;
    v1::Target* shown = view->add_targets();
    shown->set_kind(target.kind());
    if (!granted && !standing.prosecutor) continue;
    shown->set_value(target.value());
    shown->set_state(target.state());
  }
}

bool IsInternalTo(const v1::ConflictRecord& conflict, const OperationRecord& operation) {
  return absl::c_all_of(conflict.parties(),
                        [&](const v1::ConflictParty& party) { return party.operation_id() == operation.id(); });
}

// The lead or an auditor, of either side's operation.
bool Observes(const State& state, const v1::ConflictRecord& conflict, absl::string_view agency_id) {
  if (ConcernsSealed(conflict)) return false;
  const auto is_own = [&](const v1::ConflictParty& party) { return party.agency_id() == agency_id; };
  if (absl::c_any_of(conflict.parties(), is_own)) return false;
  return absl::c_any_of(conflict.parties(), [&](const v1::ConflictParty& party) {
    const v1::Role role = RoleIn(state, party.operation_id(), agency_id);
    if (role == v1::ROLE_AUDITOR) return true;
    return role == v1::ROLE_LEAD && IsInternalTo(conflict, *state.FindOperation(party.operation_id()));
  });
}

// All who take part in the operation; without one all registered watch desks.
void AddWhoIsNear(const State& state, absl::string_view operation_id, std::set<std::string>* agency_ids) {
  if (const OperationRecord* operation = state.FindOperation(operation_id); operation != nullptr) {
    for (const auto& [id, participant] : operation->participants()) agency_ids->insert(id);
    return;
  }
  for (const auto& [id, record] : state.roster().agencies()) {
    if (record.agency().watch_desk()) agency_ids->insert(id);
  }
}

template <typename Predicate>
std::vector<std::string> Those(const std::set<std::string>& agency_ids, const Predicate& predicate) {
  std::vector<std::string> those;
  absl::c_copy_if(agency_ids, std::back_inserter(those), predicate);
  return those;
}

}  // namespace

bool KeepsWatch(const State& state, absl::string_view operation_id, absl::string_view agency_id) {
  const v1::AgencyRecord* record = state.roster().Find(agency_id);
  if (record == nullptr || record->standing() != v1::AGENCY_STANDING_ACTIVE) return false;
  if (operation_id.empty()) return record->agency().watch_desk();
  return RoleIn(state, operation_id, agency_id) == v1::ROLE_WATCH_DESK;
}

bool HasWatchDesk(const State& state, absl::string_view operation_id) {
  std::set<std::string> near;
  AddWhoIsNear(state, operation_id, &near);
  return absl::c_any_of(near, [&](const std::string& id) { return KeepsWatch(state, operation_id, id); });
}

std::optional<v1::ActivityRecord> ViewActivity(const State& state, const v1::ActivityRecord& record,
                                               absl::string_view viewer_agency_id) {
  const Standing standing = StandingTo(state, record, viewer_agency_id);
  if (!standing.any()) return std::nullopt;
  if (standing.owner) return record;
  v1::ActivityRecord view;
  if (standing.desk || standing.lead) {
    ShowPlan(record, standing.desk, &view);
  } else {
    ShowName(record, &view);
    if (standing.auditor) ShowWho(record, &view);
    if (standing.prosecutor) {
      view.mutable_activity()->set_operation_id(record.activity().operation_id());
      view.mutable_activity()->set_site_id(record.activity().site_id());
    }
    if (standing.prosecutor || standing.granted) ShowContact(record.activity(), view.mutable_activity());
  }
  ShowTargets(record.activity(), standing, viewer_agency_id, view.mutable_activity());
  view.set_redacted(true);
  return view;
}

bool SeesTargetValues(const State& state, const v1::ActivityRecord& record, absl::string_view viewer_agency_id) {
  const Standing standing = StandingTo(state, record, viewer_agency_id);
  return standing.prosecutor || standing.granted || (standing.owner && !record.activity().targets().empty());
}

std::vector<std::string> ReadersOfActivity(const State& state, const v1::ActivityRecord& record) {
  std::set<std::string> near = {record.agency_id()};
  AddWhoIsNear(state, record.activity().operation_id(), &near);
  for (const v1::Target& target : record.activity().targets()) {
    near.insert(target.granted_agency_ids().begin(), target.granted_agency_ids().end());
  }
  return Those(near, [&](const std::string& id) { return StandingTo(state, record, id).any(); });
}

bool KeepsWatchOver(const State& state, const v1::ConflictRecord& conflict, absl::string_view agency_id) {
  const auto is_sealed = [&](int side) { return conflict.parties(side).sensitivity() == v1::SENSITIVITY_SEALED; };
  const bool one_is_sealed = is_sealed(0) != is_sealed(1);
  for (const int side : {0, 1}) {
    if (one_is_sealed && !is_sealed(side)) continue;
    if (KeepsWatch(state, conflict.parties(side).operation_id(), agency_id)) return true;
  }
  return false;
}

std::optional<v1::ConflictRecord> ViewConflict(const State& state, const v1::ConflictRecord& conflict,
                                               absl::string_view viewer_agency_id) {
  const bool desk = KeepsWatchOver(state, conflict, viewer_agency_id);
  if (!desk && !Observes(state, conflict, viewer_agency_id)) return std::nullopt;
  v1::ConflictRecord view = conflict;
  if (!desk) view.clear_matched_target_kinds();
  for (v1::ConflictParty& party : *view.mutable_parties()) {
    if (RoleIn(state, party.operation_id(), viewer_agency_id) == v1::ROLE_UNSPECIFIED) party.clear_operation_id();
  }
  return view;
}

std::vector<std::string> ReadersOfConflict(const State& state, const v1::ConflictRecord& conflict) {
  std::set<std::string> near;
  for (const v1::ConflictParty& party : conflict.parties()) AddWhoIsNear(state, party.operation_id(), &near);
  return Those(near, [&](const std::string& id) {
    return KeepsWatchOver(state, conflict, id) || Observes(state, conflict, id);
  });
}

v1::Alert AlertFor(const v1::ConflictRecord& conflict, int side) {
  const v1::ConflictParty& self = conflict.parties(side);
  const v1::ConflictParty& other = conflict.parties(1 - side);
  v1::Alert alert;
  alert.set_conflict_id(conflict.conflict_id());
  *alert.mutable_kinds() = conflict.kinds();
  alert.set_state(conflict.state());
  if (conflict.has_overlap()) *alert.mutable_overlap() = conflict.overlap();
  alert.set_distance(conflict.distance());
  *alert.mutable_matched_target_kinds() = conflict.matched_target_kinds();
  alert.set_other_agency_id(other.agency_id());
  alert.set_other_contact_name(other.contact_name());
  alert.set_other_contact_phone_24h(other.contact_phone_24h());
  if (conflict.has_respond_by()) *alert.mutable_respond_by() = conflict.respond_by();
  alert.set_resolution(conflict.resolution());
  alert.set_activity_id(self.activity_id());
  alert.set_mode(conflict.mode());
  alert.set_operation_id(self.operation_id());
  *alert.mutable_steps() = conflict.steps();
  return alert;
}

std::vector<int> ToldSides(const v1::ConflictRecord& conflict, absl::string_view agency_id) {
  std::vector<int> sides;
  for (const int side : {0, 1}) {
    if (conflict.parties(side).told() && conflict.parties(side).agency_id() == agency_id) sides.push_back(side);
  }
  return sides;
}

std::vector<v1::ConflictView> ViewsOfConflict(const State& state, const v1::ConflictRecord& conflict,
                                              absl::string_view viewer_agency_id) {
  std::vector<v1::ConflictView> views;
  const std::vector<int> told_sides = ToldSides(conflict, viewer_agency_id);
  if (told_sides.empty() || KeepsWatchOver(state, conflict, viewer_agency_id)) {
    std::optional<v1::ConflictRecord> view = ViewConflict(state, conflict, viewer_agency_id);
    if (view.has_value()) *views.emplace_back().mutable_conflict() = *std::move(view);
    return views;
  }
  for (const int side : told_sides) *views.emplace_back().mutable_alert() = AlertFor(conflict, side);
  return views;
}

std::vector<v1::Alert> AlertsOf(const State& state, const EnteredActivity& activity,
                                absl::string_view viewer_agency_id) {
  const ActivityBook& book = state.activities();
  const std::string name = ActivityName(activity.record);
  const bool owner = activity.record.agency_id() == viewer_agency_id;
  std::vector<v1::Alert> alerts;
  for (const std::string& conflict_id : book.ConflictsOf(name)) {
    const v1::ConflictRecord& conflict = *book.FindConflict(conflict_id);
    if (!IsOpen(conflict) && conflict.state() != v1::CONFLICT_STATE_RESOLVED) continue;
    const v1::ConflictParty& first = conflict.parties(0);
    const int side = ActivityName(first.agency_id(), first.activity_id()) == name ? 0 : 1;
    const bool told = owner && conflict.parties(side).told();
    if (told || KeepsWatchOver(state, conflict, viewer_agency_id)) alerts.push_back(AlertFor(conflict, side));
  }
  return alerts;
}

}  // namespace muster
