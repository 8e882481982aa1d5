#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "server/state/activities/activity_view.h"
#include "server/state/decider.h"
#include "server/state/state.h"

namespace muster {
namespace {

// Why parties and desks are told, but for targets (rule C7).
constexpr char kAlertRule[] = "C7";

// How far a conflict's life has come. ESCALATED comes from outside and is no step of that way.
int Rank(v1::ConflictState state) {
  switch (state) {
    case v1::CONFLICT_STATE_OPEN:
      return 1;
    case v1::CONFLICT_STATE_OWNED:
      return 2;
    case v1::CONFLICT_STATE_NOTIFIED:
      return 3;
    case v1::CONFLICT_STATE_CONTACT_MADE:
      return 4;
    default:
      return 0;
  }
}

// The farthest step since the conflict was opened last.
int RankReached(const v1::ConflictRecord& conflict) {
  int reached = 0;
  for (const v1::ConflictStep& step : conflict.steps()) {
    const int rank = Rank(step.state());
    reached = step.state() == v1::CONFLICT_STATE_OPEN ? rank : std::max(reached, rank);
  }
  return reached;
}

Notices::Secrecy SecrecyOf(const v1::ConflictRecord& conflict) {
  return ConcernsSealed(conflict) ? Notices::Secrecy::kSealed : Notices::Secrecy::kOrdinary;
}

// The operation of both sides; empty when there is none or they differ.
std::string CommonOperation(const v1::ConflictRecord& conflict) {
  const bool common = conflict.parties(0).operation_id() == conflict.parties(1).operation_id();
  return common ? conflict.parties(0).operation_id() : "";
}

// Whether a RESOLVED or EXPIRED conflict with `other` must be looked at again: the activity moved, or they meet in
// other ways. A new contact is not such a fact.
bool HasNewFacts(const EnteredActivity& before, const EnteredActivity& after, const EnteredActivity& other,
                 absl::Time at) {
  const v1::Activity& was = before.activity();
  const v1::Activity& is = after.activity();
  const bool moved = was.window().SerializeAsString() != is.window().SerializeAsString() ||
                     was.center().SerializeAsString() != is.center().SerializeAsString() ||
                     was.radius_m() != is.radius_m() || was.location_verified() != is.location_verified();
  return moved || MeetingOf(before, other, at).identifiers != MeetingOf(after, other, at).identifiers;
}

// Gives `conflict`, which has facts, the life of `known`.
void TakeOverLife(const v1::ConflictRecord& known, v1::ConflictRecord* conflict) {
  conflict->set_state(known.state());
  *conflict->mutable_opened_at() = known.opened_at();
  conflict->set_owner_agency_id(known.owner_agency_id());
  conflict->set_resolution(known.resolution());
  *conflict->mutable_steps() = known.steps();
  if (known.has_escalated_at()) *conflict->mutable_escalated_at() = known.escalated_at();
}

v1::EscalationContact ContactOf(const v1::ConflictParty& party) {
  v1::EscalationContact contact;
  contact.set_agency_id(party.agency_id());
  contact.set_phone_24h(party.contact_phone_24h());
  return contact;
}

}  // namespace

void Decider::Deconflict(const EnteredActivity* before, const EnteredActivity& after) {
  const absl::Time at = FromProto(at_);
  for (const std::string& other_name : model_.activities.MayMeet(after, at)) {
    const EnteredActivity& other = *model_.activities.FindActivity(other_name);
    const Meeting meeting = MeetingOf(after, other, at);
    const v1::ConflictRecord* found =
        model_.activities.FindConflict(ConflictIdOf(ActivityName(after.record), other_name));
    const v1::ConflictRecord known = found == nullptr ? v1::ConflictRecord() : *found;
    if (!meeting.any()) {
      const bool cancelled = after.record.state() == v1::ACTIVITY_STATE_CANCELLED;
      if (IsOpen(known)) CloseConflict(known, cancelled ? "an activity was cancelled" : "the activities meet no more");
      continue;
    }
    v1::ConflictRecord conflict = ConflictOf(after, other, meeting, at);
    if (found == nullptr) {
      *conflict.mutable_opened_at() = at_;
      AddStep(v1::CONFLICT_STATE_OPEN, "", &conflict);
    } else if (known.state() == v1::CONFLICT_STATE_CANCELLED ||
               (!IsOpen(known) && HasNewFacts(*before, after, other, at))) {
      *conflict.mutable_opened_at() = known.opened_at();
      *conflict.mutable_steps() = known.steps();
      AddStep(v1::CONFLICT_STATE_OPEN, "opened again: an activity has changed", &conflict);
    } else if (known.state() != v1::CONFLICT_STATE_EXPIRED) {
      TakeOverLife(known, &conflict);
      if (conflict.SerializeAsString() == known.SerializeAsString()) continue;
    } else {
      continue;
    }
    PutConflict(std::move(conflict));
  }
}

void Decider::CloseConflict(v1::ConflictRecord conflict, absl::string_view text) {
  AddStep(v1::CONFLICT_STATE_CANCELLED, text, &conflict);
  PutConflict(std::move(conflict));
}

void Decider::AddStep(v1::ConflictState state, absl::string_view text, v1::ConflictRecord* conflict) const {
  conflict->set_state(state);
  v1::ConflictStep* step = conflict->add_steps();
  step->set_state(state);
  *step->mutable_at() = at_;
  step->set_text(std::string(text));
}

void Decider::PutConflict(v1::ConflictRecord conflict) {
  const bool escalates = AwaitsEscalation(conflict) && FromProto(conflict.respond_by()) <= FromProto(at_);
  if (escalates) {
    *conflict.mutable_escalated_at() = at_;
    AddStep(v1::CONFLICT_STATE_ESCALATED, "unresolved 30 minutes before the earlier start", &conflict);
  }
  model_.activities.PutConflict(conflict, &model_.timers);
  TellConflict(conflict);
  if (escalates) TellConflictEscalation(conflict);
}

absl::StatusOr<v1::ConflictRecord> Decider::ConflictToChange(const std::string& conflict_id) const {
  const v1::ConflictRecord* conflict = model_.activities.FindConflict(conflict_id);
  const bool may_change = conflict != nullptr && (KeepsWatchOver(state_, *conflict, agency_id()) ||
                                                  !ToldSides(*conflict, agency_id()).empty());
  if (!may_change) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND,
                   absl::StrCat("there is no conflict of that id that agency ", agency_id(),
                                " may change; it takes a watch desk of it, or a party that is told of it"));
  }
  if (!IsOpen(*conflict)) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("the conflict is ", v1::ConflictState_Name(conflict->state()),
                                " and takes no more steps; it opens again by itself when an activity changes"));
  }
  return *conflict;
}

Decider::Decision Decider::Apply(const v1::AdvanceConflict& body) {
  MUSTER_ASSIGN_OR_RETURN(v1::ConflictRecord conflict, ConflictToChange(body.conflict_id()));
  if (Rank(body.state()) <= Rank(v1::CONFLICT_STATE_OPEN)) {
    return Refusal(v1::ERROR_REASON_MALFORMED,
                   "a conflict is advanced to OWNED, NOTIFIED or CONTACT_MADE; resolve it with an outcome instead");
  }
  const bool desk = KeepsWatchOver(state_, conflict, agency_id());
  if (body.state() == v1::CONFLICT_STATE_OWNED && !desk) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   "only a watch desk can own a conflict; advance it to NOTIFIED or CONTACT_MADE");
  }
  if (Rank(body.state()) <= RankReached(conflict)) {
    return Refusal(v1::ERROR_REASON_WRONG_PHASE,
                   absl::StrCat("the conflict has come as far as ", v1::ConflictState_Name(body.state()),
                                " or farther already; steps are not taken back. Read it again"));
  }
  AddStep(body.state(), body.text(), &conflict);
  v1::ConflictStep* step = conflict.mutable_steps(conflict.steps_size() - 1);
  step->set_agency_id(std::string(agency_id()));
  step->set_post(event_.principal().post());
  if (body.state() == v1::CONFLICT_STATE_OWNED) conflict.set_owner_agency_id(std::string(agency_id()));
  PutConflict(std::move(conflict));
  return v1::Accepted();
}

Decider::Decision Decider::Apply(const v1::ResolveConflict& body) {
  MUSTER_ASSIGN_OR_RETURN(v1::ConflictRecord conflict, ConflictToChange(body.conflict_id()));
  if (body.resolution() == v1::CONFLICT_RESOLUTION_UNSPECIFIED || body.text().empty()) {
    return Refusal(v1::ERROR_REASON_MALFORMED,
                   "a conflict is resolved with one of PROCEED, JOINT, DELAY, CANCEL and FALSE_MATCH, and a text",
                   "C8");
  }
  bool may_resolve = KeepsWatchOver(state_, conflict, agency_id());
  for (const int side : ToldSides(conflict, agency_id())) {
    may_resolve = may_resolve || !HasWatchDesk(state_, conflict.parties(side).operation_id());
  }
  if (!may_resolve) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   "a watch desk keeps this agency's side and resolves the conflict; tell it the outcome", "C10");
  }
  AddStep(v1::CONFLICT_STATE_RESOLVED, body.text(), &conflict);
  v1::ConflictStep* step = conflict.mutable_steps(conflict.steps_size() - 1);
  step->set_agency_id(std::string(agency_id()));
  step->set_post(event_.principal().post());
  step->set_resolution(body.resolution());
  conflict.set_resolution(body.resolution());
  PutConflict(std::move(conflict));
  return v1::Accepted();
}

void Decider::EscalateConflict(const Timer& timer) {
  const v1::ConflictRecord* conflict = model_.activities.FindConflict(timer.id);
  if (conflict != nullptr && AwaitsEscalation(*conflict)) PutConflict(*conflict);
}

void Decider::ExpireConflict(const Timer& timer) {
  const v1::ConflictRecord* found = model_.activities.FindConflict(timer.id);
  if (found == nullptr || !IsOpen(*found) || ExpiryOf(*found) > timer.due) return;
  v1::ConflictRecord conflict = *found;
  AddStep(v1::CONFLICT_STATE_EXPIRED, "both windows have passed", &conflict);
  PutConflict(std::move(conflict));
}

void Decider::TellConflict(const v1::ConflictRecord& conflict) {
  for (const int side : {0, 1}) {
    if (conflict.parties(side).told()) TellAlert(conflict, side);
  }
  std::map<std::string, std::vector<std::string>> readers_by_bytes;
  for (const std::string& agency_id : ReadersOfConflict(state_, conflict)) {
    readers_by_bytes[ViewConflict(state_, conflict, agency_id)->SerializeAsString()].push_back(agency_id);
  }
  for (auto& [bytes, agency_ids] : readers_by_bytes) TellConflictView(conflict, std::move(agency_ids));
}

void Decider::TellAlert(const v1::ConflictRecord& conflict, int side) {
  const v1::ConflictParty& self = conflict.parties(side);
  const v1::ConflictParty& other = conflict.parties(1 - side);
  const EnteredActivity& source = *model_.activities.FindActivity(ActivityName(other.agency_id(), other.activity_id()));
  // Each side's data go out under that side's own reference, which the other is not told.
  const bool of_targets = !conflict.matched_target_kinds().empty();
  v1::Notice notice;
  notice.set_mode(conflict.mode());
  *notice.mutable_alert() = AlertFor(conflict, side);
  TellAbout(self.operation_id(), {self.agency_id()}, std::move(notice),
            of_targets ? source.activity().reasonable_suspicion_reference() : kAlertRule, SecrecyOf(conflict));
}

void Decider::TellConflictView(const v1::ConflictRecord& conflict, std::vector<std::string> agency_ids) {
  v1::Notice notice;
  notice.set_mode(conflict.mode());
  *notice.mutable_conflict() = *ViewConflict(state_, conflict, agency_ids.front());
  TellAbout(CommonOperation(conflict), std::move(agency_ids), std::move(notice), kAlertRule, SecrecyOf(conflict));
}

void Decider::TellConflictEscalation(const v1::ConflictRecord& conflict) {
  v1::Notice notice;
  notice.set_mode(conflict.mode());
  v1::Escalation& escalation = *notice.mutable_escalation();
  *escalation.mutable_due_at() = conflict.respond_by();
  escalation.set_conflict_id(conflict.conflict_id());
  escalation.set_text("A conflict is unresolved 30 minutes before the earlier start. Call the other side now.");
  for (const int side : {0, 1}) {
    const v1::ConflictParty& party = conflict.parties(side);
    if (!party.told()) continue;
    escalation.clear_contacts();
    *escalation.add_contacts() = ContactOf(conflict.parties(1 - side));
    TellAbout(party.operation_id(), {party.agency_id()}, notice, kAlertRule, SecrecyOf(conflict));
  }
  escalation.set_text("A conflict is unresolved 30 minutes before the earlier start. Bring both sides together now.");
  escalation.clear_contacts();
  for (const v1::ConflictParty& party : conflict.parties()) *escalation.add_contacts() = ContactOf(party);
  std::vector<std::string> desks = ReadersOfConflict(state_, conflict);
  std::erase_if(desks, [&](const std::string& agency_id) { return !KeepsWatchOver(state_, conflict, agency_id); });
  TellAbout(CommonOperation(conflict), std::move(desks), std::move(notice), kAlertRule, SecrecyOf(conflict));
}

void Decider::TellOwnConflicts(const std::string& agency_id) {
  for (const auto& [id, conflict] : model_.activities.conflicts()) {
    if (!IsOpen(conflict)) continue;
    for (const int side : ToldSides(conflict, agency_id)) TellAlert(conflict, side);
    if (ViewConflict(state_, conflict, agency_id).has_value()) TellConflictView(conflict, {agency_id});
  }
}

}  // namespace muster
