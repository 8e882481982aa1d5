// Rules C7, C8 and C10: what an alert carries, how a conflict lives, and what happens without a watch desk.
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

class ConflictLife : public ::testing::Test {
 protected:
  explicit ConflictLife(bool with_desk = true) {
    SetUpAgencies(&world_, with_desk);
    world_.MustSubmit("alpha", EnterActivity(a_));
    SetWindow(&b_, 5, 8);
    world_.MustSubmit("bravo", EnterActivity(b_));
    id_ = OnlyConflict(world_).conflict_id();
  }
  v1::ConflictState State() const { return OnlyConflict(world_).state(); }
  v1::ErrorReason Refused(absl::string_view agency_id, const v1::Submission& submission) {
    return world_.Submit(agency_id, submission).rejected().reason();
  }
  absl::Time RespondBy() const { return FromProto(a_.window().start()) - absl::Minutes(30); }

  World world_;
  v1::Activity a_ = MakeActivity(1);
  v1::Activity b_ = MakeActivity(2);
  std::string id_;
};

class WithoutDesk : public ConflictLife {
 protected:
  WithoutDesk() : ConflictLife(false) {}
};

// ---- C7 ----------------------------------------------------------------------------------------------------------

TEST_F(ConflictLife, C7AnAlertCarriesTheOtherSidesContactAndWhenToRespond) {
  const v1::Alert alert = AlertsTo(world_, "alpha").back();
  EXPECT_EQ(alert.conflict_id(), id_);
  EXPECT_THAT(alert.kinds(), ElementsAre(v1::CONFLICT_KIND_ACTIVITY));
  EXPECT_EQ(alert.state(), v1::CONFLICT_STATE_OPEN);
  EXPECT_EQ(FromProto(alert.overlap().start()), FromProto(b_.window().start()));
  EXPECT_EQ(FromProto(alert.overlap().end()), FromProto(a_.window().end()));
  EXPECT_EQ(alert.distance(), v1::DISTANCE_BAND_OVERLAPPING);
  EXPECT_EQ(alert.other_agency_id(), "bravo");
  EXPECT_EQ(alert.other_contact_name(), b_.contact_name());
  EXPECT_EQ(alert.other_contact_phone_24h(), b_.contact_phone_24h());
  EXPECT_EQ(FromProto(alert.respond_by()), RespondBy());
  EXPECT_EQ(alert.activity_id(), a_.activity_id());
  EXPECT_EQ(alert.mode(), v1::OPERATION_MODE_ACTUAL);
}

TEST(Alerts, C7NothingOfATargetButItsKindReachesTheOtherSideOrTheDesk) {
  World world;
  SetUpAgencies(&world);
  v1::Activity a = MakeActivity(1);
  AddTarget(&a, v1::TARGET_KIND_PHONE, "(502) 555-0177");
  AddTarget(&a, v1::TARGET_KIND_PERSON, "Secret Person");
  a.set_reasonable_suspicion_reference("case-of-alpha");
  v1::Activity b = MakeActivity(2);
  AddTarget(&b, v1::TARGET_KIND_PHONE, "502.555.0177");
  b.set_reasonable_suspicion_reference("case-of-bravo");
  world.MustSubmit("alpha", EnterActivity(a));
  world.MustSubmit("bravo", EnterActivity(b));
  EXPECT_THAT(AlertsTo(world, "bravo").back().matched_target_kinds(), ElementsAre(v1::TARGET_KIND_PHONE));
  for (const char* secret : {"555-0177", "Secret Person", "case-of-alpha", "15025550177"}) {
    EXPECT_FALSE(absl::StrContains(world.FeedBytes("bravo"), secret)) << secret;
  }
  for (const char* secret : {"555-0177", "555.0177", "Secret Person", "15025550177"}) {
    EXPECT_FALSE(absl::StrContains(world.FeedBytes("desk"), secret)) << secret;
  }
}

// ---- C8 ----------------------------------------------------------------------------------------------------------

TEST_F(ConflictLife, C8GoesForwardOnlyThroughDeskAndParties) {
  world_.MustSubmit("desk", AdvanceConflict(id_, v1::CONFLICT_STATE_OWNED));
  EXPECT_EQ(OnlyConflict(world_).owner_agency_id(), "desk");
  world_.MustSubmit("alpha", AdvanceConflict(id_, v1::CONFLICT_STATE_CONTACT_MADE));
  EXPECT_EQ(Refused("desk", AdvanceConflict(id_, v1::CONFLICT_STATE_NOTIFIED)), v1::ERROR_REASON_WRONG_PHASE);
  EXPECT_EQ(Refused("desk", AdvanceConflict(id_, v1::CONFLICT_STATE_RESOLVED)), v1::ERROR_REASON_MALFORMED);
  world_.MustSubmit("desk", ResolveConflict(id_, v1::CONFLICT_RESOLUTION_JOINT));
  EXPECT_EQ(Refused("desk", ResolveConflict(id_)), v1::ERROR_REASON_WRONG_PHASE);
  const v1::Alert alert = AlertsTo(world_, "bravo").back();
  EXPECT_EQ(alert.resolution(), v1::CONFLICT_RESOLUTION_JOINT);
  ASSERT_THAT(alert.steps(), SizeIs(4));
  EXPECT_EQ(alert.steps(3).agency_id(), "desk");
  EXPECT_EQ(alert.steps(3).post(), "command");
  EXPECT_EQ(alert.steps(3).text(), "both sergeants agree");
}

TEST_F(ConflictLife, C8OnlyADeskOwnsAConflict) {
  EXPECT_EQ(Refused("alpha", AdvanceConflict(id_, v1::CONFLICT_STATE_OWNED)), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(State(), v1::CONFLICT_STATE_OPEN);
}

TEST_F(ConflictLife, C8ResolvingNeedsAListedOutcomeAndAText) {
  EXPECT_EQ(Refused("desk", ResolveConflict(id_, v1::CONFLICT_RESOLUTION_UNSPECIFIED)), v1::ERROR_REASON_MALFORMED);
  v1::Submission silent = ResolveConflict(id_);
  silent.mutable_resolve_conflict()->clear_text();
  EXPECT_EQ(world_.Submit("desk", silent).rejected().rule(), "C8");
  EXPECT_EQ(State(), v1::CONFLICT_STATE_OPEN);
}

TEST_F(ConflictLife, C8AThirdAgencyIsRefusedAsIfThereWereNoConflict) {
  const v1::Outcome there = world_.Submit("charlie", ResolveConflict(id_));
  const v1::Outcome none = world_.Submit("charlie", ResolveConflict("c-none"));
  EXPECT_EQ(there.rejected().SerializeAsString(), none.rejected().SerializeAsString());
  EXPECT_EQ(there.rejected().reason(), v1::ERROR_REASON_NOT_FOUND);
}

TEST_F(ConflictLife, C8EscalatesThirtyMinutesBeforeTheEarlierStart) {
  world_.AdvanceTo(RespondBy() - absl::Nanoseconds(1));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_OPEN);
  world_.AdvanceTo(RespondBy());
  EXPECT_EQ(State(), v1::CONFLICT_STATE_ESCALATED);
  EXPECT_EQ(FromProto(OnlyConflict(world_).escalated_at()), RespondBy());
  ASSERT_THAT(EscalationsTo(world_, "desk"), SizeIs(1));
  EXPECT_THAT(EscalationsTo(world_, "desk")[0].contacts(), SizeIs(2));
  for (const auto& [reader, other] : {std::pair("alpha", b_), std::pair("bravo", a_)}) {
    ASSERT_THAT(EscalationsTo(world_, reader), SizeIs(1));
    ASSERT_THAT(EscalationsTo(world_, reader)[0].contacts(), SizeIs(1));
    EXPECT_EQ(EscalationsTo(world_, reader)[0].contacts(0).phone_24h(), other.contact_phone_24h());
    EXPECT_EQ(AlertsTo(world_, reader).back().state(), v1::CONFLICT_STATE_ESCALATED);
  }
  world_.MustSubmit("desk", AdvanceConflict(id_, v1::CONFLICT_STATE_OWNED));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_OWNED);
  world_.AdvanceTo(FromProto(a_.window().start()));
  EXPECT_THAT(EscalationsTo(world_, "desk"), SizeIs(1));
}

TEST_F(ConflictLife, C8AResolvedConflictDoesNotEscalate) {
  EXPECT_EQ(world_.state().NextDue(), RespondBy());
  world_.MustSubmit("desk", ResolveConflict(id_));
  // Nothing is left to happen but that the activities are over.
  EXPECT_EQ(world_.state().NextDue(), FromProto(a_.window().end()) + absl::Hours(1));
  world_.AdvanceTo(FromProto(b_.window().end()) + absl::Hours(1));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_RESOLVED);
  EXPECT_THAT(EscalationsTo(world_, "desk"), IsEmpty());
}

TEST_F(ConflictLife, C8ADelayMovesTheEscalation) {
  SetWindow(&a_, 6, 7);
  world_.MustSubmit("alpha", AmendActivity(a_));
  SetWindow(&b_, 6, 8);
  world_.MustSubmit("bravo", AmendActivity(b_));
  world_.AdvanceTo(RespondBy() - absl::Minutes(1));
  EXPECT_THAT(EscalationsTo(world_, "alpha"), IsEmpty());
  world_.Advance(absl::Minutes(1));
  EXPECT_THAT(EscalationsTo(world_, "alpha"), SizeIs(1));
}

TEST_F(ConflictLife, C8ExpiresWhenBothWindowsHavePassed) {
  world_.AdvanceTo(FromProto(b_.window().end()) - absl::Seconds(1));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_ESCALATED);
  world_.Advance(absl::Seconds(1));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_EXPIRED);
  EXPECT_EQ(AlertsTo(world_, "alpha").back().state(), v1::CONFLICT_STATE_EXPIRED);
  EXPECT_EQ(Refused("desk", ResolveConflict(id_)), v1::ERROR_REASON_WRONG_PHASE);
}

TEST(Entry, C8ALateEntryNeedsAReason) {
  for (const auto& [minutes_before, late] : {std::pair(30, false), std::pair(29, true), std::pair(-30, true)}) {
    World world;
    SetUpAgencies(&world);
    const v1::Activity activity = MakeActivity(1);
    world.AdvanceTo(FromProto(activity.window().start()) - absl::Minutes(minutes_before));
    const v1::Outcome outcome = world.Submit("alpha", EnterActivity(activity));
    EXPECT_EQ(outcome.rejected().rule(), late ? "C8" : "") << minutes_before;
    if (!late) continue;
    world.MustSubmit("alpha", EnterActivity(activity, "the tip came an hour ago"));
    EXPECT_EQ(ActivitiesTo(world, "desk").back().reason(), "the tip came an hour ago");
  }
}

TEST(Entry, C8AConflictOpenedAfterItsRespondByEscalatesAtOnce) {
  World world;
  SetUpAgencies(&world);
  const v1::Activity a = MakeActivity(1);
  world.MustSubmit("alpha", EnterActivity(a));
  world.AdvanceTo(FromProto(a.window().start()) - absl::Minutes(10));
  const v1::Outcome outcome = world.MustSubmit("bravo", EnterActivity(MakeActivity(2), "late tip"));
  EXPECT_EQ(AnswerOf(outcome).alerts(0).state(), v1::CONFLICT_STATE_ESCALATED);
  EXPECT_THAT(EscalationsTo(world, "alpha"), SizeIs(1));
  EXPECT_THAT(AlertsTo(world, "alpha"), SizeIs(1));
  world.Advance(absl::Hours(1));
  EXPECT_THAT(EscalationsTo(world, "alpha"), SizeIs(1));
}

TEST(Entry, C9AConflictOfTargetsExpiresNinetyDaysAfterTheLaterEnd) {
  World world;
  SetUpAgencies(&world);
  v1::Activity a = MakeActivity(1);
  AddTarget(&a, v1::TARGET_KIND_PHONE, "502 555 0100");
  v1::Activity b = MakeActivity(2);
  MoveNorth(&b, 50'000);
  AddTarget(&b, v1::TARGET_KIND_PHONE, "502 555 0100");
  world.MustSubmit("alpha", EnterActivity(a));
  world.MustSubmit("bravo", EnterActivity(b));
  world.AdvanceTo(FromProto(a.window().end()) + absl::Hours(24 * 90) - absl::Seconds(1));
  EXPECT_EQ(OnlyConflict(world).state(), v1::CONFLICT_STATE_ESCALATED);
  world.Advance(absl::Seconds(1));
  EXPECT_EQ(OnlyConflict(world).state(), v1::CONFLICT_STATE_EXPIRED);
}

// ---- C10 ---------------------------------------------------------------------------------------------------------

TEST_F(WithoutDesk, C10PartiesAreToldAndMayResolve) {
  EXPECT_THAT(AlertsTo(world_, "alpha"), SizeIs(1));
  EXPECT_THAT(AlertsTo(world_, "bravo"), SizeIs(1));
  world_.MustSubmit("bravo", AdvanceConflict(id_, v1::CONFLICT_STATE_CONTACT_MADE));
  world_.MustSubmit("alpha", ResolveConflict(id_, v1::CONFLICT_RESOLUTION_DELAY));
  EXPECT_EQ(State(), v1::CONFLICT_STATE_RESOLVED);
  EXPECT_EQ(AlertsTo(world_, "bravo").back().resolution(), v1::CONFLICT_RESOLUTION_DELAY);
}

TEST_F(WithoutDesk, C10EscalationReachesThePartiesDirectly) {
  world_.AdvanceTo(RespondBy());
  EXPECT_THAT(EscalationsTo(world_, "alpha"), SizeIs(1));
  EXPECT_THAT(EscalationsTo(world_, "bravo"), SizeIs(1));
}

TEST_F(ConflictLife, C10WhereADeskKeepsWatchAPartyDoesNotResolve) {
  const v1::Outcome outcome = world_.Submit("alpha", ResolveConflict(id_));
  EXPECT_EQ(outcome.rejected().rule(), "C10");
  world_.MustSubmit(kRegistrar, SetStanding("desk", v1::AGENCY_STANDING_SUSPENDED));
  world_.MustSubmit("alpha", ResolveConflict(id_));
}

TEST_F(ConflictLife, C10AReinstatedPartyIsToldOfItsOpenConflicts) {
  world_.MustSubmit(kRegistrar, SetStanding("bravo", v1::AGENCY_STANDING_SUSPENDED));
  a_.set_contact_phone_24h("+15735550199");
  world_.MustSubmit("alpha", AmendActivity(a_));
  EXPECT_THAT(AlertsTo(world_, "bravo"), SizeIs(1));
  world_.MustSubmit(kRegistrar, SetStanding("bravo", v1::AGENCY_STANDING_ACTIVE));
  ASSERT_THAT(AlertsTo(world_, "bravo"), SizeIs(2));
  EXPECT_EQ(AlertsTo(world_, "bravo")[1].other_contact_phone_24h(), "+15735550199");
}

}  // namespace
}  // namespace muster
