// What the daemon makes of items, bundles and reads, without threads. The whole is tested in tests/integration.
#include "client/agent/agent.h"

#include <memory>
#include <string>
#include <utility>

#include "client/agent/bundle.h"
#include "client/agent/config.h"
#include "client/agent/store/testing/store_folder.h"
#include "client/lib/testing/fake_connection.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/plan.pb.h"

namespace muster::agent {
namespace {

using testing::HasSubstr;

constexpr char kGetPlan[] = "muster.v1.PlanService/GetPlan";
constexpr char kListOperations[] = "muster.v1.OperationService/ListOperations";

// ---- Outcomes --------------------------------------------------------------------------------------------------

TEST(OutcomeOfTest, AnUndecidedItemIsSavedHereUnderItsNumber) {
  v1::OutboxItem item;
  item.set_number(17);
  item.set_submission_id("id");
  item.set_state(v1::DELIVERY_STATE_SAVED_HERE);
  const auto outcome = Agent::OutcomeOf(item);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->saved_here().outbox_number(), 17u);
  EXPECT_EQ(outcome->submission_id(), "id");
}

TEST(OutcomeOfTest, ARefusedItemThatIsSettledGivesTheRefusal) {
  v1::OutboxItem item;
  item.set_state(v1::DELIVERY_STATE_REJECTED);
  item.mutable_refusal()->set_reason(muster::v1::ERROR_REASON_NOT_PERMITTED);
  item.mutable_outcome()->mutable_rejected()->set_reason(muster::v1::ERROR_REASON_WITHDRAWN);
  EXPECT_EQ(RejectedOf(Agent::OutcomeOf(item).status()).reason(), muster::v1::ERROR_REASON_NOT_PERMITTED);
}

TEST(OutcomeOfTest, ARefusedItemIsSavedHereUntilItIsSettled) {
  v1::OutboxItem item;
  item.set_state(v1::DELIVERY_STATE_SAVED_HERE);
  item.mutable_refusal()->set_reason(muster::v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_TRUE(Agent::OutcomeOf(item)->has_saved_here());
}

TEST(OutcomeOfTest, ADroppedItemIsWithdrawn) {
  v1::OutboxItem item;
  item.set_state(v1::DELIVERY_STATE_DROPPED);
  item.set_drop_reason("entered twice");
  const auto outcome = Agent::OutcomeOf(item);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->rejected().reason(), muster::v1::ERROR_REASON_WITHDRAWN);
  EXPECT_THAT(outcome->rejected().message(), HasSubstr("entered twice"));
}

// ---- Bundles ---------------------------------------------------------------------------------------------------

TEST(BundleTest, WhatIsMissingIsInvalidAndNamed) {
  const auto identity = CheckBundle(v1::EnrollmentBundle(), TestTime());
  EXPECT_EQ(identity.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(identity.status().message()), HasSubstr("brokers"));
}

TEST(BundleTest, ABrokerMustBeHostAndPort) {
  for (const char* broker : {"broker.example", "broker.example:", ":7443", "unix:/run/muster/agent.sock"}) {
    v1::EnrollmentBundle bundle;
    bundle.add_brokers(broker);
    bundle.set_trust_domain("muster.example");
    for (std::string* part : {bundle.mutable_ca(), bundle.mutable_certificate(), bundle.mutable_key()}) *part = "x";
    EXPECT_THAT(std::string(CheckBundle(bundle, TestTime()).status().message()), HasSubstr("host:port")) << broker;
  }
}

// ---- Submissions and reads -------------------------------------------------------------------------------------

class AgentReadTest : public testing::Test {
 protected:
  AgentReadTest() : clock_(TestTime()) {
    config::v1::AgentConfig config;
    config.set_state_dir(folder_.state_dir());
    config.mutable_key()->set_passphrase(true);
    agent_ = std::make_unique<Agent>(CompleteAgentConfig(config, "test", "/").value(), folder_.Open(), &clock_,
                                     [](const absl::Status& status) { ADD_FAILURE() << status; });
    plan_.set_operation_id("op-1");
  }

  // A broker that answers every call with `answer` and counts the calls; its feed has caught up.
  void Connect(FakeConnection::OnCall answer) {
    auto connection = std::make_shared<FakeConnection>(FakeConnection::QuickOptions(), &clock_);
    connection->on_call = [this, answer = std::move(answer)](size_t broker, const std::string& method,
                                                             const google::protobuf::Message& request,
                                                             google::protobuf::Message* response) {
      ++calls_;
      return answer(broker, method, request, response);
    };
    agent_->link().Use(std::move(connection), "ky-ago", "operator", clock_.Now() + absl::Hours(24));
    agent_->link().FeedCaughtUp();
  }
  static FakeConnection::OnCall PlanOfVersion(uint32_t version) {
    return
        [version](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message* response) {
          dynamic_cast<muster::v1::GetPlanResponse*>(response)->mutable_plan()->set_version(version);
          return absl::OkStatus();
        };
  }

  StoreFolder folder_;
  FakeClock clock_;
  std::unique_ptr<Agent> agent_;
  int calls_ = 0;
  muster::v1::GetPlanRequest plan_;
  muster::v1::GetPlanResponse answer_;
};

TEST_F(AgentReadTest, WhatWasReadWhileConnectedIsAnsweredOffLineWithItsAge) {
  Connect(PlanOfVersion(3));
  const auto fresh = agent_->Read(kGetPlan, plan_, &answer_);
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_FALSE(fresh->from_mirror);
  agent_->link().FeedBroke(absl::UnavailableError("gone"));
  clock_.Advance(absl::Hours(2));
  answer_.Clear();
  const auto copy = agent_->Read(kGetPlan, plan_, &answer_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE(copy->from_mirror);
  EXPECT_EQ(copy->as_of, clock_.Now() - absl::Hours(2));
  EXPECT_EQ(answer_.plan().version(), 3u);
}

TEST_F(AgentReadTest, WhenNoBrokerAnswersTheCopyDoesAndTheNextReadDoesNotWait) {
  Connect(PlanOfVersion(3));
  ASSERT_TRUE(agent_->Read(kGetPlan, plan_, &answer_).ok());
  Connect([this](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    clock_.Advance(absl::Seconds(3));
    return absl::UnavailableError("no answer");
  });
  const auto copy = agent_->Read(kGetPlan, plan_, &answer_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_TRUE(copy->from_mirror);
  const int calls = calls_;
  EXPECT_TRUE(agent_->Read(kGetPlan, plan_, &answer_)->from_mirror);
  EXPECT_EQ(calls_, calls) << "nobody answered a moment ago";
}

TEST_F(AgentReadTest, ABrokersRefusalIsTheAnswerThoughThereIsACopy) {
  Connect(PlanOfVersion(3));
  ASSERT_TRUE(agent_->Read(kGetPlan, plan_, &answer_).ok());
  Connect([](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    return Refusal(muster::v1::ERROR_REASON_NOT_PERMITTED, "no longer");
  });
  EXPECT_EQ(RejectedOf(agent_->Read(kGetPlan, plan_, &answer_).status()).reason(),
            muster::v1::ERROR_REASON_NOT_PERMITTED);
}

TEST_F(AgentReadTest, AReadThatAsksForACursorIsNeverAnsweredFromACopy) {
  Connect(PlanOfVersion(3));
  ASSERT_TRUE(agent_->Read(kGetPlan, plan_, &answer_).ok());
  agent_->link().FeedBroke(absl::UnavailableError("gone"));
  plan_.mutable_read()->set_at_least_cursor("c");
  EXPECT_EQ(RejectedOf(agent_->Read(kGetPlan, plan_, &answer_).status()).reason(), muster::v1::ERROR_REASON_OFF_LINE);
}

TEST_F(AgentReadTest, OnePageOfAListIsNotKeptAsTheList) {
  Connect([](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message* response) {
    dynamic_cast<muster::v1::ListOperationsResponse*>(response)->set_next_page_token("more");
    return absl::OkStatus();
  });
  muster::v1::ListOperationsResponse list;
  ASSERT_TRUE(agent_->Read(kListOperations, muster::v1::ListOperationsRequest(), &list).ok());
  agent_->link().FeedBroke(absl::UnavailableError("gone"));
  EXPECT_EQ(RejectedOf(agent_->Read(kListOperations, muster::v1::ListOperationsRequest(), &list).status()).reason(),
            muster::v1::ERROR_REASON_OFF_LINE);
}

TEST_F(AgentReadTest, BeforeEnrolmentNothingIsSaved) {
  EXPECT_EQ(RejectedOf(agent_->Submit(NewSubmission()).status()).reason(), muster::v1::ERROR_REASON_NOT_ENROLLED);
}

TEST_F(AgentReadTest, AMalformedSubmissionIsRefusedBeforeItIsSaved) {
  ASSERT_TRUE(agent_->store().SetIdentity({}, "ky-ago").ok());
  muster::v1::Submission submission = NewSubmission();
  submission.mutable_call_hold()->clear_operation_id();
  EXPECT_EQ(agent_->Submit(submission).status().code(), absl::StatusCode::kInvalidArgument);
  submission = NewSubmission();
  submission.mutable_withdraw_submission()->set_reason("no");
  EXPECT_EQ(agent_->Submit(submission).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(agent_->store().outbox().Counts()->saved_here(), 0u);
}

TEST_F(AgentReadTest, OffLineASubmissionIsSavedHereAtOnceAndARepeatIsTheSameItem) {
  ASSERT_TRUE(agent_->store().SetIdentity({}, "ky-ago").ok());
  const muster::v1::Submission submission = NewSubmission();
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto outcome = agent_->Submit(submission);
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_EQ(outcome->saved_here().outbox_number(), 1u);
  }
}

}  // namespace
}  // namespace muster::agent
