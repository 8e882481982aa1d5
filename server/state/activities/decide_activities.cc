#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/activities/activity_view.h"
#include "server/state/decider.h"
#include "server/state/state.h"

namespace muster {
namespace {

// What is wrong with the activity whatever the state but for what its fields' rules say. Checked here too, as an older
// broker may have let it into the log.
absl::Status CheckActivity(const v1::Activity& activity) {
  if (activity.has_window() && FromProto(activity.window().start()) >= FromProto(activity.window().end())) {
    return Refusal(v1::ERROR_REASON_MALFORMED, "the activity's window does not end after it starts; give it a length");
  }
  if (!activity.targets().empty() && activity.reasonable_suspicion_reference().empty()) {
    return Refusal(v1::ERROR_REASON_MALFORMED,
                   "targets are given without a reasonable-suspicion reference (28 CFR 23.20); give the reference, or "
                   "leave the targets out",
                   "V4");
  }
  return absl::OkStatus();
}

bool IsLate(const v1::Activity& activity, absl::Time at) {
  return activity.has_window() && at > FromProto(activity.window().start()) - kRespondAhead;
}

void SetReasons(bool targets_incomplete, v1::ActivityRecord* record) {
  record->clear_indeterminate();
  for (const v1::IndeterminateReason reason : IndeterminateReasons(record->activity(), targets_incomplete)) {
    record->add_indeterminate(reason);
  }
}

}  // namespace

absl::StatusOr<v1::OperationMode> Decider::ModeOf(const v1::Activity& activity) const {
  if (activity.operation_id().empty()) {
    const v1::AgencyKind kind = model_.roster.Find(agency_id())->agency().kind();
    if (kind == v1::AGENCY_KIND_VICTIM_SERVICES || kind == v1::AGENCY_KIND_AUDIT) {
      return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                     "victim services and auditors enter no activities; it takes an agency that carries them out");
    }
    return activity.mode() == v1::OPERATION_MODE_UNSPECIFIED ? v1::OPERATION_MODE_ACTUAL : activity.mode();
  }
  const OperationRecord* operation = state_.FindOperation(activity.operation_id());
  const v1::Participant* self = operation == nullptr ? nullptr : operation->FindParticipant(agency_id());
  const bool may_enter = self != nullptr && (self->role() == v1::ROLE_LEAD || self->role() == v1::ROLE_PARTICIPANT ||
                                             self->role() == v1::ROLE_WATCH_DESK);
  if (!may_enter) {
    return Refusal(
        v1::ERROR_REASON_NOT_PERMITTED,
        absl::StrCat("agency ", agency_id(), " may not enter activities of operation ", activity.operation_id(),
                     ": it takes its lead, a participant or its watch desk. Ask the operation's lead"));
  }
  MUSTER_RETURN_IF_ERROR(operation->CheckOpen());
  MUSTER_RETURN_IF_ERROR(CheckSite(*operation, activity));
  const v1::OperationMode mode = operation->operation().mode();
  if (activity.mode() != v1::OPERATION_MODE_UNSPECIFIED && activity.mode() != mode) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("mixed reference: the activity is ", v1::OperationMode_Name(activity.mode()),
                                " and its operation ", v1::OperationMode_Name(mode),
                                "; leave the activity's mode out, or enter it without the operation"));
  }
  return mode;
}

absl::Status Decider::CheckSite(const OperationRecord& operation, const v1::Activity& activity) const {
  if (activity.site_id().empty()) return absl::OkStatus();
  const v1::Participant& self = Self(operation);
  const bool own = absl::c_linear_search(self.site_ids(), activity.site_id());
  if (self.role() != v1::ROLE_LEAD && !own) {  // The same words whether or not there is such a site.
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat("site ", activity.site_id(), " is none of agency ", agency_id(),
                                "'s own; name one of them, or leave the site out"));
  }
  if (operation.FindSite(activity.site_id()) == nullptr) {
    return Refusal(v1::ERROR_REASON_UNKNOWN_REFERENCE,
                   absl::StrCat("site ", activity.site_id(), " is not part of the operation; add it first"));
  }
  return absl::OkStatus();
}

Decider::Decision Decider::Apply(const v1::EnterActivity& body) {
  const absl::Time at = FromProto(at_);
  const v1::Activity& activity = body.activity();
  MUSTER_ASSIGN_OR_RETURN(const v1::OperationMode mode, ModeOf(activity));
  MUSTER_RETURN_IF_ERROR(CheckActivity(activity));
  MUSTER_ASSIGN_OR_RETURN(const ReadTargets targets, ReadTargetsOf(activity));
  if (model_.activities.FindActivity(ActivityName(agency_id(), activity.activity_id())) != nullptr) {
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                   absl::StrCat("agency ", agency_id(), " has entered activity ", activity.activity_id(),
                                " already; amend it, or give a new one an id of its own"));
  }
  if (IsLate(activity, at) && body.late_entry_reason().empty()) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   "the activity starts in less than 30 minutes, or has started; enter it again with the reason why it "
                   "comes late",
                   "C8");
  }
  v1::ActivityRecord record;
  *record.mutable_activity() = activity;
  record.mutable_activity()->set_mode(mode);
  record.set_agency_id(std::string(agency_id()));
  *record.mutable_entered_by() = event_.principal();
  *record.mutable_entered_at() = at_;
  record.set_state(v1::ACTIVITY_STATE_ENTERED);
  record.set_reason(body.late_entry_reason());
  SetReasons(targets.incomplete, &record);
  const EnteredActivity& entered = model_.activities.PutActivity(std::move(record), at, &model_.timers);
  TellActivity(nullptr, entered);
  Deconflict(nullptr, entered);
  return DeconflictionAccepted(entered);
}

absl::StatusOr<EnteredActivity> Decider::ActivityToChange(const std::string& owner_agency_id,
                                                          const std::string& activity_id) const {
  const std::string owner = owner_agency_id.empty() ? std::string(agency_id()) : owner_agency_id;
  const EnteredActivity* activity = model_.activities.FindActivity(ActivityName(owner, activity_id));
  const bool may_change = activity != nullptr && (owner == agency_id() ||
                                                  KeepsWatch(state_, activity->activity().operation_id(), agency_id()));
  if (!may_change) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND,
                   absl::StrCat("agency ", owner, " has no activity ", activity_id, " that agency ", agency_id(),
                                " may change; look at the list of activities"));
  }
  if (activity->record.state() == v1::ACTIVITY_STATE_CANCELLED) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("activity ", activity_id, " has been cancelled; enter a new one"));
  }
  return *activity;
}

absl::Status Decider::CheckAmendment(const v1::Activity& before, const v1::Activity& after) const {
  const bool moves = after.operation_id() != before.operation_id() ||
                     (after.mode() != v1::OPERATION_MODE_UNSPECIFIED && after.mode() != before.mode());
  if (moves) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   "an activity keeps its operation and its mode; cancel it and enter another");
  }
  if (after.sensitivity() != before.sensitivity()) {
    return Refusal(
        v1::ERROR_REASON_NOT_PERMITTED,
        "an activity stays SEALED or open: what others were told cannot be undone, and what was written of it "
        "while SEALED is not for them; cancel it and enter another",
        "C7");
  }
  MUSTER_RETURN_IF_ERROR(CheckActivity(after));
  const OperationRecord* operation = state_.FindOperation(after.operation_id());
  if (operation == nullptr) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(operation->CheckOpen());
  if (after.site_id() == before.site_id()) return absl::OkStatus();
  if (operation->FindParticipant(agency_id()) == nullptr) {
    return Refusal(
        v1::ERROR_REASON_NOT_PERMITTED,
        "agencies that no longer take part in the operation cannot name another of its sites; keep the site");
  }
  return CheckSite(*operation, after);
}

Decider::Decision Decider::Apply(const v1::AmendActivity& body) {
  v1::Activity amended = body.activity();
  MUSTER_ASSIGN_OR_RETURN(const EnteredActivity before, ActivityToChange(body.agency_id(), amended.activity_id()));
  if (before.record.agency_id() != agency_id()) {
    // A watch desk reads no target's value (section 7), so it changes none.
    *amended.mutable_targets() = before.activity().targets();
    amended.set_reasonable_suspicion_reference(before.activity().reasonable_suspicion_reference());
  }
  MUSTER_RETURN_IF_ERROR(CheckAmendment(before.activity(), amended));
  MUSTER_ASSIGN_OR_RETURN(const ReadTargets targets, ReadTargetsOf(amended));
  v1::ActivityRecord record = before.record;
  *record.mutable_activity() = amended;
  record.mutable_activity()->set_mode(before.activity().mode());
  *record.mutable_amended_at() = at_;
  record.set_reason(body.reason());
  SetReasons(targets.incomplete, &record);
  const EnteredActivity& after = model_.activities.PutActivity(std::move(record), FromProto(at_), &model_.timers);
  TellActivity(&before, after);
  Deconflict(&before, after);
  return DeconflictionAccepted(after);
}

Decider::Decision Decider::Apply(const v1::CancelActivity& body) {
  MUSTER_ASSIGN_OR_RETURN(const EnteredActivity before, ActivityToChange(body.agency_id(), body.activity_id()));
  v1::ActivityRecord record = before.record;
  record.set_state(v1::ACTIVITY_STATE_CANCELLED);
  *record.mutable_amended_at() = at_;
  record.set_reason(body.reason());
  const EnteredActivity& after = model_.activities.PutActivity(std::move(record), FromProto(at_), &model_.timers);
  TellActivity(&before, after);
  Deconflict(&before, after);
  return v1::Accepted();
}

void Decider::EndActivity(const Timer& timer) { model_.activities.LetGo(timer.id, timer.due); }

v1::Accepted Decider::DeconflictionAccepted(const EnteredActivity& activity) const {
  v1::Accepted accepted;
  v1::DeconflictionAnswer& answer = *accepted.mutable_deconfliction();
  for (v1::Alert& alert : AlertsOf(state_, activity, agency_id())) *answer.add_alerts() = std::move(alert);
  *answer.mutable_indeterminate() = activity.record.indeterminate();
  if (!answer.alerts().empty()) {
    answer.set_verdict(v1::DECONFLICTION_VERDICT_CONFLICT);
  } else if (!answer.indeterminate().empty()) {
    answer.set_verdict(v1::DECONFLICTION_VERDICT_INDETERMINATE);
  } else {
    answer.set_verdict(v1::DECONFLICTION_VERDICT_CLEAR);
  }
  return accepted;
}

void Decider::TellActivity(const EnteredActivity* before, const EnteredActivity& after) {
  const v1::ActivityRecord& record = after.record;
  const OperationRecord* operation = state_.FindOperation(record.activity().operation_id());
  // Readers by whether they take part in the operation, what they see and why.
  using Group = std::tuple<bool, std::string, std::string>;
  std::map<Group, std::vector<std::string>> readers;
  std::map<Group, v1::ActivityRecord> views;
  for (const std::string& agency_id : ReadersOfActivity(state_, record)) {
    v1::ActivityRecord view = *ViewActivity(state_, record, agency_id);
    const std::string bytes = view.SerializeAsString();
    if (before != nullptr) {
      const auto view_before = ViewActivity(state_, before->record, agency_id);
      if (view_before.has_value() && view_before->SerializeAsString() == bytes) continue;
    }
    const bool inside =
        agency_id == record.agency_id() || (operation != nullptr && operation->FindParticipant(agency_id) != nullptr);
    const bool values = agency_id != record.agency_id() && SeesTargetValues(state_, record, agency_id);
    const Group group(inside, bytes, values ? record.activity().reasonable_suspicion_reference() : "");
    readers[group].push_back(agency_id);
    views[group] = std::move(view);
  }
  const auto secrecy = after.is_sealed() ? Notices::Secrecy::kSealed : Notices::Secrecy::kOrdinary;
  for (auto& [group, agency_ids] : readers) {
    v1::Notice notice;
    notice.set_mode(record.activity().mode());
    *notice.mutable_activity() = std::move(views[group]);
    TellAbout(std::get<0>(group) ? record.activity().operation_id() : "", std::move(agency_ids), std::move(notice),
              std::get<2>(group), secrecy);
  }
}

void Decider::TellActivitiesIn(absl::string_view operation_id, const std::string& agency_id) {
  for (const auto& [name, entered] : model_.activities.activities()) {
    const v1::ActivityRecord& record = entered.record;
    if (record.agency_id() == agency_id || record.activity().operation_id() != operation_id) continue;
    const auto view = ViewActivity(state_, record, agency_id);
    if (!view.has_value()) continue;
    v1::Notice notice;
    notice.set_mode(record.activity().mode());
    *notice.mutable_activity() = *view;
    const bool values = SeesTargetValues(state_, record, agency_id);
    TellAbout(record.activity().operation_id(), {agency_id}, std::move(notice),
              values ? record.activity().reasonable_suspicion_reference() : "",
              entered.is_sealed() ? Notices::Secrecy::kSealed : Notices::Secrecy::kOrdinary);
  }
}

void Decider::TellConflictsIn(absl::string_view operation_id, const std::string& agency_id) {
  for (const auto& [id, conflict] : model_.activities.conflicts()) {
    const bool of_operation = absl::c_any_of(
        conflict.parties(), [&](const v1::ConflictParty& party) { return party.operation_id() == operation_id; });
    if (of_operation && IsOpen(conflict) && ViewConflict(state_, conflict, agency_id).has_value()) {
      TellConflictView(conflict, {agency_id});
    }
  }
}

void Decider::TellAbout(const std::string& operation_id, std::vector<std::string> agency_ids, v1::Notice notice,
                        std::string why, Notices::Secrecy secrecy) {
  const OperationRecord* operation = state_.FindOperation(operation_id);
  if (operation == nullptr) {
    notices_.Tell(std::move(agency_ids), std::move(notice), std::move(why), secrecy);
  } else {
    notices_.TellOf(*operation, std::move(agency_ids), std::move(notice), std::move(why), secrecy);
  }
}

}  // namespace muster
