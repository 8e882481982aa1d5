// Who is on the roster and may act, and which steps an operation may take.
#include <map>
#include <set>

#include "gtest/gtest.h"
#include "server/state/access/visibility.h"
#include "server/state/readiness/testing/go.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

using Phase = v1::OperationPhase;

// ---- Roster ------------------------------------------------------------------------------------------------------

class RosterTest : public ::testing::Test {
 protected:
  RosterTest() { SetUpOperation(&world_); }
  v1::ErrorReason ReasonOf(absl::string_view agency_id, const v1::Submission& submission) {
    return world_.Submit(agency_id, submission).rejected().reason();
  }
  v1::Submission Acknowledge(absl::string_view agency_id) { return AcknowledgePlan(world_.PlanOf(agency_id)); }
  World world_;
};

TEST_F(RosterTest, ARevokedCertificateMayDoNothingAndAnotherOfTheSameAgencyMay) {
  const v1::Principal lost = PrincipalOf("ky-ago");
  world_.MustSubmit(kRegistrar, RevokeCertificate("ky-ago", lost.key_sha256()));
  EXPECT_TRUE(world_.last_applied().access_changed);
  EXPECT_EQ(ReasonOf("ky-ago", Acknowledge("ky-ago")), v1::ERROR_REASON_CERTIFICATE_REVOKED);
  EXPECT_EQ(world_.state().roster().CheckStanding(lost).code(), absl::StatusCode::kUnauthenticated);
  v1::Principal other = lost;
  other.set_key_sha256(std::string(64, 'e'));
  EXPECT_TRUE(world_.SubmitAs(other, Acknowledge("ky-ago")).has_accepted());
}

TEST_F(RosterTest, RevokingTwiceKeepsTheFirst) {
  const std::string certificate(64, 'a');
  world_.MustSubmit(kRegistrar, RevokeCertificate("ky-ago", certificate));
  world_.clock().Advance(absl::Hours(1));
  world_.MustSubmit(kRegistrar, RevokeCertificate("ky-ago", certificate));
  const v1::AgencyRecord& record = *world_.state().roster().Find("ky-ago");
  ASSERT_EQ(record.revocations_size(), 1);
  EXPECT_EQ(FromProto(record.revocations(0).revoked_at()), world_.clock().Now() - absl::Hours(1));
}

TEST_F(RosterTest, ASuspendedAgencyMayDoNothingUntilItIsReinstated) {
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_SUSPENDED));
  EXPECT_TRUE(world_.last_applied().access_changed);
  EXPECT_EQ(ReasonOf("ky-ago", Acknowledge("ky-ago")), v1::ERROR_REASON_AGENCY_SUSPENDED);
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_ACTIVE));
  world_.MustSubmit("ky-ago", Acknowledge("ky-ago"));
}

TEST_F(RosterTest, WhatIsPublishedDuringASuspensionIsNeverDelivered) {
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_SUSPENDED));
  EXPECT_EQ(world_.FeedOf(kRegistrar).back().notice.agency().standing(), v1::AGENCY_STANDING_SUSPENDED);
  const size_t received = world_.FeedOf("ky-ago").size();
  const std::string cursor = world_.state().CursorOf("ky-ago");
  world_.MustSubmit("lead", AmendPlan(1, v1::SECTION_CHANGE_MATERIAL,
                                      {MakeSection("passing", "Gone again before the reinstatement.")}));
  EXPECT_TRUE(world_.FeedOf("nd-bci").back().notice.has_plan());
  world_.MustSubmit("lead", AmendPlan(2, v1::SECTION_CHANGE_MATERIAL, {}, {"passing"}));
  GiveGoWithWaivers(&world_);
  world_.MustSubmit("lead", SetParticipant("ky-ago", v1::ROLE_PARTICIPANT, {"ky-1", "mo-1"}));
  world_.MustSubmit(kRegistrar, RegisterAgency("ky-ago", "KY"));
  EXPECT_EQ(world_.FeedOf("ky-ago").size(), received);
  EXPECT_EQ(world_.state().CursorOf("ky-ago"), cursor);
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_ACTIVE));
  const std::vector<FeedItem>& feed = world_.FeedOf("ky-ago");
  for (size_t i = received; i < feed.size(); ++i) {
    EXPECT_EQ(feed[i].bytes.find("Gone again"), std::string::npos);
  }
}

TEST_F(RosterTest, ReinstatementBringsTheCurrentViews) {
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_SUSPENDED));
  const size_t received = world_.FeedOf("ky-ago").size();
  world_.MustSubmit("lead", AmendPlan(1, v1::SECTION_CHANGE_MATERIAL, {MakeSection("new", "Read this.")}));
  GiveGoWithWaivers(&world_);
  const size_t of_another = world_.FeedOf("nd-bci").size();
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_ACTIVE));
  const std::vector<FeedItem>& feed = world_.FeedOf("ky-ago");
  ASSERT_EQ(feed.size(), received + 4);
  EXPECT_EQ(feed[received].notice.agency().standing(), v1::AGENCY_STANDING_ACTIVE);
  EXPECT_EQ(feed[received + 1].notice.operation().phase(), v1::OPERATION_PHASE_EXECUTING);
  EXPECT_EQ(feed[received + 1].notice.operation().participants_size(), 1);
  EXPECT_EQ(feed[received + 2].notice.plan().SerializeAsString(), world_.PlanOf("ky-ago").SerializeAsString());
  EXPECT_EQ(feed[received + 2].notice.plan().version(), 2);
  EXPECT_EQ(feed[received + 3].notice.readiness().SerializeAsString(), BoardOf(world_, "ky-ago").SerializeAsString());
  EXPECT_EQ(world_.FeedOf("nd-bci").size(), of_another) << "it is nobody else's business";
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_ACTIVE));
  EXPECT_EQ(feed.size(), received + 5) << "an agency that was active is told its record only";
}

TEST_F(RosterTest, AnAgencyThatWasNeverRegisteredMayDoNothing) {
  EXPECT_EQ(ReasonOf("nobody", AcknowledgePlan(world_.PlanOf("ky-ago"))), v1::ERROR_REASON_AGENCY_UNKNOWN);
  EXPECT_EQ(ReasonOf(kRegistrar, SetStanding("nobody", v1::AGENCY_STANDING_ACTIVE)), v1::ERROR_REASON_NOT_FOUND);
  EXPECT_EQ(ReasonOf(kRegistrar, RevokeCertificate("nobody", std::string(64, 'a'))), v1::ERROR_REASON_NOT_FOUND);
}

TEST_F(RosterTest, TheLastRegistrarStays) {
  EXPECT_EQ(ReasonOf(kRegistrar, SetStanding(kRegistrar, v1::AGENCY_STANDING_SUSPENDED)),
            v1::ERROR_REASON_LAST_REGISTRAR);
  EXPECT_EQ(ReasonOf(kRegistrar, RegisterAgency(kRegistrar)), v1::ERROR_REASON_LAST_REGISTRAR);
  world_.MustSubmit(kRegistrar, RegisterAgency("second", "", false, true));
  world_.MustSubmit("second", SetStanding("second", v1::AGENCY_STANDING_SUSPENDED));
  EXPECT_EQ(ReasonOf(kRegistrar, RegisterAgency(kRegistrar)), v1::ERROR_REASON_LAST_REGISTRAR)
      << "a suspended registrar is none";
  world_.MustSubmit(kRegistrar, SetStanding("second", v1::AGENCY_STANDING_ACTIVE));
  world_.MustSubmit(kRegistrar, RegisterAgency(kRegistrar));
  EXPECT_EQ(ReasonOf(kRegistrar, RegisterAgency("third")), v1::ERROR_REASON_NOT_PERMITTED);
}

TEST_F(RosterTest, RegisteringAgainReplacesTheDescriptionAndKeepsStandingAndRevocations) {
  world_.MustSubmit(kRegistrar, RevokeCertificate("ky-ago", std::string(64, 'a')));
  world_.MustSubmit(kRegistrar, SetStanding("ky-ago", v1::AGENCY_STANDING_SUSPENDED));
  world_.MustSubmit(kRegistrar, RegisterAgency("ky-ago", "OH"));
  const v1::AgencyRecord& record = *world_.state().roster().Find("ky-ago");
  EXPECT_EQ(record.agency().state(), "OH");
  EXPECT_EQ(record.standing(), v1::AGENCY_STANDING_SUSPENDED);
  EXPECT_EQ(record.revocations_size(), 1);
}

TEST_F(RosterTest, OnlyTheAgencyItselfAndRegistrarsSeeRevocations) {
  world_.MustSubmit(kRegistrar, RevokeCertificate("ky-ago", std::string(64, 'a')));
  const v1::AgencyRecord& record = *world_.state().roster().Find("ky-ago");
  EXPECT_EQ(ViewAgency(world_.state(), "ky-ago", record).revocations_size(), 1);
  EXPECT_EQ(ViewAgency(world_.state(), kRegistrar, record).revocations_size(), 1);
  EXPECT_EQ(ViewAgency(world_.state(), "lead", record).revocations_size(), 0);
  EXPECT_TRUE(SeesAgency(world_.state(), "lead", "ky-ago"));
  EXPECT_FALSE(SeesAgency(world_.state(), "lead", "outsider"));
  EXPECT_FALSE(SeesAgency(world_.state(), "ky-ago", "nd-bci"));
}

TEST_F(RosterTest, TheLeadKeepsItsPlaceAndSitesMustExist) {
  EXPECT_EQ(ReasonOf("lead", RemoveParticipant("lead")), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOf("lead", SetParticipant("lead", v1::ROLE_OBSERVER, {})), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOf("lead", RemoveParticipant("outsider")), v1::ERROR_REASON_NOT_FOUND);
  EXPECT_EQ(ReasonOf("lead", SetParticipant("outsider", v1::ROLE_PARTICIPANT, {"tx-9"})),
            v1::ERROR_REASON_UNKNOWN_REFERENCE);
  EXPECT_EQ(ReasonOf("lead", AddSite(MakeSite("ky-1", "KY"))), v1::ERROR_REASON_ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf("lead", CreateOperation({})), v1::ERROR_REASON_ALREADY_EXISTS);
}

TEST_F(RosterTest, ARemovedParticipantMayNotReport) {
  world_.MustSubmit("lead", RemoveParticipant("ky-ago"));
  const v1::TallyEntry entry = MakeEntry(EntryId(1), "ky-ago", "ky-1", v1::TALLY_CATEGORY_CITATION, 1);
  EXPECT_EQ(ReasonOf("ky-ago", RecordTally(entry)), v1::ERROR_REASON_NOT_PERMITTED);
}

// ---- Phases ------------------------------------------------------------------------------------------------------

// How to bring an operation with a published plan from PLANNING to a phase.
std::vector<Phase> WayTo(Phase phase) {
  if (phase == v1::OPERATION_PHASE_ABORTED) return {phase};
  std::vector<Phase> way;
  for (int step = v1::OPERATION_PHASE_ARMED; step <= phase; ++step) way.push_back(static_cast<Phase>(step));
  return way;
}

void BringTo(World* world, Phase phase) {
  SetUpPlanning(world);
  world->MustSubmit("lead", PublishPlan({MakeSection("situation", "EXERCISE")}));
  for (const Phase step : WayTo(phase)) {
    if (step == v1::OPERATION_PHASE_EXECUTING) {
      GiveGoWithWaivers(world);
    } else {
      world->MustSubmit("lead", SetPhase(step));
    }
  }
}

TEST(Phases, OnlyTheStepsOfTheLifecycleAreTaken) {
  // ARMED to EXECUTING is none of them: only GO takes it (rule G1).
  const std::set<std::pair<Phase, Phase>> steps = {{v1::OPERATION_PHASE_PLANNING, v1::OPERATION_PHASE_ARMED},
                                                   {v1::OPERATION_PHASE_EXECUTING, v1::OPERATION_PHASE_REPORTING},
                                                   {v1::OPERATION_PHASE_REPORTING, v1::OPERATION_PHASE_CLOSED},
                                                   {v1::OPERATION_PHASE_PLANNING, v1::OPERATION_PHASE_ABORTED},
                                                   {v1::OPERATION_PHASE_ARMED, v1::OPERATION_PHASE_ABORTED},
                                                   {v1::OPERATION_PHASE_EXECUTING, v1::OPERATION_PHASE_ABORTED},
                                                   {v1::OPERATION_PHASE_REPORTING, v1::OPERATION_PHASE_ABORTED}};
  for (int from = v1::OPERATION_PHASE_PLANNING; from <= v1::OPERATION_PHASE_ABORTED; ++from) {
    for (int to = v1::OPERATION_PHASE_UNSPECIFIED; to <= v1::OPERATION_PHASE_ABORTED; ++to) {
      World world;
      BringTo(&world, static_cast<Phase>(from));
      const v1::Outcome outcome = world.Submit("lead", SetPhase(static_cast<Phase>(to)));
      const bool is_step = steps.count({static_cast<Phase>(from), static_cast<Phase>(to)}) == 1;
      EXPECT_EQ(outcome.has_accepted(), is_step) << from << " to " << to;
      EXPECT_EQ(world.operation().phase(), is_step ? to : from);
      const v1::ErrorReason reason = is_step ? v1::ERROR_REASON_UNSPECIFIED : v1::ERROR_REASON_WRONG_PHASE;
      EXPECT_EQ(outcome.rejected().reason(), reason) << from << " to " << to;
    }
  }
}

TEST(Phases, WithoutAPlanAnOperationIsNotArmed) {
  World world;
  SetUpPlanning(&world);
  EXPECT_EQ(world.Submit("lead", SetPhase(v1::OPERATION_PHASE_ARMED)).rejected().reason(),
            v1::ERROR_REASON_WRONG_PHASE);
}

TEST(Phases, EveryParticipantIsToldOfAPhaseInTheSameBytes) {
  World world;
  SetUpOperation(&world);
  world.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ABORTED));
  ASSERT_EQ(world.last_applied().notices.size(), 1);
  EXPECT_EQ(world.FeedOf("ky-ago").back().bytes, world.FeedOf("observer").back().bytes);
  EXPECT_EQ(world.FeedOf("ky-ago").back().notice.operation().participants_size(), 0);
}

// By phase: whether the plan and the roster may change, whether tallies come in, whether they are corrected.
struct Allowed {
  bool changes, reports, corrections;
};

TEST(Phases, APhaseDecidesWhatMayHappen) {
  const std::map<Phase, Allowed> rules = {
      {v1::OPERATION_PHASE_PLANNING, {true, false, false}}, {v1::OPERATION_PHASE_ARMED, {true, true, true}},
      {v1::OPERATION_PHASE_EXECUTING, {true, true, true}},  {v1::OPERATION_PHASE_REPORTING, {true, true, true}},
      {v1::OPERATION_PHASE_CLOSED, {false, false, true}},   {v1::OPERATION_PHASE_ABORTED, {false, true, true}}};
  for (const auto& [phase, allowed] : rules) {
    World world;
    BringTo(&world, phase);
    const auto expect = [&](const char* agency_id, const v1::Submission& submission, bool is_allowed) {
      const v1::Outcome outcome = world.Submit(agency_id, submission);
      EXPECT_EQ(outcome.has_accepted(), is_allowed) << v1::OperationPhase_Name(phase) << submission.ShortDebugString();
      const v1::ErrorReason reason = is_allowed ? v1::ERROR_REASON_UNSPECIFIED : v1::ERROR_REASON_WRONG_PHASE;
      EXPECT_EQ(outcome.rejected().reason(), reason);
    };
    const v1::TallyEntry entry = MakeEntry(EntryId(1), "ky-ago", "ky-1", v1::TALLY_CATEGORY_CITATION, 1);
    expect("ky-ago", RecordTally(entry), allowed.reports);
    expect("ky-ago", CorrectTally(entry.entry_id(), {}), allowed.corrections);
    expect("ky-ago", AcknowledgePlan(world.PlanOf("ky-ago")), allowed.changes);
    expect("lead", AddSite(MakeSite("tx-1", "TX")), allowed.changes);
    expect("lead", SetParticipant("outsider", v1::ROLE_OBSERVER, {}), allowed.changes);
    expect("lead", RemoveParticipant("observer"), allowed.changes);
    expect("lead", AmendPlan(1, v1::SECTION_CHANGE_EDITORIAL, {MakeSection("a", "A.")}), allowed.changes);
    expect("lead", WithdrawPlan(world.operation().plan().version()), allowed.changes);
  }
}

TEST(Exclusion, P7OthersDoNotReadWhomASiteExcludesAndTheExcludedCannotWorkThere) {
  World world;
  SetUpOperation(&world);
  v1::Site site = MakeSite("ky-9", "KY");
  site.add_excluded_agency_ids("nd-bci");
  world.MustSubmit("lead", AddSite(site));
  world.MustSubmit("lead", SetParticipant("ky-ago", v1::ROLE_PARTICIPANT, {"ky-1", "ky-9"}));
  EXPECT_EQ(world.FeedBytes("ky-ago").find("nd-bci"), std::string::npos);
  EXPECT_EQ(world.Submit("lead", SetParticipant("nd-bci", v1::ROLE_PARTICIPANT, {"nd-1", "ky-9"})).rejected().rule(),
            "P7");
}

TEST(VictimServices, V2AVictimServicesAgencyTakesPartAsSuchOnly) {
  World world;
  SetUpOperation(&world);
  v1::Submission registration = RegisterAgency("shelter");
  registration.mutable_register_agency()->mutable_agency()->set_kind(v1::AGENCY_KIND_VICTIM_SERVICES);
  world.MustSubmit(kRegistrar, registration);
  EXPECT_EQ(world.Submit("lead", SetParticipant("shelter", v1::ROLE_PARTICIPANT, {})).rejected().rule(), "V2");
  world.MustSubmit("lead", SetParticipant("shelter", v1::ROLE_VICTIM_SERVICES, {}));
}

}  // namespace
}  // namespace muster
