// READY: for whom, for what plan and H-hour, and what voids it (rules G3, P3, P4, P5).
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/readiness/testing/go.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

constexpr auto kUnknown = v1::READINESS_STATUS_UNKNOWN;
constexpr auto kReady = v1::READINESS_STATUS_READY;
constexpr auto kMaterial = v1::SECTION_CHANGE_MATERIAL;
constexpr auto kEditorial = v1::SECTION_CHANGE_EDITORIAL;

class ReadyRules : public ::testing::Test {
 protected:
  ReadyRules() {
    SetUpOperation(&world_);
    world_.MustSubmit("lead", SetHHour(world_.clock().Now() + absl::Hours(1)));
  }
  v1::Rejected Refused(absl::string_view agency_id, const v1::Submission& submission) {
    return world_.Submit(agency_id, submission).rejected();
  }
  void BeReady(absl::string_view agency_id, absl::string_view site_id) {
    if (agency_id != "lead") world_.MustSubmit(agency_id, AcknowledgePlan(world_.PlanOf(agency_id)));
    world_.MustSubmit(agency_id, ReportReady(world_, agency_id, site_id));
  }
  v1::ReadinessStatus Status(absl::string_view site_id, absl::string_view reader = "lead") const {
    return SiteStatusOf(world_, reader, site_id);
  }
  World world_;
};

TEST_F(ReadyRules, P3ReadyNamesTheCurrentVersionItsHashAndNeedsItsAcknowledgement) {
  const v1::Submission ready = ReportReady(world_, "ky-ago", "ky-1");
  EXPECT_EQ(Refused("ky-ago", ready).rule(), "P4") << "not acknowledged";
  world_.MustSubmit("ky-ago", AcknowledgePlan(world_.PlanOf("ky-ago")));
  v1::Submission wrong_hash = ready;
  wrong_hash.mutable_report_readiness()->set_plan_content_sha256(std::string(64, '0'));
  EXPECT_EQ(Refused("ky-ago", wrong_hash).reason(), v1::ERROR_REASON_STALE_PLAN_VERSION);
  v1::Submission wrong_version = ready;
  wrong_version.mutable_report_readiness()->set_plan_version(2);
  EXPECT_EQ(Refused("ky-ago", wrong_version).rule(), "P3");
  EXPECT_EQ(Status("ky-1"), kUnknown);
  world_.MustSubmit("ky-ago", ready);
  EXPECT_EQ(Status("ky-1"), kReady);
}

TEST_F(ReadyRules, P3WhoReadsNoPlanCannotBeReady) {
  World world;
  SetUpPlanning(&world);
  world.MustSubmit("lead", SetHHour(world.clock().Now()));
  EXPECT_EQ(world.Submit("ky-ago", ReportReady(world, "ky-ago", "ky-1")).rejected().reason(),
            v1::ERROR_REASON_UNKNOWN_REFERENCE);
}

TEST_F(ReadyRules, P4AMaterialAmendmentVoidsReadyOfThoseWhoSeeItAndNobodyElses) {
  BeReady("ky-ago", "ky-1");
  BeReady("nd-bci", "nd-1");
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("nd", "ND.", {v1::ROLE_PARTICIPANT}, {"nd-1"})}));
  EXPECT_EQ(Status("nd-1"), kUnknown);
  EXPECT_EQ(Status("ky-1"), kReady);
  const v1::ReadinessBoard& told = world_.FeedOf("lead").back().notice.readiness();
  ASSERT_EQ(told.sites_size(), 1) << "only what changed";
  EXPECT_EQ(told.sites(0).site_id(), "nd-1");
  EXPECT_EQ(told.sites(0).status(), kUnknown);
  BeReady("nd-bci", "nd-1");
  EXPECT_EQ(Status("nd-1"), kReady);
}

TEST_F(ReadyRules, P4AnEditorialAmendmentVoidsNoReady) {
  BeReady("ky-ago", "ky-1");
  const size_t notices = world_.FeedOf("auditor").size();
  world_.MustSubmit("lead", AmendPlan(1, kEditorial,
                                      {MakeSection("situation", "Twelve States act together.",
                                                   {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR})}));
  EXPECT_EQ(Status("ky-1"), kReady);
  for (size_t i = notices; i < world_.FeedOf("auditor").size(); ++i) {
    EXPECT_FALSE(world_.FeedOf("auditor")[i].notice.has_readiness());
  }
  world_.MustSubmit("ky-ago", AcknowledgePlan(world_.PlanOf("ky-ago")));
  EXPECT_EQ(Status("ky-1"), kReady);
}

TEST_F(ReadyRules, P4TheLeadsOwnReadyIsVoidedToo) {
  BeReady("lead", "mo-1");
  EXPECT_EQ(Status("mo-1"), kReady);
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("nd", "ND.", {v1::ROLE_PARTICIPANT}, {"nd-1"})}));
  EXPECT_EQ(Status("mo-1"), kUnknown);
}

TEST_F(ReadyRules, P5AWithdrawnPlanVoidsReadyForGoodAndNobodyCanBeReadyForIt) {
  BeReady("ky-ago", "ky-1");
  BeReady("lead", "mo-1");
  world_.MustSubmit("lead", WithdrawPlan(1));
  EXPECT_EQ(Status("ky-1"), kUnknown);
  EXPECT_EQ(Refused("lead", ReportReady(world_, "lead", "mo-1")).rule(), "P5");
  world_.MustSubmit("lead", AmendPlan(1, kEditorial,
                                      {MakeSection("situation", "Twelve States act together.",
                                                   {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR})}));
  EXPECT_EQ(Status("ky-1"), kUnknown);
  EXPECT_EQ(Status("mo-1"), kUnknown);
  world_.MustSubmit("ky-ago", AcknowledgePlan(world_.PlanOf("ky-ago")));
  EXPECT_EQ(Status("ky-1"), kUnknown) << "what was void does not come back by an acknowledgement alone";
  world_.MustSubmit("ky-ago", ReportReady(world_, "ky-ago", "ky-1"));
  EXPECT_EQ(Status("ky-1"), kReady);
}

TEST_F(ReadyRules, P3RejectingThePlanTakesBackReady) {
  BeReady("ky-ago", "ky-1");
  world_.MustSubmit("ky-ago", AcknowledgePlan(world_.PlanOf("ky-ago"), "no vehicles"));
  EXPECT_EQ(Status("ky-1"), kUnknown);
  EXPECT_EQ(world_.FeedOf("lead").back().notice.readiness().sites(0).status(), kUnknown);
}

TEST_F(ReadyRules, G3MovingTheHHourVoidsReadyStopsAndWaivers) {
  BeReady("ky-ago", "ky-1");
  world_.MustSubmit("nd-bci", CallAbort("nd-1", 1));
  world_.MustSubmit("lead", CallHold("", 1));
  world_.MustSubmit("lead", WaiveReadiness("mo-1", 1));
  world_.MustSubmit("lead", SetHHour(world_.clock().Now() + absl::Hours(2)));
  const v1::ReadinessBoard board = BoardOf(world_, "lead");
  EXPECT_EQ(board.h_hour().epoch(), 2);
  EXPECT_EQ(FromProto(board.h_hour().at()), world_.clock().Now() + absl::Hours(2));
  EXPECT_EQ(board.go().state(), v1::GO_STATE_NOT_GIVEN);
  for (const v1::SiteReadiness& site : board.sites()) {
    EXPECT_EQ(site.status(), kUnknown) << site.site_id();
    EXPECT_FALSE(site.has_waiver());
  }
  EXPECT_EQ(Status("ky-1", "nd-bci"), kUnknown);
}

TEST_F(ReadyRules, G3WhatNamesAnOldEpochIsRefusedAndToldToLookAgain) {
  const v1::Submission ready = ReportReady(world_, "ky-ago", "ky-1");
  world_.MustSubmit("ky-ago", AcknowledgePlan(world_.PlanOf("ky-ago")));
  world_.MustSubmit("lead", SetHHour(world_.clock().Now() + absl::Hours(2)));
  const std::string digest = world_.operation().ToImage().SerializeAsString();
  for (const v1::Submission& stale :
       {ready, CallHold("ky-1", 1), CallAbort("ky-1", 1), LiftHold("ky-1", 1), AcknowledgeGo("ky-1", 1)}) {
    const v1::Rejected rejected = Refused("ky-ago", stale);
    EXPECT_EQ(rejected.reason(), v1::ERROR_REASON_STALE_EPOCH) << stale.ShortDebugString();
    EXPECT_THAT(rejected.message(), HasSubstr("new H-hour"));
  }
  EXPECT_EQ(world_.operation().ToImage().SerializeAsString(), digest);
}

TEST_F(ReadyRules, BeforeAnHHourNobodyReportsAndNobodyIsToldABoard) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", AddSite(MakeSite("tx-1", "TX")));
  EXPECT_EQ(world.Submit("ky-ago", CallHold("ky-1", 1)).rejected().reason(), v1::ERROR_REASON_WRONG_PHASE);
  for (const auto& [agency_id, feed] : world.feeds()) {
    for (const FeedItem& item : feed) EXPECT_FALSE(item.notice.has_readiness()) << agency_id;
  }
}

TEST_F(ReadyRules, AnAgencySpeaksForItsOwnSitesAndTheLeadWhereNobodyElseWorks) {
  const v1::Submission at_ky = ReportReadiness("ky-1", v1::READINESS_STATUS_NOT_READY, 1);
  EXPECT_EQ(Refused("nd-bci", at_ky).reason(), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(Refused("lead", at_ky).reason(), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(Refused("lead", ReportReadiness("tx-9", v1::READINESS_STATUS_NOT_READY, 1)).reason(),
            v1::ERROR_REASON_NOT_FOUND);
  world_.MustSubmit("ky-ago", at_ky);
  EXPECT_EQ(Status("ky-1"), v1::READINESS_STATUS_NOT_READY);
  BeReady("lead", "mo-1");
}

TEST_F(ReadyRules, ASiteIsAsFarAsTheLeastOfItsAgencies) {
  world_.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"ky-1"}));
  BeReady("ky-ago", "ky-1");
  EXPECT_EQ(Status("ky-1"), kUnknown);
  world_.MustSubmit("outsider", ReportReadiness("ky-1", v1::READINESS_STATUS_NOT_READY, 1));
  EXPECT_EQ(Status("ky-1"), v1::READINESS_STATUS_NOT_READY);
  world_.MustSubmit("lead", RemoveParticipant("outsider"));
  EXPECT_EQ(Status("ky-1"), kReady);
  EXPECT_EQ(world_.FeedOf("ky-ago").back().notice.readiness().sites(0).status(), kReady);
  world_.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"ky-1"}));
  EXPECT_EQ(Status("ky-1"), kUnknown) << "what it said before it left does not come back";
}

TEST_F(ReadyRules, NotReadyNeedsAReasonAndOtherStatusesAreNotReported) {
  v1::Submission silent = ReportReadiness("ky-1", v1::READINESS_STATUS_NOT_READY, 1);
  silent.mutable_report_readiness()->clear_reason();
  EXPECT_EQ(Refused("ky-ago", silent).reason(), v1::ERROR_REASON_MALFORMED);
  EXPECT_EQ(Refused("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_GO_RECEIVED, 1)).reason(),
            v1::ERROR_REASON_MALFORMED);
}

TEST_F(ReadyRules, ReadyTwiceKeepsTheFirst) {
  BeReady("ky-ago", "ky-1");
  world_.Advance(absl::Minutes(1));
  world_.MustSubmit("ky-ago", ReportReady(world_, "ky-ago", "ky-1"));
  EXPECT_TRUE(world_.last_applied().notices.empty());
}

TEST_F(ReadyRules, WhoJoinsOrIsReinstatedGetsTheCurrentBoard) {
  BeReady("ky-ago", "ky-1");
  world_.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"mo-1"}));
  EXPECT_EQ(world_.FeedOf("outsider").back().notice.readiness().SerializeAsString(),
            BoardOf(world_, "outsider").SerializeAsString());
  world_.MustSubmit(kRegistrar, SetStanding("nd-bci", v1::AGENCY_STANDING_SUSPENDED));
  world_.MustSubmit("ky-ago", CallHold("ky-1", 1));
  world_.MustSubmit(kRegistrar, SetStanding("nd-bci", v1::AGENCY_STANDING_ACTIVE));
  EXPECT_EQ(world_.FeedOf("nd-bci").back().notice.readiness().SerializeAsString(),
            BoardOf(world_, "nd-bci").SerializeAsString());
}

}  // namespace
}  // namespace muster
