// The daemon's own API beside the broker's: whoever is connected through it sees and gets the same.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/lib/agent_client.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/uuid.h"
#include "gmock/gmock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"
#include "tests/integration/test_agent.h"

namespace muster {
namespace {

using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAreArray;

class LocalApiTest : public IntegrationTest {
 protected:
  // Kentucky's command post, connected.
  void SetUp() override {
    IntegrationTest::SetUp();
    SetUpExercise();
    // Who is answered only when that is over has not been answered in time.
    agent_ = std::make_unique<TestAgent>(
        TestAgentOptions{.agency_id = kKentucky, .brokers = {broker_.address()}, .link = "answer_within = \"300s\"\n"});
    const absl::Status started = agent_->Start();
    ASSERT_TRUE(started.ok()) << started << agent_->Log();
    const absl::Status enrolled = agent_->Enroll();
    ASSERT_TRUE(enrolled.ok()) << enrolled;
    ASSERT_TRUE(agent_->WaitUntil(agent::v1::LINK_STATE_CONNECTED)) << agent_->Log();
  }

  static v1::GetPlanRequest PlanRequest() {
    v1::GetPlanRequest request;
    request.set_operation_id(KentuckyTally(1).record_tally().operation_id());
    return request;
  }

  std::shared_ptr<grpc::Channel> Socket() const {
    return grpc::CreateChannel("unix:" + agent_->socket(), grpc::InsecureChannelCredentials());
  }

  std::unique_ptr<TestAgent> agent_;
};

TEST_F(LocalApiTest, StreamThroughTheDaemonIsDecidedOnceEachAndInOrder) {
  constexpr uint64_t kMessages = 10;
  constexpr uint64_t kPerMessage = 30;
  std::vector<std::string> entries;
  std::vector<std::string> ids;
  std::vector<std::string> messages;
  for (uint64_t i = 0; i < kMessages; ++i) {
    v1::StreamSubmitRequest message;
    for (uint64_t j = 1; j <= kPerMessage; ++j) {
      *message.add_submissions() = WithNewId(KentuckyTally(i * kPerMessage + j));
      ids.push_back(message.submissions().rbegin()->submission_id());
      entries.push_back(message.submissions().rbegin()->record_tally().entry().entry_id());
    }
    messages.push_back(message.SerializeAsString());
  }
  const WireAnswer answer = CallWire(Socket(), "muster.v1.SubmissionService/StreamSubmit", messages);
  ASSERT_TRUE(answer.status.ok()) << answer.status << agent_->Status()->DebugString() << agent_->Log();
  std::vector<std::string> answered;
  for (const std::string& bytes : answer.responses) {
    v1::StreamSubmitResponse response;
    ASSERT_TRUE(response.ParseFromString(bytes));
    for (const v1::SubmissionAnswer& result : response.results()) {
      EXPECT_TRUE(result.outcome().has_accepted()) << result.DebugString();
      answered.push_back(result.submission_id());
    }
  }
  EXPECT_THAT(answered, UnorderedElementsAreArray(ids));
  const auto feed = FeedOf(As(kLead).connection());
  ASSERT_TRUE(feed.ok()) << feed.status();
  EXPECT_THAT(EntriesIn(*feed), ElementsAreArray(entries));
}

TEST_F(LocalApiTest, ReadThroughTheDaemonIsTheBrokersAnswerAndNoCopy) {
  std::optional<Freshness> copy;
  Client local(agent_->Connect(kPatience, [&](const Freshness& freshness) { copy = freshness; }));
  const auto through_daemon = local.GetPlan(PlanRequest());
  const auto at_broker = As(kKentucky).GetPlan(PlanRequest());
  ASSERT_TRUE(through_daemon.ok()) << through_daemon.status();
  ASSERT_TRUE(at_broker.ok()) << at_broker.status();
  EXPECT_EQ(through_daemon->SerializeAsString(), at_broker->SerializeAsString());
  EXPECT_FALSE(copy.has_value());
}

TEST_F(LocalApiTest, RefusalOfAReadIsTheBrokers) {
  v1::GetPlanRequest request;
  request.set_operation_id("no-such-operation");
  const absl::Status through_daemon = agent_->client().GetPlan(request).status();
  const absl::Status at_broker = As(kKentucky).GetPlan(request).status();
  EXPECT_EQ(through_daemon.code(), at_broker.code());
  EXPECT_EQ(ReasonOf(through_daemon), ReasonOf(at_broker));
}

TEST_F(LocalApiTest, RejectedChangeHasTheStatusThatABrokerGivesIt) {
  v1::AcknowledgePlanRequest stale;
  stale.set_submission_id(NewUuidV7(SystemClock()->Now()));
  stale.mutable_acknowledgement()->set_operation_id(PlanRequest().operation_id());
  stale.mutable_acknowledgement()->set_version(77);
  stale.mutable_acknowledgement()->set_content_sha256(std::string(64, 'a'));
  const auto status_of = [&stale](Connection& connection) {
    v1::AcknowledgePlanResponse response;
    return connection.Call("/muster.v1.PlanService/AcknowledgePlan", stale, &response);
  };
  const absl::Status through_daemon = status_of(*agent_->Connect());
  stale.set_submission_id(NewUuidV7(SystemClock()->Now()));
  const absl::Status at_broker = status_of(*As(kKentucky).connection());
  EXPECT_FALSE(at_broker.ok());
  EXPECT_EQ(through_daemon.code(), at_broker.code());
  EXPECT_EQ(ReasonOf(through_daemon), ReasonOf(at_broker));
}

TEST_F(LocalApiTest, FeedOfTheDaemonIsTheBrokersDeliveryForDelivery) {
  const v1::Outcome outcome = Accept(As(kKentucky), WithNewId(KentuckyTally(1)));
  // Waits until the daemon holds what has just happened.
  const auto rest = FeedOf(agent_->Connect(), outcome.cursor());
  ASSERT_TRUE(rest.ok()) << rest.status();
  const auto local = FeedOf(agent_->Connect());
  const auto at_broker = FeedOf(As(kKentucky).connection());
  ASSERT_TRUE(local.ok() && at_broker.ok()) << local.status() << at_broker.status();
  ASSERT_THAT(*at_broker, Not(IsEmpty()));
  ASSERT_EQ(local->size(), at_broker->size());
  for (size_t i = 0; i < local->size(); ++i) {
    EXPECT_EQ((*local)[i].SerializeAsString(), (*at_broker)[i].SerializeAsString()) << i;
  }
}

// An answer's cursor may be ahead of the inbox for a moment; whoever subscribes from it must not be told that it is
// none.
TEST_F(LocalApiTest, CursorOfAnAnswerIsGoodForTheDaemonsFeedAtOnce) {
  for (uint64_t i = 1; i <= 20; ++i) {
    const v1::Outcome outcome = Accept(As(kKentucky), WithNewId(KentuckyTally(i)));
    const auto rest = FeedOf(agent_->Connect(), outcome.cursor());
    ASSERT_TRUE(rest.ok()) << rest.status();
    EXPECT_THAT(*rest, IsEmpty());
  }
}

TEST_F(LocalApiTest, DiagnosisOfAConnectedDaemonFindsNothingThatFails) {
  const auto diagnosis = AgentClient(agent_->Connect()).Diagnose();
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.status();
  int brokers = 0;
  for (const agent::v1::Finding& finding : diagnosis->findings()) {
    EXPECT_NE(finding.level(), agent::v1::FINDING_LEVEL_FAILING) << finding.DebugString();
    EXPECT_NE(finding.level(), agent::v1::FINDING_LEVEL_SKIPPED) << finding.DebugString();
    brokers += finding.check() == "revocation" ? 1 : 0;
  }
  EXPECT_EQ(brokers, 1);
}

TEST_F(LocalApiTest, DiagnosisOfARevokedCertificateSaysSo) {
  v1::RevokeCertificate body;
  body.set_agency_id(kKentucky);
  body.set_key_sha256(As(kKentucky).WhoAmI()->principal().key_sha256());
  body.set_reason("the laptop was stolen");
  ASSERT_TRUE(As(kLead).RevokeCertificate(body).ok());
  const auto diagnosis = AgentClient(agent_->Connect()).Diagnose();
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.status();
  bool said = false;
  for (const agent::v1::Finding& finding : diagnosis->findings()) {
    if (finding.check() != "revocation") continue;
    said = true;
    EXPECT_EQ(finding.level(), agent::v1::FINDING_LEVEL_FAILING) << finding.DebugString();
    EXPECT_THAT(finding.remedy(), testing::HasSubstr("muster agent enroll"));
  }
  EXPECT_TRUE(said);
}

}  // namespace
}  // namespace muster
