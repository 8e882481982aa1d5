#include "server/state/activities/activity_book.h"

#include <utility>

#include "common/clock.h"

namespace muster {
namespace {

ActivityKey KeyOf(const v1::ActivityRecord& record) { return {record.agency_id(), record.activity().activity_id()}; }

// Those that an activity in the indexes has, unless they are past: once for each index.
std::vector<Timer> TimersOf(const EnteredActivity& activity, absl::Time after) {
  std::vector<Timer> timers;
  for (const absl::Time due : {SpaceTimeOver(activity), TargetsOver(activity)}) {
    if (due > after) timers.push_back({due, Timer::Kind::kActivityOver, ActivityName(activity.record)});
  }
  return timers;
}

std::vector<Timer> TimersOf(const v1::ConflictRecord& conflict) {
  std::vector<Timer> timers;
  if (!IsOpen(conflict)) return timers;
  if (AwaitsEscalation(conflict)) {
    timers.push_back({FromProto(conflict.respond_by()), Timer::Kind::kConflictEscalation, conflict.conflict_id()});
  }
  if (const absl::Time expiry = ExpiryOf(conflict); expiry != absl::InfiniteFuture()) {
    timers.push_back({expiry, Timer::Kind::kConflictExpiry, conflict.conflict_id()});
  }
  return timers;
}

std::string NameOf(const v1::ConflictParty& party) { return ActivityName(party.agency_id(), party.activity_id()); }

}  // namespace

const EnteredActivity* ActivityBook::FindActivity(absl::string_view name) const {
  const auto it = activities_.find(name);
  return it == activities_.end() ? nullptr : &it->second;
}

const v1::ConflictRecord* ActivityBook::FindConflict(absl::string_view conflict_id) const {
  const auto it = conflicts_.find(conflict_id);
  return it == conflicts_.end() ? nullptr : &it->second;
}

const std::set<std::string>& ActivityBook::ConflictsOf(absl::string_view name) const {
  static const auto* const kNone = new std::set<std::string>();
  const auto it = conflicts_of_.find(name);
  return it == conflicts_of_.end() ? *kNone : it->second;
}

const EnteredActivity& ActivityBook::PutActivity(v1::ActivityRecord record, absl::Time at, Timers* timers) {
  EnteredActivity& place = activities_[ActivityName(record)];
  TakeOut(place, timers);
  place = Entered(std::move(record));
  Index(place, at, timers);
  return place;
}

void ActivityBook::PutConflict(v1::ConflictRecord conflict, Timers* timers) {
  Link(conflict);
  v1::ConflictRecord& place = conflicts_[conflict.conflict_id()];
  for (const Timer& timer : TimersOf(place)) timers->Cancel(timer);
  place = std::move(conflict);
  for (const Timer& timer : TimersOf(place)) timers->Set(timer);
}

std::vector<std::string> ActivityBook::MayMeet(const EnteredActivity& activity, absl::Time at) const {
  const std::string name = ActivityName(activity.record);
  std::set<std::string> names;
  if (SpaceTimeOver(activity) > at) {
    for (const ActivityKey& key : space_time_.Colliding(*FootprintOf(activity.activity()))) {
      names.insert(ActivityName(key.first, key.second));
    }
  }
  for (const Identifier& identifier : activity.identifiers) {
    if (TargetsOver(activity) <= at) break;
    const Target target = TargetOf(activity, identifier);
    for (auto it = by_identifier_.lower_bound({target, ""}); it != by_identifier_.end() && it->first == target; ++it) {
      names.insert(it->second);
    }
  }
  for (const std::string& conflict_id : ConflictsOf(name)) {
    for (const v1::ConflictParty& party : FindConflict(conflict_id)->parties()) names.insert(NameOf(party));
  }
  names.erase(name);
  return {names.begin(), names.end()};
}

void ActivityBook::LetGo(absl::string_view name, absl::Time at) {
  const EnteredActivity* activity = FindActivity(name);
  if (activity == nullptr) return;
  if (SpaceTimeOver(*activity) <= at) space_time_.Remove(KeyOf(activity->record));
  if (TargetsOver(*activity) <= at) TakeOutOfTargets(*activity);
}

ActivityBook::Target ActivityBook::TargetOf(const EnteredActivity& activity, const Identifier& identifier) {
  return {activity.activity().mode(), identifier.first, identifier.second};
}

void ActivityBook::Index(const EnteredActivity& activity, absl::Time at, Timers* timers) {
  if (activity.record.state() != v1::ACTIVITY_STATE_ENTERED) return;
  if (SpaceTimeOver(activity) > at) space_time_.Add(KeyOf(activity.record), *FootprintOf(activity.activity()));
  if (TargetsOver(activity) > at) {
    for (const Identifier& identifier : activity.identifiers) {
      by_identifier_.insert({TargetOf(activity, identifier), ActivityName(activity.record)});
    }
  }
  for (Timer& timer : TimersOf(activity, at)) timers->Set(std::move(timer));
}

void ActivityBook::TakeOut(const EnteredActivity& activity, Timers* timers) {
  space_time_.Remove(KeyOf(activity.record));
  TakeOutOfTargets(activity);
  for (const Timer& timer : TimersOf(activity, absl::InfinitePast())) timers->Cancel(timer);
}

void ActivityBook::TakeOutOfTargets(const EnteredActivity& activity) {
  for (const Identifier& identifier : activity.identifiers) {
    by_identifier_.erase({TargetOf(activity, identifier), ActivityName(activity.record)});
  }
}

void ActivityBook::Link(const v1::ConflictRecord& conflict) {
  for (const v1::ConflictParty& party : conflict.parties()) conflicts_of_[NameOf(party)].insert(conflict.conflict_id());
}

void ActivityBook::ToImage(storage::v1::StateImage* image) const {
  for (const auto& [name, activity] : activities_) *image->add_activities()->mutable_record() = activity.record;
  for (const auto& [id, conflict] : conflicts_) *image->add_conflicts()->mutable_record() = conflict;
}

void ActivityBook::FromImage(const storage::v1::StateImage& image, Timers* timers) {
  const absl::Time at = FromProto(image.last_accepted_at());
  for (const storage::v1::ActivityImage& saved : image.activities()) PutActivity(saved.record(), at, timers);
  for (const storage::v1::ConflictImage& saved : image.conflicts()) PutConflict(saved.record(), timers);
}

}  // namespace muster
