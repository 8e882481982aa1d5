#include "server/state/activities/meeting.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/identifiers.h"
#include "common/sha256.h"

namespace muster {
namespace {

absl::Time StartOf(const v1::TimeWindow& window) { return FromProto(window.start()); }
absl::Time EndOf(const v1::TimeWindow& window) { return FromProto(window.end()); }

// Where an activity is in time as far as its targets go.
TimeSpan SpanOf(const v1::ActivityRecord& record) {
  const v1::Activity& activity = record.activity();
  if (activity.has_window()) return {StartOf(activity.window()), EndOf(activity.window())};
  return {FromProto(record.entered_at()), FromProto(record.entered_at())};
}

bool WithinReach(const TimeSpan& a, const TimeSpan& b) {
  return std::max(a.start, b.start) - std::min(a.end, b.end) <= kTargetReach;
}

// The later end of two windows; InfiniteFuture while one is unknown, as it cannot have passed.
template <typename Windowed>
absl::Time LaterEnd(const Windowed& a, const Windowed& b) {
  if (!a.has_window() || !b.has_window()) return absl::InfiniteFuture();
  return std::max(EndOf(a.window()), EndOf(b.window()));
}

// In a conflict of targets alone, a window that has passed asks nobody to respond before it.
absl::Time RespondBy(const v1::Activity& a, const v1::Activity& b, bool in_space_and_time, absl::Time at) {
  absl::Time earlier_start = absl::InfiniteFuture();
  for (const v1::Activity* activity : {&a, &b}) {
    if (!activity->has_window()) continue;
    if (!in_space_and_time && EndOf(activity->window()) <= at) continue;
    earlier_start = std::min(earlier_start, StartOf(activity->window()));
  }
  return earlier_start - kRespondAhead;
}

v1::ConflictParty PartyOf(const EnteredActivity& self, const EnteredActivity& other) {
  const v1::Activity& activity = self.activity();
  v1::ConflictParty party;
  party.set_agency_id(self.record.agency_id());
  party.set_activity_id(activity.activity_id());
  party.set_operation_id(activity.operation_id());
  party.set_contact_name(activity.contact_name());
  party.set_contact_phone_24h(activity.contact_phone_24h());
  if (activity.has_window()) *party.mutable_window() = activity.window();
  party.set_sensitivity(activity.sensitivity());
  party.set_told(!other.is_sealed());
  return party;
}

// The footprint as far as it is known: a place without a window is enough for a distance, and the other way round.
Footprint KnownFootprint(const v1::Activity& activity) {
  Footprint footprint{activity.center(), activity.radius_m(), absl::InfinitePast(), absl::InfinitePast()};
  if (activity.has_window()) {
    footprint.start = StartOf(activity.window());
    footprint.end = EndOf(activity.window());
  }
  return footprint;
}

void SetTimeAndPlace(const v1::Activity& a, const v1::Activity& b, v1::ConflictRecord* conflict) {
  const Footprint at_a = KnownFootprint(a);
  const Footprint at_b = KnownFootprint(b);
  if (a.has_window() && b.has_window() && WindowsCollide(at_a, at_b)) {
    const TimeSpan overlap = OverlapOf(at_a, at_b);
    *conflict->mutable_overlap()->mutable_start() = ToProto(overlap.start);
    *conflict->mutable_overlap()->mutable_end() = ToProto(overlap.end);
  }
  const bool placed = a.has_center() && a.location_verified() && b.has_center() && b.location_verified();
  if (placed) conflict->set_distance(DistanceBandOf(at_a, at_b));
}

}  // namespace

std::string ActivityName(absl::string_view agency_id, absl::string_view activity_id) {
  return absl::StrCat(agency_id, " ", activity_id);
}

std::string ActivityName(const v1::ActivityRecord& record) {
  return ActivityName(record.agency_id(), record.activity().activity_id());
}

absl::StatusOr<ReadTargets> ReadTargetsOf(const v1::Activity& activity) {
  ReadTargets read;
  for (int i = 0; i < activity.targets_size(); ++i) {
    const v1::Target& target = activity.targets(i);
    absl::StatusOr<NormalizedIdentifier> one = NormalizeIdentifier(target.kind(), target.value(), target.state());
    if (!one.ok()) {
      return Refusal(v1::ERROR_REASON_MALFORMED, absl::StrCat("activity.targets[", i, "]: ", one.status().message()),
                     "C9");
    }
    if (one->is_indeterminate()) {
      read.incomplete = true;
    } else {
      read.identifiers.emplace_back(one->kind, std::move(one->value));
    }
  }
  std::sort(read.identifiers.begin(), read.identifiers.end());
  read.identifiers.erase(std::unique(read.identifiers.begin(), read.identifiers.end()), read.identifiers.end());
  return read;
}

EnteredActivity Entered(v1::ActivityRecord record) {
  EnteredActivity entered;
  entered.record = std::move(record);
  if (absl::StatusOr<ReadTargets> read = ReadTargetsOf(entered.activity()); read.ok()) {
    entered.identifiers = std::move(read->identifiers);
  }
  return entered;
}

std::vector<v1::IndeterminateReason> IndeterminateReasons(const v1::Activity& activity, bool targets_incomplete) {
  std::vector<v1::IndeterminateReason> reasons;
  if (!activity.has_window()) reasons.push_back(v1::INDETERMINATE_REASON_NO_WINDOW);
  if (!activity.has_center()) {
    reasons.push_back(v1::INDETERMINATE_REASON_NO_LOCATION);
  } else if (!activity.location_verified()) {
    reasons.push_back(v1::INDETERMINATE_REASON_LOCATION_NOT_VERIFIED);
  }
  if (targets_incomplete) reasons.push_back(v1::INDETERMINATE_REASON_IDENTIFIER_INCOMPLETE);
  return reasons;
}

std::optional<Footprint> FootprintOf(const v1::Activity& activity) {
  if (!activity.has_window() || !activity.has_center() || !activity.location_verified()) return std::nullopt;
  return KnownFootprint(activity);
}

absl::Time SpaceTimeOver(const EnteredActivity& activity) {
  const std::optional<Footprint> footprint = FootprintOf(activity.activity());
  // Another that starts now still collides until the padding of both has passed.
  return footprint.has_value() ? footprint->end + 2 * kWindowPadding : absl::InfinitePast();
}

absl::Time TargetsOver(const EnteredActivity& activity) {
  return activity.identifiers.empty() ? absl::InfinitePast() : SpanOf(activity.record).end + kTargetReach;
}

Meeting MeetingOf(const EnteredActivity& a, const EnteredActivity& b, absl::Time at) {
  Meeting meeting;
  const bool both_planned =
      a.record.state() == v1::ACTIVITY_STATE_ENTERED && b.record.state() == v1::ACTIVITY_STATE_ENTERED;
  const bool is_itself = ActivityName(a.record) == ActivityName(b.record);
  if (!both_planned || is_itself || a.activity().mode() != b.activity().mode()) return meeting;
  const absl::Time later_end = LaterEnd(a.activity(), b.activity());
  const std::optional<Footprint> at_a = FootprintOf(a.activity());
  const std::optional<Footprint> at_b = FootprintOf(b.activity());
  meeting.in_space_and_time = at_a.has_value() && at_b.has_value() && later_end > at && Collide(*at_a, *at_b);
  if (later_end + kTargetReach > at && WithinReach(SpanOf(a.record), SpanOf(b.record))) {
    std::set_intersection(a.identifiers.begin(), a.identifiers.end(), b.identifiers.begin(), b.identifiers.end(),
                          std::back_inserter(meeting.identifiers));
  }
  return meeting;
}

std::string ConflictIdOf(absl::string_view name_a, absl::string_view name_b) {
  const std::string digest =
      Sha256().UpdateSized(std::min(name_a, name_b)).UpdateSized(std::max(name_a, name_b)).Finish();
  return absl::StrCat("c-", absl::BytesToHexString(digest.substr(0, 16)));
}

v1::ConflictRecord ConflictOf(const EnteredActivity& a, const EnteredActivity& b, const Meeting& meeting,
                              absl::Time at) {
  if (ActivityName(b.record) < ActivityName(a.record)) return ConflictOf(b, a, meeting, at);
  v1::ConflictRecord conflict;
  conflict.set_conflict_id(ConflictIdOf(ActivityName(a.record), ActivityName(b.record)));
  if (meeting.in_space_and_time) conflict.add_kinds(v1::CONFLICT_KIND_ACTIVITY);
  if (!meeting.identifiers.empty()) conflict.add_kinds(v1::CONFLICT_KIND_TARGET);
  for (const auto& [kind, value] : meeting.identifiers) {
    const int known = conflict.matched_target_kinds_size();
    if (known == 0 || conflict.matched_target_kinds(known - 1) != kind) conflict.add_matched_target_kinds(kind);
  }
  SetTimeAndPlace(a.activity(), b.activity(), &conflict);
  *conflict.add_parties() = PartyOf(a, b);
  *conflict.add_parties() = PartyOf(b, a);
  const absl::Time respond_by = RespondBy(a.activity(), b.activity(), meeting.in_space_and_time, at);
  if (respond_by != absl::InfiniteFuture()) *conflict.mutable_respond_by() = ToProto(respond_by);
  conflict.set_mode(a.activity().mode());
  return conflict;
}

bool IsOpen(const v1::ConflictRecord& conflict) {
  switch (conflict.state()) {
    case v1::CONFLICT_STATE_OPEN:
    case v1::CONFLICT_STATE_OWNED:
    case v1::CONFLICT_STATE_NOTIFIED:
    case v1::CONFLICT_STATE_CONTACT_MADE:
    case v1::CONFLICT_STATE_ESCALATED:
      return true;
    default:
      return false;
  }
}

bool ConcernsSealed(const v1::ConflictRecord& conflict) {
  return std::any_of(conflict.parties().begin(), conflict.parties().end(),
                     [](const v1::ConflictParty& party) { return party.sensitivity() == v1::SENSITIVITY_SEALED; });
}

bool AwaitsEscalation(const v1::ConflictRecord& conflict) {
  if (!IsOpen(conflict) || !conflict.has_respond_by()) return false;
  return !conflict.has_escalated_at() || FromProto(conflict.escalated_at()) < FromProto(conflict.respond_by());
}

absl::Time ExpiryOf(const v1::ConflictRecord& conflict) {
  const absl::Time later_end = LaterEnd(conflict.parties(0), conflict.parties(1));
  const bool in_space_and_time = conflict.kinds(0) == v1::CONFLICT_KIND_ACTIVITY;
  return in_space_and_time ? later_end : later_end + kTargetReach;
}

}  // namespace muster
