// HOLD and ABORT (rules G2 and G4), and GO across restarts (rule G6).
#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/readiness/testing/go.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

class StopRules : public ::testing::Test {
 protected:
  StopRules() { SetUpOperation(&world_); }
  v1::Outcome Approve(int certificate, uint32_t epoch = 1) {
    return world_.SubmitAs(OperatorPrincipal("lead", certificate), ApproveGo(epoch, 1));
  }
  v1::Rejected Refused(absl::string_view agency_id, const v1::Submission& submission) {
    return world_.Submit(agency_id, submission).rejected();
  }
  v1::GoState GoStateFor(absl::string_view reader = "lead") const { return BoardOf(world_, reader).go().state(); }
  World world_;
};

TEST_F(StopRules, G2AHoldBeforeTheSecondApprovalRefusesGo) {
  MakeReady(&world_);
  Approve(1);
  world_.MustSubmit("lead", CallHold("", 1));
  EXPECT_EQ(Approve(2).rejected().rule(), "G2");
  EXPECT_EQ(GoStateFor("ky-ago"), v1::GO_STATE_HELD);
  EXPECT_EQ(BoardOf(world_, "ky-ago").go().reason(), "exercise");
}

TEST_F(StopRules, G2AHoldAfterGoHoldsItAndLiftingItTakesTwoPersonsAgain) {
  GiveGo(&world_);
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  world_.MustSubmit("lead", CallHold("", 1));
  EXPECT_EQ(GoStateFor("nd-bci"), v1::GO_STATE_HELD);
  EXPECT_EQ(world_.operation().phase(), v1::OPERATION_PHASE_EXECUTING);
  EXPECT_TRUE(world_.Submit("nd-bci", AcknowledgeGo("nd-1", 1)).has_rejected());
  EXPECT_EQ(Approve(1).rejected().rule(), "G2");
  world_.MustSubmit("lead", LiftHold("", 1));
  EXPECT_EQ(GoStateFor("nd-bci"), v1::GO_STATE_NOT_GIVEN);
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_READY) << "it must acknowledge anew";
  EXPECT_FALSE(Approve(2).accepted().go_given());
  EXPECT_TRUE(Approve(1).accepted().go_given());
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
}

TEST_F(StopRules, G2AbortBeatsGoWhateverTheOrderAndIsFinalForTheEpoch) {
  // In every order of the second approval, a HOLD and an ABORT the operation ends aborted.
  std::vector<int> order = {0, 1, 2};
  do {
    World world;
    SetUpOperation(&world);
    MakeReady(&world);
    world.SubmitAs(OperatorPrincipal("lead", 1), ApproveGo(1, 1));
    for (const int step : order) {
      if (step == 0) world.SubmitAs(OperatorPrincipal("lead", 2), ApproveGo(1, 1));
      if (step == 1) world.Submit("lead", CallHold("", 1));
      if (step == 2) world.MustSubmit("lead", CallAbort("", 1));
    }
    for (const char* reader : {"lead", "ky-ago"}) {
      EXPECT_EQ(BoardOf(world, reader).go().state(), v1::GO_STATE_ABORTED);
      EXPECT_EQ(world.FeedOf(reader).back().notice.readiness().go().state(), v1::GO_STATE_ABORTED);
    }
    EXPECT_TRUE(world.Submit("ky-ago", AcknowledgeGo("ky-1", 1)).has_rejected());
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(StopRules, G2AfterAnAbortOnlyANewHHourIsAccepted) {
  GiveGo(&world_);
  world_.MustSubmit("lead", CallAbort("", 1));
  const std::string before = world_.operation().ToImage().SerializeAsString();
  EXPECT_EQ(Approve(1).rejected().rule(), "G2");
  for (const v1::Submission& late : {CallHold("", 1), LiftHold("", 1), WaiveReadiness("ky-1", 1), CallAbort("", 1)}) {
    EXPECT_EQ(Refused("lead", late).rule(), "G2") << late.ShortDebugString();
  }
  for (const v1::Submission& late : {ReportReady(world_, "ky-ago", "ky-1"), CallAbort("ky-1", 1)}) {
    EXPECT_EQ(Refused("ky-ago", late).rule(), "G2") << late.ShortDebugString();
  }
  EXPECT_EQ(world_.operation().ToImage().SerializeAsString(), before);
  world_.MustSubmit("lead", SetHHour(world_.clock().Now() + absl::Hours(3)));
  EXPECT_EQ(world_.operation().phase(), v1::OPERATION_PHASE_ARMED);
  EXPECT_EQ(GoStateFor("ky-ago"), v1::GO_STATE_NOT_GIVEN);
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_UNKNOWN);
}

TEST_F(StopRules, G3TheHHourStaysWhileGoIsInForce) {
  GiveGo(&world_);
  const v1::Submission later = SetHHour(world_.clock().Now() + absl::Hours(3));
  EXPECT_EQ(Refused("lead", later).rule(), "G3");
  world_.MustSubmit("lead", CallHold("", 1));
  const size_t told = world_.FeedOf("observer").size();
  world_.MustSubmit("lead", later);
  ASSERT_EQ(world_.FeedOf("observer").size(), told + 1);
  EXPECT_EQ(world_.FeedOf("observer").back().notice.operation().phase(), v1::OPERATION_PHASE_ARMED);
}

TEST_F(StopRules, G2OnlyWhoCalledAHoldLiftsIt) {
  MakeReady(&world_);
  world_.MustSubmit("ky-ago", CallHold("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "nd-bci", "ky-1"), v1::READINESS_STATUS_HOLD);
  EXPECT_TRUE(world_.Submit("lead", LiftHold("ky-1", 1)).has_rejected());
  world_.MustSubmit("lead", CallHold("ky-1", 1));
  world_.MustSubmit("ky-ago", LiftHold("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_HOLD) << "the lead's own is left";
  EXPECT_TRUE(world_.Submit("ky-ago", LiftHold("ky-1", 1)).has_rejected());
  world_.MustSubmit("lead", LiftHold("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_READY);
  EXPECT_EQ(Refused("ky-ago", CallHold("", 1)).reason(), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(Refused("ky-ago", CallHold("nd-1", 1)).reason(), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(Refused("lead", LiftHold("", 1)).reason(), v1::ERROR_REASON_NOT_FOUND);
}

TEST_F(StopRules, G2TheLeadLiftsTheHoldOfAnAgencyThatHasLeftTheSite) {
  MakeReady(&world_);
  world_.MustSubmit("ky-ago", CallHold("ky-1", 1));
  world_.MustSubmit("lead", RemoveParticipant("ky-ago"));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_HOLD);
  world_.MustSubmit("lead", LiftHold("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_UNKNOWN);
}

TEST_F(StopRules, G2ASiteOnHoldAfterGoAcknowledgesAnewOnceItIsLifted) {
  GiveGo(&world_);
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  world_.MustSubmit("ky-ago", CallHold("ky-1", 1));
  EXPECT_EQ(Refused("ky-ago", AcknowledgeGo("ky-1", 1)).rule(), "G2");
  EXPECT_EQ(GoStateFor("nd-bci"), v1::GO_STATE_GIVEN) << "GO stands for the others";
  world_.MustSubmit("ky-ago", LiftHold("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_READY);
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_GO_RECEIVED);
}

TEST_F(StopRules, G4ASiteAbortsItselfAndNobodyUndoesThatInTheEpoch) {
  MakeReady(&world_);
  world_.MustSubmit("ky-ago", CallHold("ky-1", 1));
  world_.MustSubmit("ky-ago", CallAbort("ky-1", 1));
  EXPECT_EQ(Refused("ky-ago", LiftHold("ky-1", 1)).rule(), "G4");
  EXPECT_TRUE(world_.Submit("lead", LiftHold("ky-1", 1)).has_rejected());
  EXPECT_EQ(Refused("ky-ago", ReportReady(world_, "ky-ago", "ky-1")).rule(), "G4");
  world_.MustSubmit("ky-ago", CallHold("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_ABORTED) << "a HOLD does not soften it";
  world_.MustSubmit("lead", RemoveParticipant("ky-ago"));
  EXPECT_TRUE(world_.Submit("lead", LiftHold("ky-1", 1)).has_rejected());
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_ABORTED) << "nor does removing the agency";
  EXPECT_THAT(Approve(1).rejected().message(), HasSubstr("ky-1 (ABORTED)"));
  world_.MustSubmit("lead", WaiveReadiness("ky-1", 1));
  Approve(1);
  EXPECT_TRUE(Approve(2).accepted().go_given());
}

TEST_F(StopRules, G4ASiteThatAbortedAfterGoHasNone) {
  GiveGo(&world_);
  world_.MustSubmit("ky-ago", CallAbort("ky-1", 1));
  EXPECT_TRUE(world_.Submit("ky-ago", AcknowledgeGo("ky-1", 1)).has_rejected());
  EXPECT_EQ(GoStateFor(), v1::GO_STATE_GIVEN);
  world_.MustSubmit("nd-bci", AcknowledgeGo("nd-1", 1));
}

// ---- G6 ----------------------------------------------------------------------------------------------------------

// Everything that readiness knows, with timers between.
void LiveThroughEverything(World* world) {
  SetUpOperation(world);
  GiveGo(world);
  world->MustSubmit("ky-ago", CallHold("ky-1", 1));
  world->MustSubmit("nd-bci", AcknowledgeGo("nd-1", 1));
  world->Advance(absl::Minutes(51));  // Past H-10.
  world->MustSubmit("ky-ago", LiftHold("ky-1", 1));
  world->Advance(absl::Minutes(5));  // Past H-5.
  world->MustSubmit("lead", CallHold("", 1));
  world->MustSubmit("lead", LiftHold("", 1));
  world->SubmitAs(OperatorPrincipal("lead", 2), ApproveGo(1, 1));
  world->SubmitAs(OperatorPrincipal("lead", 1), ApproveGo(1, 1));
  world->Advance(absl::Minutes(3));  // Past H-2.
  world->MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  world->MustSubmit("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_EXECUTING, 1));
  world->MustSubmit("nd-bci", CallAbort("nd-1", 1));
  world->MustSubmit("lead", CallAbort("", 1));
  world->MustSubmit("lead", SetHHour(world->clock().Now() + absl::Minutes(4)));
  world->MustSubmit("ky-ago", ReportReady(*world, "ky-ago", "ky-1"));
  world->MustSubmit("lead", WaiveReadiness("nd-1", 2));
  world->MustSubmit("lead", ReportReady(*world, "lead", "mo-1"));
  world->SubmitAs(OperatorPrincipal("lead", 1), ApproveGo(2, 1));
  world->SubmitAs(OperatorPrincipal("lead", 2), ApproveGo(2, 1));
  world->MustSubmit("lead", AmendPlan(1, v1::SECTION_CHANGE_MATERIAL, {MakeSection("all", "All.")}));
  world->Advance(absl::Minutes(9));
}

std::vector<std::string> Told(const Applied& applied) {
  std::vector<std::string> told;
  for (const AddressedNotice& notice : applied.notices) told.push_back(notice.bytes);
  return told;
}

TEST_F(StopRules, G6ARestartAtAnyStepNeitherRepeatsNorLosesGoOrAnEscalation) {
  World world;
  LiveThroughEverything(&world);
  size_t escalations = 0, gos = 0;
  for (const FeedItem& item : world.FeedOf("lead")) {
    escalations += item.notice.has_escalation() ? 1 : 0;
    gos += item.notice.readiness().go().state() == v1::GO_STATE_GIVEN ? 1 : 0;
  }
  EXPECT_EQ(gos, 3);
  EXPECT_GE(escalations, 5);
  State straight;
  for (size_t cut = 0; cut < world.events().size(); ++cut) {
    State restored;
    restored.FromImage(straight.ToImage());
    ASSERT_EQ(restored.NextDue(), straight.NextDue()) << "before event " << cut + 1;
    const Applied expected = Replay(&straight, world.events()[cut]);
    ASSERT_EQ(Told(Replay(&restored, world.events()[cut])), Told(expected)) << "event " << cut + 1;
    ASSERT_EQ(restored.Digest(), straight.Digest()) << "event " << cut + 1;
  }
  EXPECT_EQ(straight.Digest(), world.state().Digest());
}

TEST_F(StopRules, G6ARestartAtAnyStepLeadsToTheSameEnd) {
  World world;
  LiveThroughEverything(&world);
  for (size_t cut = 0; cut <= world.events().size(); cut += 7) {
    State before;
    for (size_t i = 0; i < cut; ++i) Replay(&before, world.events()[i]);
    State after;
    after.FromImage(before.ToImage());
    for (size_t i = cut; i < world.events().size(); ++i) Replay(&after, world.events()[i]);
    ASSERT_EQ(after.Digest(), world.state().Digest()) << "restarted after event " << cut;
  }
}

}  // namespace
}  // namespace muster
