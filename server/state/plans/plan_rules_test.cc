// The plan rules P3 to P7 of the domain, each by name.
#include "common/status_macros.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/queries.h"
#include "server/state/readiness/testing/go.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

constexpr auto kMaterial = v1::SECTION_CHANGE_MATERIAL;
constexpr auto kEditorial = v1::SECTION_CHANGE_EDITORIAL;
constexpr auto kAcknowledged = v1::ACKNOWLEDGEMENT_STATUS_ACKNOWLEDGED;
constexpr auto kDelivered = v1::ACKNOWLEDGEMENT_STATUS_DELIVERED;

class PlanRules : public ::testing::Test {
 protected:
  PlanRules() { SetUpOperation(&world_); }

  void Acknowledge(absl::string_view agency_id) {
    world_.MustSubmit(agency_id, AcknowledgePlan(world_.PlanOf(agency_id)));
  }
  v1::AcknowledgementStatus StatusOf(absl::string_view agency_id) const {
    return world_.StandingOf(agency_id).status();
  }
  v1::ErrorReason ReasonOf(absl::string_view agency_id, const v1::Submission& submission) {
    return world_.Submit(agency_id, submission).rejected().reason();
  }

  // What GetPlan answers.
  absl::StatusOr<v1::PlanView> ReadPlan(absl::string_view agency_id, uint32_t version) const {
    v1::GetPlanRequest request;
    request.set_operation_id(kTestOperation);
    request.set_version(version);
    v1::GetPlanResponse response;
    const v1::Principal principal = PrincipalOf(agency_id);
    MUSTER_RETURN_IF_ERROR(AnswerQuery({world_.state(), principal, world_.Now(), absl::InfiniteFuture()},
                                       "muster.v1.PlanService/GetPlan", request, &response));
    return response.plan();
  }

  World world_;
};

TEST_F(PlanRules, P3AnAcknowledgementNamesTheCurrentVersionAndItsHash) {
  v1::PlanView view = world_.PlanOf("ky-ago");
  EXPECT_EQ(view.version(), 1);
  v1::PlanView wrong_version = view;
  wrong_version.set_version(2);
  EXPECT_EQ(ReasonOf("ky-ago", AcknowledgePlan(wrong_version)), v1::ERROR_REASON_STALE_PLAN_VERSION);
  v1::PlanView wrong_hash = view;
  wrong_hash.set_content_sha256(std::string(64, '0'));
  EXPECT_EQ(ReasonOf("ky-ago", AcknowledgePlan(wrong_hash)), v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_EQ(StatusOf("ky-ago"), kDelivered);
  const v1::Outcome outcome = world_.MustSubmit("ky-ago", AcknowledgePlan(view));
  EXPECT_EQ(outcome.accepted().plan_version(), 1);
  EXPECT_EQ(outcome.accepted().plan_content_sha256(), view.content_sha256());
  EXPECT_EQ(StatusOf("ky-ago"), kAcknowledged);
}

TEST_F(PlanRules, P3AnOldVersionNeverSatisfiesTheNewOne) {
  const v1::PlanView first = world_.PlanOf("ky-ago");
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("situation", "Another text.")}));
  const v1::Outcome outcome = world_.Submit("ky-ago", AcknowledgePlan(first));
  EXPECT_EQ(outcome.rejected().reason(), v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_EQ(outcome.rejected().rule(), "P3");
  EXPECT_EQ(StatusOf("ky-ago"), kDelivered);
}

TEST_F(PlanRules, P3AcknowledgingTwiceKeepsTheFirst) {
  const v1::Submission acknowledgement = AcknowledgePlan(world_.PlanOf("ky-ago"));
  world_.SubmitAs(PrincipalOf("ky-ago", "first-post"), acknowledgement);
  const v1::Acknowledgement first = world_.StandingOf("ky-ago");
  world_.clock().Advance(absl::Minutes(5));
  const v1::Outcome again = world_.SubmitAs(PrincipalOf("ky-ago", "second-post"), acknowledgement);
  EXPECT_TRUE(again.has_accepted());
  EXPECT_TRUE(world_.last_applied().notices.empty());
  EXPECT_EQ(world_.StandingOf("ky-ago").post(), "first-post");
  EXPECT_EQ(world_.StandingOf("ky-ago").SerializeAsString(), first.SerializeAsString());
}

TEST_F(PlanRules, P3AnAgencyMaySayThatItCannotCarryThePlanOut) {
  world_.MustSubmit("ky-ago", AcknowledgePlan(world_.PlanOf("ky-ago"), "no vehicles"));
  EXPECT_EQ(StatusOf("ky-ago"), v1::ACKNOWLEDGEMENT_STATUS_REJECTED);
  EXPECT_EQ(world_.StandingOf("ky-ago").reason(), "no vehicles");
  Acknowledge("ky-ago");
  EXPECT_EQ(StatusOf("ky-ago"), kAcknowledged);
  EXPECT_EQ(world_.StandingOf("ky-ago").reason(), "");
}

TEST_F(PlanRules, P4AMaterialChangeResetsWhoMaySeeItAndNobodyElse) {
  world_.MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  Acknowledge("ky-ago");
  Acknowledge("nd-bci");
  Acknowledge("ky-prosecutor");
  world_.MustSubmit("lead", AmendPlan(2, kMaterial, {MakeSection("ky", "New.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  EXPECT_EQ(StatusOf("ky-ago"), kDelivered);
  EXPECT_EQ(StatusOf("nd-bci"), kAcknowledged);
  EXPECT_EQ(StatusOf("ky-prosecutor"), kAcknowledged);
  EXPECT_EQ(world_.PlanOf("ky-ago").version(), 3);
  EXPECT_EQ(world_.PlanOf("nd-bci").version(), 1);
}

TEST_F(PlanRules, P4AnEditorialChangeResetsNobody) {
  Acknowledge("ky-ago");
  world_.MustSubmit("lead", AmendPlan(1, kEditorial,
                                      {MakeSection("situation", "Twelve States act together.",
                                                   {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR})}));
  EXPECT_EQ(StatusOf("ky-ago"), kAcknowledged);
  EXPECT_EQ(world_.StandingOf("ky-ago").version(), 1);
  EXPECT_EQ(world_.StandingOf("ky-ago").current_version(), 2);
  EXPECT_EQ(world_.PlanOf("ky-ago").last_material_version(), 1);
}

TEST_F(PlanRules, P4ASectionNeverSeenBeforeIsMaterialWhateverItsMark) {
  Acknowledge("ky-ago");
  world_.MustSubmit("lead", AmendPlan(1, kEditorial, {MakeSection("added", "Never read before.")}));
  EXPECT_EQ(StatusOf("ky-ago"), kDelivered);
  EXPECT_EQ(world_.PlanOf("ky-ago").last_material_version(), 2);
}

TEST_F(PlanRules, P4RemovingASectionMateriallyResetsWhoCouldSeeIt) {
  world_.MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  Acknowledge("ky-ago");
  Acknowledge("nd-bci");
  world_.MustSubmit("lead", AmendPlan(2, kMaterial, {}, {"ky"}));
  EXPECT_EQ(StatusOf("ky-ago"), kDelivered);
  EXPECT_THAT(world_.PlanOf("ky-ago").removed_section_ids(), ::testing::ElementsAre("ky"));
  EXPECT_EQ(StatusOf("nd-bci"), kAcknowledged);
}

TEST_F(PlanRules, P4AMaterialMarkOnUnchangedTextResetsNobody) {
  Acknowledge("ky-ago");
  world_.MustSubmit("lead", AmendPlan(1, kMaterial,
                                      {MakeSection("situation", "Twelve states act together.",
                                                   {v1::ROLE_PARTICIPANT, v1::ROLE_PROSECUTOR}, {}, {"nd-bci"})}));
  EXPECT_EQ(StatusOf("ky-ago"), kAcknowledged);
  EXPECT_EQ(world_.PlanOf("ky-ago").version(), 1);
}

TEST_F(PlanRules, P4AChangeOfSitesThatChangesThePlanResetsTheParticipant) {
  world_.MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("mo", "Missouri.", {v1::ROLE_PARTICIPANT}, {"mo-1"})}));
  Acknowledge("ky-ago");
  Acknowledge("nd-bci");
  world_.MustSubmit("lead", SetParticipant("ky-ago", v1::ROLE_PARTICIPANT, {"ky-1", "mo-1"}));
  world_.MustSubmit("lead", SetParticipant("nd-bci", v1::ROLE_PARTICIPANT, {"nd-1", "ky-1"}));
  EXPECT_EQ(StatusOf("ky-ago"), kDelivered);
  EXPECT_EQ(world_.PlanOf("ky-ago").sections_size(), 2);
  EXPECT_EQ(world_.FeedOf("ky-ago").back().notice.plan().version(), 2);
  EXPECT_EQ(StatusOf("nd-bci"), kAcknowledged);
}

TEST_F(PlanRules, P4AParticipantIsToldWhenOnlyItsVersionNumberChanges) {
  // A section of mo-1 came and went: who joins mo-1 later reads the same text as before, but under another version.
  world_.MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("mo", "Missouri.", {v1::ROLE_PARTICIPANT}, {"mo-1"})}));
  world_.MustSubmit("lead", AmendPlan(2, kMaterial, {}, {"mo"}));
  Acknowledge("ky-ago");
  world_.MustSubmit("lead", SetParticipant("ky-ago", v1::ROLE_PARTICIPANT, {"ky-1", "mo-1"}));
  EXPECT_EQ(world_.FeedOf("ky-ago").back().notice.plan().version(), world_.PlanOf("ky-ago").version());
  EXPECT_EQ(world_.PlanOf("ky-ago").version(), 3);
}

TEST_F(PlanRules, P5AWithdrawnVersionCanBeNeitherAcknowledgedNorExecuted) {
  Acknowledge("ky-ago");
  world_.MustSubmit("lead", WithdrawPlan(1));
  EXPECT_TRUE(world_.FeedOf("ky-ago").back().notice.plan().withdrawn());
  EXPECT_EQ(StatusOf("ky-ago"), kDelivered);
  const v1::Outcome outcome = world_.Submit("nd-bci", AcknowledgePlan(world_.PlanOf("nd-bci")));
  EXPECT_EQ(outcome.rejected().reason(), v1::ERROR_REASON_PLAN_WITHDRAWN);
  EXPECT_EQ(outcome.rejected().rule(), "P5");
  world_.MustSubmit("lead", SetHHour(world_.clock().Now()));
  world_.MustSubmit(kRegistrar, RegisterOperator("lead", "officer", {1}));
  EXPECT_EQ(world_.SubmitAs(OperatorPrincipal("lead", 1), ApproveGo(1, 1)).rejected().reason(),
            v1::ERROR_REASON_PLAN_WITHDRAWN);
  EXPECT_EQ(ReasonOf("lead", WithdrawPlan(1)), v1::ERROR_REASON_PLAN_WITHDRAWN);
}

TEST_F(PlanRules, P5AnAmendmentBringsAWithdrawnPlanBackForEveryReader) {
  world_.MustSubmit("lead", WithdrawPlan(1));
  world_.MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  for (const char* reader : {"ky-ago", "nd-bci", "ky-prosecutor"}) {
    EXPECT_FALSE(world_.FeedOf(reader).back().notice.plan().withdrawn()) << reader;
    EXPECT_EQ(StatusOf(reader), kDelivered) << reader;
    Acknowledge(reader);
  }
  GiveGoWithWaivers(&world_);
}

TEST_F(PlanRules, P6EqualRightsGetTheSameBytes) {
  world_.MustSubmit("lead", SetParticipant("nd-bci", v1::ROLE_PARTICIPANT, {"ky-1"}));
  world_.MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  EXPECT_EQ(world_.PlanOf("ky-ago").SerializeAsString(), world_.PlanOf("nd-bci").SerializeAsString());
  EXPECT_EQ(world_.FeedOf("ky-ago").back().bytes, world_.FeedOf("nd-bci").back().bytes);
  EXPECT_NE(world_.PlanOf("ky-ago").content_sha256(), world_.PlanOf("ky-prosecutor").content_sha256());
}

TEST_F(PlanRules, P6TheHashCoversWhatIsReadAndNothingElse) {
  // The same text reached in one version or in three.
  World other;
  SetUpOperation(&other);
  other.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("ky", "Draft.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  other.MustSubmit("lead",
                   AmendPlan(2, kEditorial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.")}));
  EXPECT_EQ(world_.PlanOf("ky-ago").content_sha256(), other.PlanOf("ky-ago").content_sha256());
}

TEST_F(PlanRules, P6TheContentHashIsTheSameInEveryProcess) {
  EXPECT_EQ(world_.PlanOf("ky-ago").content_sha256(),
            "0eaa907fcdfc90a2c7d54afc78812069d09979d570e93e3ea64ec17e25f1620c");
  EXPECT_EQ(world_.PlanOf("lead").content_sha256(), world_.PlanOf("ky-ago").content_sha256());
}

TEST_F(PlanRules, WhatIsKeptReadyOfAPlanIsWhatItsViewSays) {
  const auto expect_ready = [](const State& state) {
    const OperationRecord& operation = *state.FindOperation(kTestOperation);
    for (const auto& [agency_id, participant] : operation.participants()) {
      const v1::PlanView view = operation.plan().ViewFor(participant);
      const PlanBook::Reach reach = operation.plan().ReachOf(participant);
      EXPECT_EQ(reach.version, view.version()) << agency_id;
      EXPECT_EQ(reach.last_material_version, view.last_material_version()) << agency_id;
      EXPECT_EQ(reach.content_sha256, view.content_sha256()) << agency_id;
    }
  };
  const std::vector<v1::Submission> changes = {
      AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}),
      AmendPlan(2, kEditorial, {MakeSection("secret", "An officer.", {v1::ROLE_PARTICIPANT}, {}, {"ky-ago"})}),
      SetParticipant("nd-bci", v1::ROLE_PARTICIPANT, {"nd-1", "ky-1"}),
      SetParticipant("outsider", v1::ROLE_PROSECUTOR, {}),
      WithdrawPlan(3),
      AmendPlan(3, kMaterial, {}, {"ky"}),
      RemoveParticipant("ky-ago"),
  };
  for (const v1::Submission& change : changes) {
    SCOPED_TRACE(change.ShortDebugString());
    world_.MustSubmit("lead", change);
    expect_ready(world_.state());
    State restored;
    restored.FromImage(world_.state().ToImage());
    expect_ready(restored);
  }
}

TEST_F(PlanRules, OnlyTheLeadIsToldTheAudience) {
  EXPECT_TRUE(world_.PlanOf("lead").sections(0).has_audience());
  EXPECT_FALSE(world_.PlanOf("ky-ago").sections(0).has_audience());
}

TEST_F(PlanRules, ObserversAndAuditorsReadTitlesOnlyAndNoneOfASite) {
  world_.MustSubmit("lead",
                    AmendPlan(1, kMaterial, {MakeSection("ky", "Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  for (const char* viewer : {"observer", "auditor"}) {
    const v1::PlanView view = world_.PlanOf(viewer);
    ASSERT_EQ(view.sections_size(), 1) << viewer;
    EXPECT_EQ(view.sections(0).title(), "Title of situation");
    EXPECT_EQ(view.sections(0).body(), "");
    EXPECT_TRUE(view.sections(0).title_only());
  }
  for (const char* viewer : {"watch-desk", "victim-services", "public-info"}) {
    EXPECT_EQ(world_.PlanOf(viewer).ByteSizeLong(), 0) << viewer;
    EXPECT_EQ(StatusOf(viewer), v1::ACKNOWLEDGEMENT_STATUS_UNSPECIFIED) << viewer;
  }
}

TEST_F(PlanRules, TheLeadReadsEarlierVersionsAsTheyWere) {
  const v1::PlanView first = world_.PlanOf("lead");
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("situation", "Another text.")}));
  EXPECT_EQ(ReadPlan("lead", 1)->SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(ReadPlan("lead", 2)->SerializeAsString(), world_.PlanOf("lead").SerializeAsString());
  EXPECT_EQ(ReadPlan("lead", 3).status().code(), absl::StatusCode::kNotFound);
}

// P7: it may have joined, or been given a site, after something was taken out of the plan.
TEST_F(PlanRules, P7NobodyElseReadsAVersionThatIsNotTheCurrentOne) {
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("situation", "The informant is taken out.")}));
  world_.MustSubmit("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {}));
  for (const char* agency : {"outsider", "ky-ago"}) {
    EXPECT_EQ(ReadPlan(agency, world_.PlanOf(agency).version() - 1).status().code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(ReadPlan(agency, world_.PlanOf(agency).version()).ok());
  }
}

TEST_F(PlanRules, AnAmendmentOfAnOldVersionIsRefused) {
  world_.MustSubmit("lead", AmendPlan(1, kMaterial, {MakeSection("a", "A.")}));
  EXPECT_EQ(ReasonOf("lead", AmendPlan(1, kMaterial, {MakeSection("b", "B.")})), v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_EQ(ReasonOf("lead", WithdrawPlan(1)), v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_EQ(ReasonOf("lead", PublishPlan({MakeSection("a", "A.")})), v1::ERROR_REASON_ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf("lead", AmendPlan(2, kMaterial, {}, {"b"})), v1::ERROR_REASON_UNKNOWN_REFERENCE);
  EXPECT_EQ(ReasonOf("lead", AmendPlan(2, kMaterial, {MakeSection("c", "C.", {v1::ROLE_PARTICIPANT}, {"tx-1"})})),
            v1::ERROR_REASON_UNKNOWN_REFERENCE);
  EXPECT_EQ(world_.PlanOf("lead").version(), 2);
}

}  // namespace
}  // namespace muster
