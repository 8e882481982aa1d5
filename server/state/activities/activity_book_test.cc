// The book as a whole: exact (rule C3), restored from its image at any moment, and no dearer as history grows.
#include "server/state/activities/activity_book.h"

#include <map>
#include <random>
#include <set>

#include "common/clock.h"
#include "common/identifiers.h"
#include "common/testing/test_messages.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/deconfliction/geometry.h"
#include "server/state/activities/testing/activity_support.h"

namespace muster {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// ---- C3: a plain oracle --------------------------------------------------------------------------------------------

// What was entered last under a name, kept by the test.
struct Known {
  v1::Activity activity;
  bool cancelled = false;
};
using KnownActivities = std::map<std::string, Known>;

bool PlainlyInSpaceAndTime(const v1::Activity& a, const v1::Activity& b) {
  for (const v1::Activity* one : {&a, &b}) {
    if (!one->has_window() || !one->has_center() || !one->location_verified()) return false;
  }
  const absl::Duration hour = absl::Hours(1);
  if (FromProto(a.window().start()) >= FromProto(b.window().end()) + hour) return false;
  if (FromProto(b.window().start()) >= FromProto(a.window().end()) + hour) return false;
  const auto radius_m = [](const v1::Activity& one) { return one.radius_m() == 0 ? 289.56 : one.radius_m(); };
  return static_cast<double>(DistanceMm(a.center(), b.center())) <= (radius_m(a) + radius_m(b)) * 1000 + 0.5;
}

// All of the test's activities are entered at one moment, which counts for those without a window.
bool PlainlyInATarget(const v1::Activity& a, const v1::Activity& b, absl::Time entered_at) {
  const auto start = [&](const v1::Activity& x) { return x.has_window() ? FromProto(x.window().start()) : entered_at; };
  const auto end = [&](const v1::Activity& x) { return x.has_window() ? FromProto(x.window().end()) : entered_at; };
  if (start(a) - end(b) > absl::Hours(24 * 90) || start(b) - end(a) > absl::Hours(24 * 90)) return false;
  for (const v1::Target& target : a.targets()) {
    for (const v1::Target& other : b.targets()) {
      const auto mine = NormalizeIdentifier(target.kind(), target.value(), target.state());
      const auto others = NormalizeIdentifier(other.kind(), other.value(), other.state());
      if (mine->kind == others->kind && !mine->is_indeterminate() && mine->value == others->value) return true;
    }
  }
  return false;
}

using Kinds = std::set<int>;

// Every pair, tried.
std::map<std::string, Kinds> PlainConflicts(const KnownActivities& known, absl::Time entered_at) {
  std::map<std::string, Kinds> conflicts;
  for (auto a = known.begin(); a != known.end(); ++a) {
    for (auto b = std::next(a); b != known.end(); ++b) {
      if (a->second.cancelled || b->second.cancelled) continue;
      if (a->second.activity.mode() != b->second.activity.mode()) continue;
      Kinds kinds;
      if (PlainlyInSpaceAndTime(a->second.activity, b->second.activity)) kinds.insert(v1::CONFLICT_KIND_ACTIVITY);
      if (PlainlyInATarget(a->second.activity, b->second.activity, entered_at)) kinds.insert(v1::CONFLICT_KIND_TARGET);
      if (!kinds.empty())
        conflicts[a->first < b->first ? a->first + "|" + b->first : b->first + "|" + a->first] = kinds;
    }
  }
  return conflicts;
}

std::map<std::string, Kinds> OpenConflicts(const State& state) {
  std::map<std::string, Kinds> open;
  for (const auto& [id, conflict] : state.activities().conflicts()) {
    if (!IsOpen(conflict)) continue;
    const auto name = [&](int side) {
      return ActivityName(conflict.parties(side).agency_id(), conflict.parties(side).activity_id());
    };
    open[name(0) + "|" + name(1)] = Kinds(conflict.kinds().begin(), conflict.kinds().end());
  }
  return open;
}

v1::Activity RandomActivity(uint64_t salt, std::mt19937_64* random) {
  const auto below = [random](int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(*random); };
  v1::Activity activity = MakeActivity(salt);
  activity.set_mode(below(4) == 0 ? v1::OPERATION_MODE_EXERCISE : v1::OPERATION_MODE_ACTUAL);
  if (below(3) == 0) activity.set_sensitivity(v1::SENSITIVITY_SEALED);
  const double from = 1 + below(40) * (below(5) == 0 ? 60.0 : 0.5);
  SetWindow(&activity, from, from + 0.5 + below(6));
  MoveNorth(&activity, below(60) * 150.0);
  if (below(4) == 0) activity.set_radius_m(below(2000));
  if (below(12) == 0) activity.clear_window();
  if (below(12) == 0) activity.clear_center();
  if (below(12) == 0) activity.set_location_verified(false);
  constexpr const char* kPhones[] = {"502 555 0100", "+1 (502) 555-0100", "502 555 0101",
                                     "502.555.0102", "502 555 0103",      "555 0100"};
  if (below(3) == 0) AddTarget(&activity, v1::TARGET_KIND_PHONE, kPhones[below(6)]);
  constexpr const char* kStates[] = {"MO", "KY", ""};
  if (below(5) == 0) AddTarget(&activity, v1::TARGET_KIND_PLATE, below(2) == 0 ? "ab-12" : "AB 12", kStates[below(3)]);
  return activity;
}

TEST(ActivityBook, C3ThreeHundredRandomActivitiesConflictAsAPlainComparisonSays) {
  std::mt19937_64 random = SeededRandom();
  World world;
  SetUpAgencies(&world);
  const absl::Time now = world.clock().Now();
  constexpr const char* kAgencies[] = {"alpha", "bravo", "charlie"};
  KnownActivities known;
  for (uint64_t i = 0; i < 300; ++i) {
    const char* agency_id = kAgencies[random() % 3];
    const v1::Activity activity = RandomActivity(i, &random);
    world.MustSubmit(agency_id, EnterActivity(activity));
    known[ActivityName(agency_id, activity.activity_id())] = {activity, false};
    if (i % 5 != 4) continue;
    auto changed = known.begin();
    std::advance(changed, static_cast<long>(random() % known.size()));
    const std::string owner = changed->first.substr(0, changed->first.find(' '));
    if (changed->second.cancelled) continue;
    if (random() % 3 == 0) {
      world.MustSubmit(owner, CancelActivity(changed->second.activity));
      changed->second.cancelled = true;
      continue;
    }
    v1::Activity amended = RandomActivity(0, &random);
    amended.set_activity_id(changed->second.activity.activity_id());
    amended.set_mode(changed->second.activity.mode());
    amended.set_sensitivity(changed->second.activity.sensitivity());
    world.MustSubmit(owner, AmendActivity(amended));
    changed->second.activity = amended;
  }
  const std::map<std::string, Kinds> expected = PlainConflicts(known, now);
  EXPECT_GT(expected.size(), 100);
  EXPECT_EQ(OpenConflicts(world.state()), expected);
  State restored;
  restored.FromImage(world.state().ToImage());
  EXPECT_EQ(OpenConflicts(restored), expected);
  EXPECT_EQ(restored.activities().indexed_in_space_and_time(), world.state().activities().indexed_in_space_and_time());
  EXPECT_EQ(restored.activities().indexed_targets(), world.state().activities().indexed_targets());
}

// ---- The image ---------------------------------------------------------------------------------------------------

// A conflict of every state, timers that have fired and timers that wait.
void LiveALittle(World* world) {
  SetUpAgencies(world);
  v1::Activity a = MakeActivity(1);
  AddTarget(&a, v1::TARGET_KIND_PHONE, "502 555 0100");
  world->MustSubmit("alpha", EnterActivity(a));
  world->Advance(absl::Minutes(5));
  v1::Activity b = MakeActivity(2);
  b.set_sensitivity(v1::SENSITIVITY_SEALED);
  world->MustSubmit("bravo", EnterActivity(b));
  v1::Activity later = MakeActivity(3);
  SetWindow(&later, 6.5, 9);
  world->MustSubmit("charlie", EnterActivity(later));
  const std::string owned = ConflictIdOf(ActivityName("alpha", EntryId(1)), ActivityName("charlie", EntryId(3)));
  world->MustSubmit("desk", AdvanceConflict(owned, v1::CONFLICT_STATE_OWNED));
  world->Advance(absl::Hours(3.6));  // 03:41 after the start: past the first respond_by.
  SetWindow(&later, 6.6, 9);
  world->MustSubmit("charlie", AmendActivity(later));
  v1::Activity far = MakeActivity(4);
  MoveNorth(&far, 90'000);
  SetWindow(&far, 300, 301);
  AddTarget(&far, v1::TARGET_KIND_PHONE, "+15025550100");
  world->MustSubmit("bravo", EnterActivity(far));
  world->MustSubmit("desk", ResolveConflict(owned));
  v1::Activity gone = MakeActivity(5);
  world->MustSubmit("alpha", EnterActivity(gone, "late"));
  world->MustSubmit("alpha", CancelActivity(gone));
  world->Advance(absl::Hours(3));
  MoveNorth(&later, 20);
  world->MustSubmit("charlie", AmendActivity(later));
  world->Advance(absl::Hours(24 * 100));
  world->MustSubmit("charlie", EnterActivity(MakeActivity(6), "for the record"));
}

TEST(ActivityBook, C8AnImageAtAnyPointLeadsToTheSameStateAndNotices) {
  World world;
  LiveALittle(&world);
  for (size_t cut = 0; cut < world.events().size(); ++cut) {
    State one;
    for (size_t i = 0; i < cut; ++i) Replay(&one, world.events()[i]);
    State other;
    other.FromImage(one.ToImage());
    ASSERT_EQ(other.NextDue(), one.NextDue()) << "image after event " << cut;
    for (size_t i = cut; i < world.events().size(); ++i) {
      const Applied expected = Replay(&one, world.events()[i]);
      const Applied applied = Replay(&other, world.events()[i]);
      ASSERT_EQ(applied.outcome.SerializeAsString(), expected.outcome.SerializeAsString());
      ASSERT_EQ(applied.notices.size(), expected.notices.size()) << "image after " << cut << ", event " << i;
      for (size_t n = 0; n < applied.notices.size(); ++n)
        ASSERT_EQ(applied.notices[n].bytes, expected.notices[n].bytes);
    }
    ASSERT_EQ(other.Digest(), world.state().Digest()) << "image after event " << cut;
  }
}

TEST(ActivityBook, C8TheSmallLifeOfTheImageTestHasConflictsOfManyStates) {
  World world;
  LiveALittle(&world);
  std::set<int> states;
  for (const char* agency_id : {"alpha", "bravo", "charlie"}) {
    for (const v1::Alert& alert : AlertsTo(world, agency_id)) states.insert(alert.state());
  }
  EXPECT_THAT(states, ::testing::IsSupersetOf({int{v1::CONFLICT_STATE_OPEN}, int{v1::CONFLICT_STATE_OWNED},
                                               int{v1::CONFLICT_STATE_RESOLVED}, int{v1::CONFLICT_STATE_ESCALATED},
                                               int{v1::CONFLICT_STATE_EXPIRED}, int{v1::CONFLICT_STATE_CANCELLED}}));
}

// ---- Cost --------------------------------------------------------------------------------------------------------

TEST(ActivityBook, C3WhatIsOverLeavesTheIndexes) {
  World world;
  SetUpAgencies(&world);
  v1::Activity activity = MakeActivity(1);
  AddTarget(&activity, v1::TARGET_KIND_PHONE, "502 555 0100");
  world.MustSubmit("alpha", EnterActivity(activity));
  const ActivityBook& book = world.state().activities();
  const absl::Time end = FromProto(activity.window().end());
  world.AdvanceTo(end + absl::Minutes(59));
  EXPECT_EQ(book.indexed_in_space_and_time(), 1);
  world.AdvanceTo(end + absl::Minutes(60));
  EXPECT_EQ(book.indexed_in_space_and_time(), 0);
  EXPECT_EQ(book.indexed_targets(), 1);
  world.AdvanceTo(end + absl::Hours(24 * 90));
  EXPECT_EQ(book.indexed_targets(), 0);
  EXPECT_EQ(world.state().NextDue(), absl::InfiniteFuture());
  EXPECT_THAT(book.activities(), SizeIs(1));
}

TEST(ActivityBook, C4WhatIsCancelledLeavesTheIndexesAtOnce) {
  World world;
  SetUpAgencies(&world);
  v1::Activity activity = MakeActivity(1);
  AddTarget(&activity, v1::TARGET_KIND_PHONE, "502 555 0100");
  world.MustSubmit("alpha", EnterActivity(activity));
  world.MustSubmit("alpha", CancelActivity(activity));
  EXPECT_EQ(world.state().activities().indexed_in_space_and_time(), 0);
  EXPECT_EQ(world.state().activities().indexed_targets(), 0);
  EXPECT_EQ(world.state().NextDue(), absl::InfiniteFuture());
  EXPECT_THAT(world.state().activities().conflicts(), IsEmpty());
}

}  // namespace
}  // namespace muster
