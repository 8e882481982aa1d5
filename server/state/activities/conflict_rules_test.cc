// Rules C1 to C6 and C9: what conflicts, and what the agencies are told of it.
#include "absl/strings/match.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/activities/testing/activity_support.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Enters it as `agency_id` and gives the verdict.
v1::DeconflictionVerdict Enter(World* world, absl::string_view agency_id, const v1::Activity& activity) {
  return AnswerOf(world->MustSubmit(agency_id, EnterActivity(activity))).verdict();
}

// ---- C1 ----------------------------------------------------------------------------------------------------------

TEST(Conflicts, C1OneConflictPerUnorderedPairAndBothSidesAreTold) {
  World world;
  SetUpAgencies(&world);
  EXPECT_EQ(Enter(&world, "alpha", MakeActivity(1)), v1::DECONFLICTION_VERDICT_CLEAR);
  const v1::Outcome outcome = world.MustSubmit("bravo", EnterActivity(MakeActivity(2)));
  EXPECT_EQ(AnswerOf(outcome).verdict(), v1::DECONFLICTION_VERDICT_CONFLICT);
  const v1::ConflictRecord conflict = OnlyConflict(world);
  ASSERT_THAT(AlertsTo(world, "alpha"), SizeIs(1));
  ASSERT_THAT(AlertsTo(world, "bravo"), SizeIs(1));
  EXPECT_EQ(AlertsTo(world, "alpha")[0].conflict_id(), conflict.conflict_id());
  EXPECT_EQ(AlertsTo(world, "bravo")[0].conflict_id(), conflict.conflict_id());
  EXPECT_EQ(AlertsTo(world, "bravo")[0].SerializeAsString(), AnswerOf(outcome).alerts(0).SerializeAsString());
}

TEST(Conflicts, C1TheOrderOfEntryDoesNotMatter) {
  World one, other;
  for (World* world : {&one, &other}) SetUpAgencies(world);
  Enter(&one, "alpha", MakeActivity(1));
  Enter(&one, "bravo", MakeActivity(2));
  Enter(&other, "bravo", MakeActivity(2));
  Enter(&other, "alpha", MakeActivity(1));
  EXPECT_EQ(OnlyConflict(one).SerializeAsString(), OnlyConflict(other).SerializeAsString());
}

TEST(Conflicts, C1AnActivityNeverConflictsWithItself) {
  World world;
  SetUpAgencies(&world);
  v1::Activity activity = MakeActivity(1);
  AddTarget(&activity, v1::TARGET_KIND_PHONE, "502 555 0100");
  EXPECT_EQ(Enter(&world, "alpha", activity), v1::DECONFLICTION_VERDICT_CLEAR);
  MoveNorth(&activity, 10);
  EXPECT_EQ(AnswerOf(world.MustSubmit("alpha", AmendActivity(activity))).verdict(), v1::DECONFLICTION_VERDICT_CLEAR);
  EXPECT_THAT(world.state().activities().conflicts(), IsEmpty());
}

TEST(Conflicts, C1PlaceAndTargetTogetherAreOneConflictOfBothKinds) {
  World world;
  SetUpAgencies(&world);
  for (const auto& [agency_id, salt] : {std::pair("alpha", 1), std::pair("bravo", 2)}) {
    v1::Activity activity = MakeActivity(static_cast<uint64_t>(salt));
    AddTarget(&activity, v1::TARGET_KIND_PHONE, "502 555 0100");
    Enter(&world, agency_id, activity);
  }
  EXPECT_THAT(OnlyConflict(world).kinds(), ElementsAre(v1::CONFLICT_KIND_ACTIVITY, v1::CONFLICT_KIND_TARGET));
}

TEST(Conflicts, C1TwoActivitiesOfOneAgencyConflictAndGiveItTwoAlerts) {
  World world;
  SetUpAgencies(&world);
  Enter(&world, "alpha", MakeActivity(1));
  Enter(&world, "alpha", MakeActivity(2));
  const std::vector<v1::Alert> alerts = AlertsTo(world, "alpha");
  ASSERT_THAT(alerts, SizeIs(2));
  EXPECT_NE(alerts[0].activity_id(), alerts[1].activity_id());
}

TEST(Conflicts, C1TwoAgenciesMayUseTheSameActivityId) {
  World world;
  SetUpAgencies(&world);
  Enter(&world, "alpha", MakeActivity(1));
  Enter(&world, "bravo", MakeActivity(1));
  EXPECT_EQ(OnlyConflict(world).parties(0).activity_id(), OnlyConflict(world).parties(1).activity_id());
}

TEST(Conflicts, C1ActivitiesOfDifferentModesDoNotMeet) {
  World world;
  SetUpAgencies(&world);
  Enter(&world, "alpha", MakeActivity(1));
  v1::Activity exercise = MakeActivity(2);
  exercise.set_mode(v1::OPERATION_MODE_EXERCISE);
  EXPECT_EQ(Enter(&world, "bravo", exercise), v1::DECONFLICTION_VERDICT_CLEAR);
  v1::Activity test = MakeActivity(3);
  test.set_mode(v1::OPERATION_MODE_EXERCISE);
  Enter(&world, "charlie", test);
  EXPECT_EQ(OnlyConflict(world).mode(), v1::OPERATION_MODE_EXERCISE);
  EXPECT_EQ(world.FeedOf("bravo").back().notice.mode(), v1::OPERATION_MODE_EXERCISE);
}

// ---- C2 ----------------------------------------------------------------------------------------------------------

TEST(Conflicts, C2WidenedWindowsThatOnlyTouchDoNotConflict) {
  for (const auto& [starts_at, conflicts] : {std::pair(7.0, 0u), std::pair(6.99, 1u), std::pair(5.0, 1u)}) {
    World world;
    SetUpAgencies(&world);
    Enter(&world, "alpha", MakeActivity(1));  // Ends at 6.
    v1::Activity later = MakeActivity(2);
    SetWindow(&later, starts_at, 9);
    Enter(&world, "bravo", later);
    EXPECT_THAT(world.state().activities().conflicts(), SizeIs(conflicts)) << starts_at;
  }
}

TEST(Conflicts, C2DiscsThatDoNotTouchDoNotConflict) {
  for (const auto& [meters, conflicts] : {std::pair(570.0, 1u), std::pair(590.0, 0u)}) {
    World world;
    SetUpAgencies(&world);
    Enter(&world, "alpha", MakeActivity(1));
    v1::Activity away = MakeActivity(2);
    MoveNorth(&away, meters);
    Enter(&world, "bravo", away);
    EXPECT_THAT(world.state().activities().conflicts(), SizeIs(conflicts)) << meters;
  }
}

// ---- C4 ----------------------------------------------------------------------------------------------------------

class TwoInConflict : public ::testing::Test {
 protected:
  TwoInConflict() {
    SetUpAgencies(&world_);
    world_.MustSubmit("alpha", EnterActivity(a_));
    world_.MustSubmit("bravo", EnterActivity(b_));
    id_ = OnlyConflict(world_).conflict_id();
  }
  v1::ConflictState State() const { return OnlyConflict(world_).state(); }

  World world_;
  v1::Activity a_ = MakeActivity(1);
  v1::Activity b_ = MakeActivity(2);
  std::string id_;
};

TEST_F(TwoInConflict, C4MovingAwayCancelsItAndTellsBoth) {
  MoveNorth(&a_, 5000);
  EXPECT_EQ(AnswerOf(world_.MustSubmit("alpha", AmendActivity(a_))).verdict(), v1::DECONFLICTION_VERDICT_CLEAR);
  EXPECT_EQ(State(), v1::CONFLICT_STATE_CANCELLED);
  for (const char* agency_id : {"alpha", "bravo"}) {
    EXPECT_EQ(AlertsTo(world_, agency_id).back().state(), v1::CONFLICT_STATE_CANCELLED) << agency_id;
  }
  EXPECT_EQ(ConflictsTo(world_, "desk").back().state(), v1::CONFLICT_STATE_CANCELLED);
}

TEST_F(TwoInConflict, C4MovingBackOpensItAgainUnderTheSameId) {
  MoveNorth(&a_, 5000);
  world_.MustSubmit("alpha", AmendActivity(a_));
  a_.mutable_center()->set_latitude(b_.center().latitude());
  EXPECT_EQ(AnswerOf(world_.MustSubmit("alpha", AmendActivity(a_))).verdict(), v1::DECONFLICTION_VERDICT_CONFLICT);
  EXPECT_EQ(State(), v1::CONFLICT_STATE_OPEN);
  EXPECT_EQ(AlertsTo(world_, "bravo").back().conflict_id(), id_);
}

TEST_F(TwoInConflict, C4CancellingClosesOpenConflictsAndTellsBoth) {
  world_.MustSubmit("bravo", CancelActivity(b_));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_CANCELLED);
  EXPECT_EQ(AlertsTo(world_, "alpha").back().state(), v1::CONFLICT_STATE_CANCELLED);
  EXPECT_EQ(AlertsTo(world_, "bravo").back().state(), v1::CONFLICT_STATE_CANCELLED);
  EXPECT_FALSE(absl::StrContains(world_.FeedBytes("alpha"), "warrant was not signed"));
  EXPECT_EQ(Enter(&world_, "charlie", MakeActivity(3)), v1::DECONFLICTION_VERDICT_CONFLICT);  // With alpha's only.
  EXPECT_THAT(world_.state().activities().conflicts(), SizeIs(2));
}

TEST_F(TwoInConflict, C4ExtendingFindsWhatTheLongerWindowMeets) {
  v1::Activity later = MakeActivity(3);
  SetWindow(&later, 8, 9);
  EXPECT_EQ(Enter(&world_, "charlie", later), v1::DECONFLICTION_VERDICT_CLEAR);
  SetWindow(&a_, 4, 8);
  world_.MustSubmit("alpha", AmendActivity(a_));
  EXPECT_THAT(AlertsTo(world_, "charlie"), SizeIs(1));
  EXPECT_THAT(world_.state().activities().conflicts(), SizeIs(2));
}

TEST_F(TwoInConflict, C4NewFactsOpenAResolvedConflictAgain) {
  world_.MustSubmit("desk", ResolveConflict(id_));
  MoveNorth(&a_, 50);
  world_.MustSubmit("alpha", AmendActivity(a_));
  const v1::ConflictRecord conflict = OnlyConflict(world_);
  EXPECT_EQ(conflict.state(), v1::CONFLICT_STATE_OPEN);
  EXPECT_EQ(conflict.resolution(), v1::CONFLICT_RESOLUTION_UNSPECIFIED);
  EXPECT_THAT(conflict.steps(), SizeIs(3));
  EXPECT_EQ(AlertsTo(world_, "bravo").back().state(), v1::CONFLICT_STATE_OPEN);
}

TEST_F(TwoInConflict, C4ANewContactIsSentWithoutOpeningAResolvedConflict) {
  world_.MustSubmit("desk", ResolveConflict(id_));
  a_.set_contact_phone_24h("+15735550199");
  world_.MustSubmit("alpha", AmendActivity(a_));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_RESOLVED);
  EXPECT_EQ(AlertsTo(world_, "bravo").back().other_contact_phone_24h(), "+15735550199");
}

TEST_F(TwoInConflict, C4WhatChangesNothingForTheOtherSideTellsItNothing) {
  const std::string before = world_.FeedBytes("bravo");
  a_.set_kind(v1::ACTIVITY_KIND_RAID);
  world_.MustSubmit("alpha", AmendActivity(a_));
  EXPECT_EQ(world_.FeedBytes("bravo"), before);
}

TEST_F(TwoInConflict, C4AWatchDeskMayAmendAndCancelForTheOwner) {
  SetWindow(&a_, 10, 11);
  world_.MustSubmit("desk", AmendActivity(a_, "alpha"));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_CANCELLED);
  world_.MustSubmit("desk", CancelActivity(b_, "bravo"));
  EXPECT_EQ(ActivitiesTo(world_, "bravo").back().state(), v1::ACTIVITY_STATE_CANCELLED);
}

TEST_F(TwoInConflict, C4AForeignActivityIsRefusedLikeOneThatDoesNotExist) {
  const v1::Outcome foreign = world_.Submit("charlie", CancelActivity(a_, "alpha"));
  v1::Activity unknown = a_;
  unknown.set_activity_id(EntryId(77));
  const v1::Outcome none = world_.Submit("charlie", CancelActivity(unknown, "alpha"));
  EXPECT_EQ(foreign.rejected().reason(), v1::ERROR_REASON_NOT_FOUND);
  EXPECT_EQ(none.rejected().reason(), foreign.rejected().reason());
  EXPECT_EQ(none.rejected().message().size(), foreign.rejected().message().size());
  EXPECT_EQ(State(), v1::CONFLICT_STATE_OPEN);
}

TEST_F(TwoInConflict, C4ALateEntryStillMatches) {
  world_.AdvanceTo(FromProto(a_.window().start()) + absl::Minutes(20));
  const v1::Outcome outcome = world_.MustSubmit("charlie", EnterActivity(MakeActivity(3), "called at the last minute"));
  EXPECT_THAT(AnswerOf(outcome).alerts(), SizeIs(2));
}

// ---- C5, C6 ------------------------------------------------------------------------------------------------------

TEST(Conflicts, C5WhatIsNotKnownIsIndeterminateAndNeverClear) {
  struct Case {
    v1::IndeterminateReason reason;
    void (*leave_out)(v1::Activity*);
  };
  const Case cases[] = {
      {v1::INDETERMINATE_REASON_NO_WINDOW, [](v1::Activity* activity) { activity->clear_window(); }},
      {v1::INDETERMINATE_REASON_NO_LOCATION, [](v1::Activity* activity) { activity->clear_center(); }},
      {v1::INDETERMINATE_REASON_LOCATION_NOT_VERIFIED,
       [](v1::Activity* activity) { activity->set_location_verified(false); }},
      {v1::INDETERMINATE_REASON_IDENTIFIER_INCOMPLETE,
       [](v1::Activity* activity) { AddTarget(activity, v1::TARGET_KIND_PLATE, "AB1 C2D"); }}};
  for (const Case& one : cases) {
    World world;
    SetUpAgencies(&world);
    v1::Activity activity = MakeActivity(1);
    one.leave_out(&activity);
    const v1::Outcome outcome = world.MustSubmit("alpha", EnterActivity(activity));
    EXPECT_EQ(AnswerOf(outcome).verdict(), v1::DECONFLICTION_VERDICT_INDETERMINATE);
    EXPECT_THAT(AnswerOf(outcome).indeterminate(), ElementsAre(one.reason));
    ASSERT_THAT(ActivitiesTo(world, "desk"), SizeIs(1));
    EXPECT_THAT(ActivitiesTo(world, "desk")[0].indeterminate(), ElementsAre(one.reason));
  }
}

TEST(Conflicts, C5AnUnverifiedLocationIsMatchedOnceItIsVerified) {
  World world;
  SetUpAgencies(&world);
  Enter(&world, "alpha", MakeActivity(1));
  v1::Activity activity = MakeActivity(2);
  activity.set_location_verified(false);
  EXPECT_EQ(Enter(&world, "bravo", activity), v1::DECONFLICTION_VERDICT_INDETERMINATE);
  EXPECT_THAT(world.state().activities().conflicts(), IsEmpty());
  activity.set_location_verified(true);
  EXPECT_EQ(AnswerOf(world.MustSubmit("bravo", AmendActivity(activity))).verdict(), v1::DECONFLICTION_VERDICT_CONFLICT);
}

TEST(Conflicts, C5AConflictOutweighsWhatIsNotKnownButTheReasonsAreListed) {
  World world;
  SetUpAgencies(&world);
  for (const auto& [agency_id, salt] : {std::pair("alpha", 1), std::pair("bravo", 2)}) {
    v1::Activity activity = MakeActivity(static_cast<uint64_t>(salt));
    activity.clear_window();
    activity.clear_center();
    AddTarget(&activity, v1::TARGET_KIND_HANDLE, "@Nightfall");
    Enter(&world, agency_id, activity);
  }
  const v1::DeconflictionAnswer answer = AnswerOf(world.last_applied().outcome);
  EXPECT_EQ(answer.verdict(), v1::DECONFLICTION_VERDICT_CONFLICT);
  EXPECT_THAT(answer.indeterminate(),
              ElementsAre(v1::INDETERMINATE_REASON_NO_WINDOW, v1::INDETERMINATE_REASON_NO_LOCATION));
  EXPECT_FALSE(OnlyConflict(world).has_respond_by());
}

TEST(Conflicts, C6ClearEndsWithAnAlertToTheEarlierParty) {
  World world;
  SetUpAgencies(&world);
  const v1::Outcome clear = world.MustSubmit("alpha", EnterActivity(MakeActivity(1)));
  EXPECT_EQ(AnswerOf(clear).verdict(), v1::DECONFLICTION_VERDICT_CLEAR);
  const size_t up_to_clear = world.FeedOf("alpha").size();
  EXPECT_EQ(world.FeedOf("alpha").back().cursor, clear.cursor());
  world.clock().Advance(absl::Minutes(10));
  Enter(&world, "bravo", MakeActivity(2));
  ASSERT_EQ(world.FeedOf("alpha").size(), up_to_clear + 1);
  EXPECT_EQ(world.FeedOf("alpha").back().notice.alert().other_agency_id(), "bravo");
}

// ---- C9 ----------------------------------------------------------------------------------------------------------

// alpha and bravo name one target each, far apart, in windows that many days apart.
size_t TargetConflicts(v1::TargetKind kind, absl::string_view first, absl::string_view second, double days_apart = 0,
                       absl::string_view second_state = "MO") {
  World world;
  SetUpAgencies(&world);
  v1::Activity a = MakeActivity(1);
  AddTarget(&a, kind, first, "MO");
  v1::Activity b = MakeActivity(2);
  MoveNorth(&b, 500'000);
  SetWindow(&b, 6 + days_apart * 24, 8 + days_apart * 24);
  AddTarget(&b, kind, second, second_state);
  world.MustSubmit("alpha", EnterActivity(a));
  world.MustSubmit("bravo", EnterActivity(b));
  return world.state().activities().conflicts().size();
}

TEST(Conflicts, C9TheSameIdentifierInAnotherSpellingConflictsWhereverItIs) {
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_PHONE, "(502) 555-0100", "+1 502 555 0100"), 1);
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_PLATE, "ab1 c2d", "AB1C2D"), 1);
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_EMAIL, "x@Example.ORG", "x@example.org"), 1);
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_EMAIL, "x@example.org", "y@example.org"), 0);
}

TEST(Conflicts, C9APlateOfAnotherStateOrOfNoneDoesNotMatch) {
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_PLATE, "AB1C2D", "AB1C2D", 0, "KY"), 0);
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_PLATE, "AB1C2D", "AB1C2D", 0, ""), 0);
}

TEST(Conflicts, C9TheSameTargetConflictsWithinNinetyDays) {
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_PHONE, "502 555 0100", "502 555 0100", 90), 1);
  EXPECT_EQ(TargetConflicts(v1::TARGET_KIND_PHONE, "502 555 0100", "502 555 0100", 90.01), 0);
}

TEST(Conflicts, C9AnActivityWithoutAWindowCountsFromItsEntry) {
  for (const auto& [days, conflicts] : {std::pair(89, 1u), std::pair(91, 0u)}) {
    World world;
    SetUpAgencies(&world);
    v1::Activity open_ended = MakeActivity(1);
    open_ended.clear_window();
    AddTarget(&open_ended, v1::TARGET_KIND_HANDLE, "nightfall");
    Enter(&world, "alpha", open_ended);
    world.Advance(absl::Hours(24 * days));
    v1::Activity later = MakeActivity(2);
    SetWindow(&later, 24 * days + 2, 24 * days + 3);
    AddTarget(&later, v1::TARGET_KIND_HANDLE, "nightfall");
    Enter(&world, "bravo", later);
    EXPECT_THAT(world.state().activities().conflicts(), SizeIs(conflicts)) << days;
  }
}

TEST(Conflicts, C9AnInvalidIdentifierIsRefusedWithoutRepeatingIt) {
  World world;
  SetUpAgencies(&world);
  v1::Activity activity = MakeActivity(1);
  AddTarget(&activity, v1::TARGET_KIND_VIN, "1M8GDM9A0KP042788");  // The check digit is X.
  const v1::Outcome outcome = world.Submit("alpha", EnterActivity(activity));
  EXPECT_EQ(outcome.rejected().rule(), "C9");
  EXPECT_FALSE(absl::StrContains(outcome.rejected().message(), "042788"));
  EXPECT_THAT(world.state().activities().activities(), IsEmpty());
}

TEST(Conflicts, C9AnAmendmentThatDropsTheTargetCancelsTheConflict) {
  World world;
  SetUpAgencies(&world);
  v1::Activity a = MakeActivity(1);
  AddTarget(&a, v1::TARGET_KIND_IP, "192.0.2.1");
  v1::Activity b = MakeActivity(2);
  MoveNorth(&b, 9000);
  AddTarget(&b, v1::TARGET_KIND_IP, "::ffff:192.0.2.1");
  Enter(&world, "alpha", a);
  Enter(&world, "bravo", b);
  EXPECT_EQ(OnlyConflict(world).distance(), v1::DISTANCE_BAND_WITHIN_10_KM);
  a.clear_targets();
  world.MustSubmit("alpha", AmendActivity(a));
  EXPECT_EQ(OnlyConflict(world).state(), v1::CONFLICT_STATE_CANCELLED);
}

}  // namespace
}  // namespace muster
