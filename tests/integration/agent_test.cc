// The real daemon between a program and a real broker: what a command post may rely on.
#include <signal.h>
#include <stdio.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/lib/freshness.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"
#include "tests/integration/test_agent.h"

namespace muster {
namespace {

using agent::v1::DELIVERY_STATE_ACCEPTED;
using agent::v1::DELIVERY_STATE_DROPPED;
using agent::v1::DELIVERY_STATE_REJECTED;
using agent::v1::DELIVERY_STATE_SAVED_HERE;
using agent::v1::LINK_STATE_CONNECTED;
using agent::v1::LINK_STATE_NOT_ENROLLED;
using agent::v1::LINK_STATE_OFF_LINE;
using agent::v1::LINK_STATE_REFUSED;
using testing::HasSubstr;

constexpr int kKilled = 128 + SIGKILL;

class AgentTest : public IntegrationTest {
 protected:
  // Kentucky's command post, enrolled and connected.
  testing::AssertionResult StartAgent(TestAgentOptions options = {}) {
    if (options.agency_id.empty()) options.agency_id = kKentucky;
    if (options.brokers.empty()) options.brokers = {broker_.address()};
    agent_ = std::make_unique<TestAgent>(std::move(options));
    if (const absl::Status started = agent_->Start(); !started.ok()) return testing::AssertionFailure() << started;
    if (const absl::Status enrolled = agent_->Enroll(); !enrolled.ok()) return testing::AssertionFailure() << enrolled;
    return Reached(LINK_STATE_CONNECTED);
  }
  testing::AssertionResult Reached(agent::v1::LinkState state) {
    if (agent_->WaitUntil(state)) return testing::AssertionSuccess();
    const auto status = agent_->Status();
    return testing::AssertionFailure() << (status.ok() ? status->DebugString() : status.status().ToString())
                                       << agent_->Log();
  }
  v1::Outcome Submit(v1::Submission submission) {
    const absl::StatusOr<v1::Outcome> outcome = agent_->client().Submit(std::move(submission));
    EXPECT_TRUE(outcome.ok()) << outcome.status();
    return outcome.ok() ? *outcome : v1::Outcome();
  }
  // Kentucky's entries as the broker delivers them to the lead: the truth, in its order.
  std::vector<std::string> EntriesAtBroker() {
    const auto feed = FeedOf(As(kLead).connection());
    EXPECT_TRUE(feed.ok()) << feed.status();
    return feed.ok() ? EntriesIn(*feed) : std::vector<std::string>();
  }

  std::unique_ptr<TestAgent> agent_;
};

std::string EntryOf(const v1::Submission& submission) { return submission.record_tally().entry().entry_id(); }

TEST_F(AgentTest, WhileConnectedASubmissionIsAnsweredWithTheBrokersDecision) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  const v1::Outcome outcome = Submit(KentuckyTally(1));
  EXPECT_TRUE(outcome.has_accepted()) << outcome.DebugString();
  EXPECT_EQ(agent_->Item(1)->state(), DELIVERY_STATE_ACCEPTED);
}

TEST_F(AgentTest, BeforeEnrolmentNothingIsAcceptedAndTheStatusSaysWhatToDo) {
  TestAgent agent({.agency_id = kKentucky, .brokers = {broker_.address()}});
  ASSERT_TRUE(agent.Start().ok());
  const absl::StatusOr<v1::Outcome> outcome = agent.client().Submit(KentuckyTally(1));
  EXPECT_EQ(RejectedOf(outcome.status()).reason(), v1::ERROR_REASON_NOT_ENROLLED) << outcome.status();
  const auto status = agent.Status();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->link().state(), LINK_STATE_NOT_ENROLLED);
  EXPECT_THAT(status->link().trouble(), HasSubstr("muster agent enroll"));
}

TEST_F(AgentTest, WhatIsSavedWhileTheBrokerIsDownIsAcceptedOnceAndInOrder) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  broker_.Kill();
  Disconnect();
  ASSERT_TRUE(Reached(LINK_STATE_OFF_LINE));
  std::vector<std::string> entries;
  for (uint64_t number = 1; number <= 50; ++number) {
    const v1::Submission tally = KentuckyTally(number);
    entries.push_back(EntryOf(tally));
    const v1::Outcome outcome = Submit(tally);
    ASSERT_TRUE(outcome.has_saved_here()) << outcome.DebugString();
    EXPECT_EQ(outcome.saved_here().outbox_number(), number);
  }
  ASSERT_TRUE(Start());
  ASSERT_TRUE(agent_->WaitUntilAllDecided());
  EXPECT_EQ(EntriesAtBroker(), entries);
  const auto items = agent_->Outbox();
  ASSERT_TRUE(items.ok()) << items.status();
  for (const agent::v1::OutboxItem& item : *items) EXPECT_EQ(item.state(), DELIVERY_STATE_ACCEPTED);
}

TEST_F(AgentTest, WhatWasSavedOutlivesKillsOfTheDaemon) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  broker_.Kill();
  Disconnect();
  ASSERT_TRUE(Reached(LINK_STATE_OFF_LINE));
  std::vector<std::string> entries;
  for (uint64_t number = 1; number <= 6; ++number) {
    const v1::Submission tally = KentuckyTally(number);
    entries.push_back(EntryOf(tally));
    ASSERT_TRUE(Submit(tally).has_saved_here());
    agent_->Kill();
    ASSERT_TRUE(agent_->Start().ok());
  }
  ASSERT_TRUE(Start());
  ASSERT_TRUE(agent_->WaitUntilAllDecided());
  EXPECT_EQ(EntriesAtBroker(), entries);
}

// Where the daemon dies on the way of an item through it.
class KilledAt : public AgentTest, public testing::WithParamInterface<const char*> {};

TEST_P(KilledAt, TheItemArrivesExactlyOnce) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  ASSERT_EQ(agent_->Stop().value_or(-1), 0) << agent_->Log();
  ASSERT_TRUE(agent_->Start({absl::StrCat("MUSTER_FAILPOINT=", GetParam())}).ok());
  const v1::Submission tally = KentuckyTally(1);
  // The answer is lost with the daemon, or comes just before.
  (void)Client(agent_->Connect(absl::Seconds(5))).Submit(tally);
  ASSERT_EQ(agent_->WaitForEnd().value_or(-1), kKilled) << agent_->Log();
  ASSERT_TRUE(agent_->Start().ok());
  // What was not saved is the caller's to repeat, as after any lost answer.
  EXPECT_TRUE(Submit(tally).has_accepted());
  EXPECT_EQ(EntriesAtBroker(), std::vector<std::string>{EntryOf(tally)});
}

INSTANTIATE_TEST_SUITE_P(Failpoints, KilledAt,
                         testing::Values("agent.save.before_commit", "agent.save.after_commit",
                                         "agent.sender.before_submit", "agent.sender.after_answer",
                                         "agent.take.before_commit", "agent.take.after_commit"));

// Where the daemon dies on the way of a delivery into it.
class KilledReceiving : public AgentTest, public testing::WithParamInterface<const char*> {};

TEST_P(KilledReceiving, TheInboxHoldsTheFeedWithoutGapOrRepetition) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  ASSERT_EQ(agent_->Stop().value_or(-1), 0);
  for (uint64_t number = 1; number <= 20; ++number) Accept(As(kKentucky), KentuckyTally(number));
  ASSERT_TRUE(agent_->Launch({absl::StrCat("MUSTER_FAILPOINT=", GetParam())}).ok());
  ASSERT_EQ(agent_->WaitForEnd().value_or(-1), kKilled) << agent_->Log();
  ASSERT_TRUE(agent_->Start().ok());
  ASSERT_TRUE(Reached(LINK_STATE_CONNECTED));
  const auto at_broker = FeedOf(As(kKentucky).connection());
  const auto at_agent = FeedOf(agent_->Connect());
  ASSERT_TRUE(at_broker.ok() && at_agent.ok()) << at_broker.status() << at_agent.status();
  ASSERT_EQ(at_agent->size(), at_broker->size());
  for (size_t i = 0; i < at_agent->size(); ++i) {
    EXPECT_EQ((*at_agent)[i].SerializeAsString(), (*at_broker)[i].SerializeAsString());
  }
}

INSTANTIATE_TEST_SUITE_P(Failpoints, KilledReceiving,
                         testing::Values("agent.receiver.before_append", "agent.append.before_commit",
                                         "agent.append.after_commit", "agent.receiver.after_append"));

TEST_F(AgentTest, TheLastPlanIsReadableOffLineAndSaysThatItIsACopy) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  // Amended while nobody reads it: the delivery alone must bring the new text.
  Accept(As(kLead), AmendPlan(1, v1::SECTION_CHANGE_MATERIAL, {MakeSection("situation", "It has changed.")}));
  v1::GetPlanRequest request;
  request.set_operation_id(kTestOperation);
  const auto fresh = As(kKentucky).GetPlan(request);
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  const auto wanted_cursor = As(kKentucky).GetFeedCursor();
  ASSERT_TRUE(wanted_cursor.ok());
  ASSERT_TRUE(Eventually([&] { return agent_->Status()->inbox().cursor() == wanted_cursor->cursor(); }));
  broker_.Kill();
  ASSERT_TRUE(Reached(LINK_STATE_OFF_LINE));
  std::optional<Freshness> copy;
  Client client(agent_->Connect(kPatience, [&](const Freshness& freshness) { copy = freshness; }));
  const auto kept = client.GetPlan(request);
  ASSERT_TRUE(kept.ok()) << kept.status();
  EXPECT_EQ(kept->plan().SerializeAsString(), fresh->plan().SerializeAsString());
  ASSERT_TRUE(copy.has_value());
  EXPECT_NEAR(absl::ToDoubleSeconds(SystemClock()->Now() - copy->as_of), 0, 120);
}

TEST_F(AgentTest, ReadsAreKeptForOffLineThoughNobodyAskedForThem) {
  SetUpExercise();
  Accept(As(kKentucky), KentuckyTally(1));
  ASSERT_TRUE(StartAgent());
  v1::GetTotalsRequest totals;
  totals.set_operation_id(kTestOperation);
  totals.set_definition(v1::COUNTING_DEFINITION_LEAD);
  // Copies are made by a thread of the daemon's, as fast as the machine allows: so the broker may be down too early.
  for (int round = 0; round < 20; ++round) {
    absl::SleepFor(absl::Milliseconds(200));
    broker_.Kill();
    ASSERT_TRUE(Reached(LINK_STATE_OFF_LINE));
    if (agent_->client().GetTotals(totals).ok()) break;
    Disconnect();
    ASSERT_TRUE(Start());
    ASSERT_TRUE(Reached(LINK_STATE_CONNECTED));
  }
  Client client = agent_->client();
  EXPECT_TRUE(client.GetTotals(totals).ok()) << client.GetTotals(totals).status();
}

TEST_F(AgentTest, AReadThatNothingIsKeptOfIsRefusedOffLine) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  broker_.Kill();
  ASSERT_TRUE(Reached(LINK_STATE_OFF_LINE));
  v1::GetOperationRequest request;
  request.set_operation_id("no-such-operation");
  EXPECT_EQ(RejectedOf(agent_->client().GetOperation(request).status()).reason(), v1::ERROR_REASON_OFF_LINE);
}

TEST_F(AgentTest, WhatABrokerRefusesIsRejectedForItsReasonAndTheItemsBehindItGoOn) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  broker_.Kill();
  Disconnect();
  ASSERT_TRUE(Reached(LINK_STATE_OFF_LINE));
  // Only the lead may: refused before the log.
  ASSERT_TRUE(Submit(WithNewId(SetPhase(v1::OPERATION_PHASE_CLOSED))).has_saved_here());
  std::vector<std::string> entries;
  for (uint64_t number = 1; number <= 5; ++number) {
    const v1::Submission tally = KentuckyTally(number);
    entries.push_back(EntryOf(tally));
    ASSERT_TRUE(Submit(tally).has_saved_here());
  }
  ASSERT_TRUE(Start());
  ASSERT_TRUE(agent_->WaitUntilAllDecided()) << agent_->Log();
  const auto refused = agent_->Item(1);
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->state(), DELIVERY_STATE_REJECTED);
  EXPECT_EQ(refused->refusal().reason(), v1::ERROR_REASON_NOT_PERMITTED) << refused->DebugString();
  EXPECT_EQ(EntriesAtBroker(), entries);
}

TEST_F(AgentTest, WhatIsDroppedOffLineIsNeverMade) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  broker_.Kill();
  Disconnect();
  ASSERT_TRUE(Reached(LINK_STATE_OFF_LINE));
  ASSERT_TRUE(Submit(KentuckyTally(1)).has_saved_here());
  const v1::Submission second = KentuckyTally(2);
  ASSERT_TRUE(Submit(second).has_saved_here());
  ASSERT_TRUE(agent_->Drop(1, "entered twice").ok());
  ASSERT_TRUE(Start());
  ASSERT_TRUE(agent_->WaitUntilAllDecided()) << agent_->Log();
  EXPECT_EQ(agent_->Item(1)->state(), DELIVERY_STATE_DROPPED);
  EXPECT_EQ(EntriesAtBroker(), std::vector<std::string>{EntryOf(second)});
}

TEST_F(AgentTest, ARotatedCertificateGoesOnWhereTheOldOneWas) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  ASSERT_TRUE(Submit(KentuckyTally(1)).has_accepted());
  const TemporaryFolder folder;
  const CertificateFiles renewed = IssueCertificate(
      folder.path(), absl::StrCat("spiffe://", kTestTrustDomain, "/agency/ky-ago/operator"), absl::Hours(24));
  const agent::v1::EnrollmentBundle bundle = BundleOf(renewed, {broker_.address()});
  // While items are under way.
  std::vector<std::thread> callers;
  for (uint64_t caller = 0; caller < 4; ++caller) {
    callers.emplace_back([this, caller] {
      Client client = agent_->client();
      for (uint64_t i = 0; i < 10; ++i) (void)client.Submit(KentuckyTally(100 + caller * 10 + i));
    });
  }
  const absl::Status enrolled = agent_->Enroll(bundle);
  for (std::thread& caller : callers) caller.join();
  ASSERT_TRUE(enrolled.ok()) << enrolled;
  ASSERT_TRUE(agent_->WaitUntilAllDecided()) << agent_->Log();
  // The old certificate's key is revoked: what goes on goes on with the new one.
  v1::RevokeCertificate revocation;
  revocation.set_agency_id(kKentucky);
  revocation.set_key_sha256(FingerprintOf(OperatorOf(kKentucky)));
  revocation.set_reason("rotated");
  ASSERT_TRUE(As(kLead).RevokeCertificate(revocation).ok());
  ASSERT_TRUE(Submit(KentuckyTally(2)).has_accepted());
  const std::vector<std::string> entries = EntriesAtBroker();
  EXPECT_EQ(entries.size(), 42u);
  EXPECT_EQ(std::set<std::string>(entries.begin(), entries.end()).size(), entries.size());
  const auto status = agent_->Status();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->inbox().gaps_size(), 0);
}

TEST_F(AgentTest, ABundleOfAnotherAgencyIsRefusedAndTheOldIdentityStays) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  const absl::Status refused = agent_->Enroll(BundleOf(OperatorOf(kDakota), {broker_.address()}));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
  EXPECT_TRUE(Submit(KentuckyTally(1)).has_accepted());
  EXPECT_EQ(agent_->Status()->agency_id(), kKentucky);
}

TEST_F(AgentTest, ABundleWhosePartsDoNotFitIsRefused) {
  TestAgent agent({.agency_id = kKentucky, .brokers = {broker_.address()}});
  ASSERT_TRUE(agent.Start().ok());
  agent::v1::EnrollmentBundle bundle = BundleOf(OperatorOf(kKentucky), {broker_.address()});
  bundle.set_key(BundleOf(OperatorOf(kDakota), {broker_.address()}).key());
  const absl::Status refused = agent.Enroll(bundle);
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  EXPECT_EQ(agent.Status()->link().state(), LINK_STATE_NOT_ENROLLED);
}

TEST_F(AgentTest, ARevokedCertificateShowsAsRefusedAndNothingIsLost) {
  SetUpExercise();
  const TemporaryFolder folder;
  const CertificateFiles own = IssueCertificate(
      folder.path(), absl::StrCat("spiffe://", kTestTrustDomain, "/agency/ky-ago/post"), absl::Hours(24));
  ASSERT_TRUE(StartAgent());
  ASSERT_TRUE(agent_->Enroll(BundleOf(own, {broker_.address()})).ok());
  ASSERT_TRUE(Reached(LINK_STATE_CONNECTED));
  v1::RevokeCertificate revocation;
  revocation.set_agency_id(kKentucky);
  revocation.set_key_sha256(FingerprintOf(own));
  revocation.set_reason("stolen");
  ASSERT_TRUE(As(kLead).RevokeCertificate(revocation).ok());
  ASSERT_TRUE(Reached(LINK_STATE_REFUSED));
  const v1::Submission tally = KentuckyTally(1);
  ASSERT_TRUE(Submit(tally).has_saved_here());
  ASSERT_TRUE(agent_->Enroll().ok());
  ASSERT_TRUE(agent_->WaitUntilAllDecided()) << agent_->Log();
  EXPECT_EQ(EntriesAtBroker(), std::vector<std::string>{EntryOf(tally)});
}

TEST_F(AgentTest, ASuspendedAgencyIsRefusedAndGoesOnWhenReinstated) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  v1::SetAgencyStanding standing;
  standing.set_agency_id(kKentucky);
  standing.set_standing(v1::AGENCY_STANDING_SUSPENDED);
  standing.set_reason("for a test");
  ASSERT_TRUE(As(kLead).SetAgencyStanding(standing).ok());
  ASSERT_TRUE(Reached(LINK_STATE_REFUSED));
  const v1::Submission tally = KentuckyTally(1);
  ASSERT_TRUE(Submit(tally).has_saved_here());
  standing.set_standing(v1::AGENCY_STANDING_ACTIVE);
  ASSERT_TRUE(As(kLead).SetAgencyStanding(standing).ok());
  ASSERT_TRUE(agent_->WaitUntilAllDecided()) << agent_->Log();
  EXPECT_EQ(EntriesAtBroker(), std::vector<std::string>{EntryOf(tally)});
}

TEST_F(AgentTest, TheSecondBrokerOfTheListIsUsedWhenTheFirstIsNotThere) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent({.agency_id = kKentucky, .brokers = {"127.0.0.1:1", broker_.address()}}));
  EXPECT_TRUE(Submit(KentuckyTally(1)).has_accepted());
  EXPECT_EQ(agent_->Status()->link().broker(), broker_.address());
}

TEST_F(AgentTest, APublishedPlanTellsWhoHasAcknowledgedIt) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent({.agency_id = kLead}));
  ASSERT_TRUE(
      Submit(AmendPlan(1, v1::SECTION_CHANGE_MATERIAL, {MakeSection("situation", "It has changed.")})).has_accepted());
  ASSERT_TRUE(Eventually([&] { return agent_->Item(1)->seen().of() == 2; })) << agent_->Item(1)->DebugString();
  v1::GetPlanRequest request;
  request.set_operation_id(kTestOperation);
  const auto plan = As(kKentucky).GetPlan(request);
  ASSERT_TRUE(plan.ok());
  v1::AcknowledgePlan acknowledgement;
  acknowledgement.set_operation_id(kTestOperation);
  acknowledgement.set_version(plan->plan().version());
  acknowledgement.set_content_sha256(plan->plan().content_sha256());
  ASSERT_TRUE(As(kKentucky).AcknowledgePlan(acknowledgement).ok());
  EXPECT_TRUE(Eventually([&] { return agent_->Item(1)->seen().seen() == 1; })) << agent_->Item(1)->DebugString();
}

TEST_F(AgentTest, TheHookRunsForEveryDeliveryInOrder) {
  SetUpExercise();
  TemporaryFolder folder;
  const std::string seen = folder.path() + "/seen";
  ASSERT_TRUE(StartAgent({.hook = absl::StrCat("on_delivery = [\"/bin/sh\", \"-c\", \"cat >> ", seen, "\"]\n")}));
  ASSERT_TRUE(Submit(KentuckyTally(1)).has_accepted());
  const auto feed = FeedOf(As(kKentucky).connection());
  ASSERT_TRUE(feed.ok());
  const auto hook_is_done = [&] {
    const auto status = agent_->Status();
    return status.ok() && status->inbox().deliveries() == feed->size() && status->hook().waiting() == 0;
  };
  ASSERT_TRUE(Eventually(hook_is_done)) << agent_->Status()->DebugString();
  const Finished lines = RunToEnd({"/usr/bin/wc", "-l", seen});
  EXPECT_THAT(lines.output, HasSubstr(absl::StrCat(feed->size(), " ")));
}

TEST_F(AgentTest, SigtermEndsItWithZeroAndTheStoreIsSound) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  ASSERT_TRUE(Submit(KentuckyTally(1)).has_accepted());
  EXPECT_EQ(agent_->Stop().value_or(-1), 0) << agent_->Log();
  const Finished verify = RunMusterAgent({"verify", "--config", agent_->config_file()});
  EXPECT_EQ(verify.exit_code, 0) << verify.output;
  EXPECT_THAT(verify.output, HasSubstr("all is sound"));
}

TEST_F(AgentTest, SigtermEndsItSoonThoughNoBrokerAnswers) {
  // An address of a network that swallows everything: nothing but loopback may be used, so a socket that never accepts.
  TestAgent agent({.agency_id = kKentucky, .brokers = {broker_.address()}});
  ASSERT_TRUE(agent.Start().ok());
  ASSERT_TRUE(agent.Enroll().ok());
  broker_.Signal(SIGSTOP);
  const absl::Time begun = SystemClock()->Now();
  EXPECT_EQ(agent.Stop().value_or(-1), 0) << agent.Log();
  EXPECT_LT(SystemClock()->Now() - begun, absl::Seconds(25)) << "its watchdog would have ended it after 30 s";
  broker_.Signal(SIGCONT);
}

// A typed passphrase is asked for once: here it comes from a file that has been read to its end by then.
TEST_F(AgentTest, StartedAnewItGoesOnWithoutAskingForThePassphrase) {
  SetUpExercise();
  const TemporaryFolder folder;
  const std::string typed = folder.path() + "/typed";
  std::ofstream(typed) << "correct horse battery staple\n";
  ASSERT_TRUE(StartAgent({.key = "passphrase = true", .wrapper = {"/bin/sh", "-c", "exec \"$@\" <\"$0\"", typed}}));
  const google::protobuf::Timestamp started_at = agent_->Status()->started_at();
  agent_->Signal(SIGUSR1);
  ASSERT_TRUE(Eventually([&] {
    const auto status = agent_->Status();
    return status.ok() && status->started_at().SerializeAsString() != started_at.SerializeAsString();
  })) << agent_->Log();
  ASSERT_TRUE(Reached(LINK_STATE_CONNECTED));
  EXPECT_TRUE(Submit(KentuckyTally(1)).has_accepted());
  EXPECT_EQ(agent_->Stop().value_or(-1), 0);
}

TEST_F(AgentTest, ItDoesNotStartAnewWithoutItsKey) {
  SetUpExercise();
  ASSERT_TRUE(StartAgent());
  const std::string away = agent_->key_file() + ".away";
  std::filesystem::rename(agent_->key_file(), away);
  agent_->Signal(SIGUSR1);
  ASSERT_TRUE(Eventually([&] { return absl::StrContains(agent_->Log(), "a new start would fail"); }));
  EXPECT_TRUE(Submit(KentuckyTally(1)).has_accepted());
  EXPECT_EQ(agent_->Stop().value_or(-1), 0);
}

TEST_F(AgentTest, AnotherKeyIsInForceAfterRekey) {
  TestAgent agent({.agency_id = kKentucky, .brokers = {broker_.address()}});
  ASSERT_TRUE(agent.Start().ok());
  ASSERT_TRUE(agent.Enroll().ok());
  ASSERT_EQ(agent.Stop().value_or(-1), 0);
  const std::string new_key = agent.folder() + "/new.key";
  ASSERT_EQ(RunMusterAgent({"new-key", new_key}).exit_code, 0);
  const Finished rekey = RunMusterAgent({"rekey", "--config", agent.config_file(), "--new-key-file", new_key});
  ASSERT_EQ(rekey.exit_code, 0) << rekey.output;
  EXPECT_NE(RunMusterAgent({"verify", "--config", agent.config_file()}).exit_code, 0) << "the old key opens nothing";
  ASSERT_EQ(rename(new_key.c_str(), agent.key_file().c_str()), 0);
  ASSERT_TRUE(agent.Start().ok());
  EXPECT_EQ(agent.Status()->agency_id(), kKentucky);
}

}  // namespace
}  // namespace muster
