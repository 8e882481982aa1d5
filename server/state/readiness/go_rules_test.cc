// GO: what it takes, who gives it, who acknowledges it and what happens when nobody does (rule G1, escalations).
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/readiness/testing/go.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kMaterial = v1::SECTION_CHANGE_MATERIAL;

class GoRules : public ::testing::Test {
 protected:
  GoRules() { SetUpOperation(&world_); }
  v1::Outcome Approve(int certificate, uint32_t plan_version = 1, uint32_t epoch = 1) {
    return world_.SubmitAs(OperatorPrincipal("lead", certificate), ApproveGo(epoch, plan_version));
  }
  v1::GoState StateFor(absl::string_view reader = "lead") const { return BoardOf(world_, reader).go().state(); }
  std::vector<v1::Escalation> EscalationsOf(absl::string_view agency_id) const {
    std::vector<v1::Escalation> escalations;
    for (const FeedItem& item : world_.FeedOf(agency_id)) {
      if (item.notice.has_escalation()) escalations.push_back(item.notice.escalation());
    }
    return escalations;
  }
  World world_;
};

TEST_F(GoRules, G1TwoPersonsGiveGoAndEveryoneWhoActsIsTold) {
  MakeReady(&world_);
  EXPECT_FALSE(Approve(1).accepted().go_given());
  EXPECT_EQ(StateFor("lead"), v1::GO_STATE_PROPOSED);
  EXPECT_EQ(StateFor("ky-ago"), v1::GO_STATE_NOT_GIVEN);
  EXPECT_EQ(world_.FeedOf("auditor").back().notice.readiness().go().approvals(0).operator_id(), "lead-first-officer");
  EXPECT_FALSE(world_.FeedOf("ky-ago").back().notice.readiness().has_go()) << "a proposal is the lead's and auditor's";
  EXPECT_EQ(world_.operation().phase(), v1::OPERATION_PHASE_ARMED);

  EXPECT_TRUE(Approve(2).accepted().go_given());
  EXPECT_EQ(world_.operation().phase(), v1::OPERATION_PHASE_EXECUTING);
  for (const char* reader : {"lead", "auditor", "ky-ago", "nd-bci"}) {
    const v1::GoOrder go = world_.FeedOf(reader).back().notice.readiness().go();
    EXPECT_EQ(go.state(), v1::GO_STATE_GIVEN) << reader;
    EXPECT_EQ(go.plan_version(), 1);
    EXPECT_EQ(go.approvals_size(), std::string(reader) == "lead" || std::string(reader) == "auditor" ? 2 : 0);
  }
  EXPECT_EQ(Approve(1).rejected().rule(), "G1") << "GO is given once";
}

TEST_F(GoRules, G1GoNamesTheReadersOwnVersionOfThePlan) {
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("nd", "ND.", {v1::ROLE_PARTICIPANT}, {"nd-1"})}));
  GiveGo(&world_);
  EXPECT_EQ(BoardOf(world_, "lead").go().plan_version(), 2);
  EXPECT_EQ(BoardOf(world_, "nd-bci").go().plan_version(), 2);
  EXPECT_EQ(BoardOf(world_, "ky-ago").go().plan_version(), 1);
  world_.MustSubmit("lead", AmendPlan(2, kMaterial, {MakeSection("ky", "KY.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  EXPECT_EQ(BoardOf(world_, "ky-ago").go().plan_version(), 1) << "GO was for what it was for";
}

TEST_F(GoRules, G1TheRefusalNamesEveryMissingSiteAndItsStatus) {
  MakeReady(&world_);
  world_.MustSubmit("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_NOT_READY, 1));
  world_.MustSubmit("nd-bci", CallHold("nd-1", 1));
  world_.MustSubmit("lead", AddSite(MakeSite("tx-1", "TX")));
  const v1::Rejected rejected = Approve(1).rejected();
  EXPECT_EQ(rejected.rule(), "G1");
  EXPECT_EQ(rejected.reason(), v1::ERROR_REASON_NOT_READY);
  EXPECT_THAT(rejected.message(), AllOf(HasSubstr("ky-1 (NOT_READY)"), HasSubstr("nd-1 (HOLD)"),
                                        HasSubstr("tx-1 (UNKNOWN)"), Not(HasSubstr("mo-1"))));
}

TEST_F(GoRules, G1ASiteThatFallsBackBetweenTheApprovalsStopsTheSecond) {
  MakeReady(&world_);
  Approve(1);
  world_.MustSubmit("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_NOT_READY, 1));
  EXPECT_EQ(Approve(2).rejected().reason(), v1::ERROR_REASON_NOT_READY);
  EXPECT_EQ(world_.operation().phase(), v1::OPERATION_PHASE_ARMED);
  world_.MustSubmit("ky-ago", ReportReady(world_, "ky-ago", "ky-1"));
  EXPECT_TRUE(Approve(2).accepted().go_given());
}

TEST_F(GoRules, G1ANamedWaiverStandsForOneMissingSiteUntilAMaterialAmendment) {
  MakeReady(&world_);
  world_.MustSubmit("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_NOT_READY, 1));
  EXPECT_EQ(world_.Submit("lead", WaiveReadiness("nd-1", 1)).rejected().reason(), v1::ERROR_REASON_ALREADY_EXISTS);
  EXPECT_EQ(world_.Submit("lead", WaiveReadiness("tx-9", 1)).rejected().reason(), v1::ERROR_REASON_NOT_FOUND);
  world_.MustSubmit("lead", WaiveReadiness("ky-1", 1));
  EXPECT_EQ(BoardOf(world_, "auditor").sites(0).waiver().approver_name(), "Duty Commander");
  EXPECT_FALSE(BoardOf(world_, "ky-ago").sites(0).has_waiver());
  EXPECT_TRUE(Approve(1).has_accepted());
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("oh", "Ohio.", {v1::ROLE_PROSECUTOR}, {"mo-1"})}));
  EXPECT_FALSE(BoardOf(world_, "lead").sites(0).has_waiver());
  EXPECT_THAT(Approve(1, 2).rejected().message(), HasSubstr("ky-1 (NOT_READY)"));
}

TEST_F(GoRules, G1AnOptionalSiteIsNotWaitedFor) {
  MakeReady(&world_);
  v1::Site optional = MakeSite("tx-1", "TX");
  optional.set_optional_for_go(true);
  world_.MustSubmit("lead", AddSite(optional));
  Approve(1);
  EXPECT_TRUE(Approve(2).accepted().go_given());
}

TEST_F(GoRules, G1OnePersonWithTwoCertificatesIsOnePerson) {
  MakeReady(&world_);
  world_.MustSubmit(kRegistrar, RegisterOperator("lead", "lead-first-officer", {1, 3}));
  Approve(1);
  EXPECT_EQ(Approve(1).rejected().rule(), "G1");
  const v1::Outcome other_certificate = Approve(3);
  EXPECT_EQ(other_certificate.rejected().rule(), "G1");
  EXPECT_THAT(other_certificate.rejected().message(), HasSubstr("lead-first-officer"));
  EXPECT_TRUE(Approve(2).accepted().go_given());
}

TEST_F(GoRules, G1ACertificateOfNoRegisteredOperatorApprovesNothing) {
  MakeReady(&world_);
  const v1::Rejected rejected = world_.Submit("lead", ApproveGo(1, 1)).rejected();
  EXPECT_EQ(rejected.rule(), "G1");
  EXPECT_THAT(rejected.message(), HasSubstr("RegisterOperator"));
}

TEST_F(GoRules, G1AnApprovalByAKeyRevokedSinceNoLongerCounts) {
  MakeReady(&world_);
  Approve(1);
  world_.MustSubmit(kRegistrar, RevokeCertificate("lead", OperatorPrincipal("lead", 1).key_sha256()));
  EXPECT_EQ(world_.FeedOf("auditor").back().notice.readiness().go().state(), v1::GO_STATE_NOT_GIVEN);
  EXPECT_FALSE(Approve(2).accepted().go_given());
  EXPECT_EQ(StateFor(), v1::GO_STATE_PROPOSED);
}

TEST_F(GoRules, G1AnApprovalOfAnOlderPlanVersionOrEpochNoLongerCounts) {
  MakeReady(&world_);
  Approve(1);
  world_.MustSubmit("lead", AmendPlan(1, v1::SECTION_CHANGE_EDITORIAL,
                                      {MakeSection("situation", "Twelve States act together.",
                                                   {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR})}));
  EXPECT_EQ(world_.FeedOf("lead").back().notice.readiness().go().state(), v1::GO_STATE_NOT_GIVEN);
  EXPECT_EQ(Approve(2).rejected().reason(), v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_FALSE(Approve(2, 2).accepted().go_given());
  world_.MustSubmit("lead", SetHHour(world_.clock().Now() + absl::Hours(2)));
  EXPECT_EQ(StateFor(), v1::GO_STATE_NOT_GIVEN);
  EXPECT_EQ(Approve(1, 2).rejected().reason(), v1::ERROR_REASON_STALE_EPOCH);
}

TEST_F(GoRules, G1OnlyAnArmedOperationWithAnHHourGetsGo) {
  World world;
  SetUpPlanning(&world);
  world.MustSubmit("lead", PublishPlan({MakeSection("situation", "All.")}));
  MakeReady(&world);
  const auto refusal = [&world] {
    return world.SubmitAs(OperatorPrincipal("lead", 1), ApproveGo(1, 1)).rejected().reason();
  };
  EXPECT_EQ(refusal(), v1::ERROR_REASON_WRONG_PHASE);
  world_.MustSubmit(kRegistrar, RegisterOperator("lead", "lead-first-officer", {1}));
  EXPECT_EQ(Approve(1).rejected().reason(), v1::ERROR_REASON_WRONG_PHASE) << "no H-hour";
  EXPECT_EQ(world_.Submit("lead", SetPhase(v1::OPERATION_PHASE_EXECUTING)).rejected().rule(), "G1");
}

TEST_F(GoRules, G1ASuspendedAgencyWouldNotHearOfGo) {
  MakeReady(&world_);
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_SUSPENDED));
  EXPECT_THAT(Approve(1).rejected().message(), HasSubstr("ky-1 (ky-ago is suspended)"));
}

TEST_F(GoRules, P5AWithdrawnPlanIsNotExecuted) {
  MakeReady(&world_);
  Approve(1);
  world_.MustSubmit("lead", WithdrawPlan(1));
  EXPECT_EQ(Approve(2).rejected().rule(), "P5");
  World given;
  SetUpOperation(&given);
  GiveGo(&given);
  given.MustSubmit("nd-bci", AcknowledgeGo("nd-1", 1));
  given.MustSubmit("lead", WithdrawPlan(1));
  EXPECT_EQ(given.Submit("ky-ago", AcknowledgeGo("ky-1", 1)).rejected().rule(), "P5");
  EXPECT_EQ(given.Submit("nd-bci", ReportReadiness("nd-1", v1::READINESS_STATUS_EXECUTING, 1)).rejected().rule(), "P5");
}

TEST_F(GoRules, P4AGoOnAPlanThatHasChangedSinceCannotBeAcknowledged) {
  GiveGo(&world_);
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("ky", "KY.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  world_.MustSubmit("ky-ago", AcknowledgePlan(world_.PlanOf("ky-ago")));
  world_.MustSubmit("ky-ago", ReportReady(world_, "ky-ago", "ky-1"));
  EXPECT_EQ(world_.Submit("ky-ago", AcknowledgeGo("ky-1", 1)).rejected().reason(), v1::ERROR_REASON_STALE_PLAN_VERSION);
  world_.MustSubmit("nd-bci", AcknowledgeGo("nd-1", 1));
}

TEST_F(GoRules, G1ASiteAcknowledgesGoOnceThenExecutesAndCompletes) {
  MakeReady(&world_);
  EXPECT_TRUE(world_.Submit("ky-ago", AcknowledgeGo("ky-1", 1)).has_rejected()) << "GO is not given";
  Approve(1);
  Approve(2);
  const v1::Submission executing = ReportReadiness("ky-1", v1::READINESS_STATUS_EXECUTING, 1);
  EXPECT_EQ(world_.Submit("ky-ago", executing).rejected().reason(), v1::ERROR_REASON_NOT_READY);
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  EXPECT_EQ(SiteStatusOf(world_, "nd-bci", "ky-1"), v1::READINESS_STATUS_GO_RECEIVED);
  world_.Advance(absl::Minutes(1));
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  EXPECT_TRUE(world_.last_applied().notices.empty()) << "the first stands";
  world_.MustSubmit("ky-ago", executing);
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_EXECUTING);
  world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_REPORTING));
  world_.MustSubmit("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_COMPLETE, 1));
  EXPECT_EQ(SiteStatusOf(world_, "lead", "ky-1"), v1::READINESS_STATUS_COMPLETE);
}

TEST_F(GoRules, P4NobodyExecutesAPlanThatChangedMateriallyAfterGo) {
  GiveGo(&world_);
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  world_.MustSubmit("lead", AmendPlan(world_.operation().plan().version(), v1::SECTION_CHANGE_MATERIAL,
                                      {MakeSection("situation", "Wrong house: stop.")}));
  const v1::Outcome refused = world_.Submit("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_EXECUTING, 1));
  EXPECT_EQ(refused.rejected().reason(), v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_EQ(refused.rejected().rule(), "P4");
}

// ---- Escalation --------------------------------------------------------------------------------------------------

TEST_F(GoRules, UnacknowledgedGoEscalatesAtTenFiveAndTwoMinutesWithThePhoneNumber) {
  v1::Submission registration = RegisterAgency("ky-ago", "KY");
  registration.mutable_register_agency()->mutable_agency()->set_phone_24h("+15025550100");
  world_.MustSubmit(kRegistrar, registration);
  GiveGo(&world_);
  const absl::Time h_hour = world_.clock().Now() + absl::Hours(1);
  world_.MustSubmit("nd-bci", AcknowledgeGo("nd-1", 1));
  world_.MustSubmit("lead", AcknowledgeGo("mo-1", 1));
  world_.AdvanceTo(h_hour - absl::Minutes(10) - absl::Seconds(1));
  EXPECT_TRUE(EscalationsOf("lead").empty());
  world_.AdvanceTo(h_hour - absl::Minutes(10));
  ASSERT_EQ(EscalationsOf("lead").size(), 1);
  const v1::Escalation escalation = EscalationsOf("lead")[0];
  EXPECT_EQ(escalation.site_id(), "ky-1");
  EXPECT_EQ(FromProto(escalation.due_at()), h_hour - absl::Minutes(10));
  ASSERT_EQ(escalation.contacts_size(), 1);
  EXPECT_EQ(escalation.contacts(0).agency_id(), "ky-ago");
  EXPECT_EQ(escalation.contacts(0).phone_24h(), "+15025550100");
  EXPECT_EQ(EscalationsOf("auditor").size(), 1);
  EXPECT_TRUE(EscalationsOf("ky-ago").empty());
  world_.AdvanceTo(h_hour - absl::Minutes(3));
  EXPECT_EQ(EscalationsOf("lead").size(), 2);
  world_.MustSubmit("ky-ago", AcknowledgeGo("ky-1", 1));
  world_.AdvanceTo(h_hour + absl::Hours(1));
  EXPECT_EQ(EscalationsOf("lead").size(), 2) << "nothing is left to escalate";
  EXPECT_EQ(world_.state().NextDue(), absl::InfiniteFuture());
}

TEST_F(GoRules, OnlyMomentsAfterGoEscalate) {
  MakeReady(&world_);
  world_.Advance(absl::Minutes(55));  // H-5 exactly.
  Approve(1);
  Approve(2);
  world_.Advance(absl::Minutes(10));
  const std::vector<v1::Escalation> escalations = EscalationsOf("lead");
  ASSERT_EQ(escalations.size(), 3) << "H-2, three sites";
  for (const v1::Escalation& escalation : escalations) EXPECT_THAT(escalation.text(), HasSubstr("H-2 minutes"));
}

TEST_F(GoRules, NothingEscalatesAfterAHoldAnAbortOrTheEndOfTheExecution) {
  for (const v1::Submission& end : {CallHold("", 1), CallAbort("", 1), SetPhase(v1::OPERATION_PHASE_REPORTING)}) {
    World world;
    SetUpOperation(&world);
    GiveGo(&world);
    world.MustSubmit("lead", end);
    world.Advance(absl::Hours(2));
    for (const FeedItem& item : world.FeedOf("lead")) EXPECT_FALSE(item.notice.has_escalation());
  }
}

TEST_F(GoRules, WaivedAndStoppedSitesHaveNoGoToAcknowledge) {
  MakeReady(&world_);
  world_.MustSubmit("ky-ago", ReportReadiness("ky-1", v1::READINESS_STATUS_NOT_READY, 1));
  world_.MustSubmit("lead", WaiveReadiness("ky-1", 1));
  Approve(1);
  Approve(2);
  world_.MustSubmit("nd-bci", CallAbort("nd-1", 1));
  world_.MustSubmit("lead", AcknowledgeGo("mo-1", 1));
  world_.Advance(absl::Hours(2));
  EXPECT_TRUE(EscalationsOf("lead").empty());
}

}  // namespace
}  // namespace muster
