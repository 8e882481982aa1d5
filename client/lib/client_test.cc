// Client, Connection and the retry loop, over a fake connection and a clock that the loop itself moves.
#include "client/lib/client.h"

#include <set>
#include <string>
#include <vector>

#include "client/lib/testing/fake_connection.h"
#include "common/error_reason.h"
#include "common/field_violation.h"
#include "common/rich_status.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

constexpr char kId[] = "0197f3e0-7a3c-7bbb-8d3f-9a0b1c2d3e4f";

class ClientTest : public testing::Test {
 protected:
  ClientTest() : clock_(absl::UnixEpoch()), connection_(std::make_shared<FakeConnection>(Options(), &clock_)) {
    connection_->on_wait = [this](absl::Duration duration) {
      waits_.push_back(duration);
      clock_.Advance(duration);
    };
  }

  static ConnectionOptions Options() {
    ConnectionOptions options;
    options.brokers = {"a:1", "b:2", "c:3"};
    return options;
  }

  static v1::RemoveParticipant Removal() {
    v1::RemoveParticipant body;
    body.set_operation_id("united-front-2021");
    body.set_agency_id("ky-ago");
    body.set_reason("withdrew");
    return body;
  }

  FakeClock clock_;
  std::shared_ptr<FakeConnection> connection_;
  std::vector<absl::Duration> waits_;
};

absl::Status WithRetryInfo(absl::Status status, int seconds) {
  google::rpc::RetryInfo info;
  info.mutable_retry_delay()->set_seconds(seconds);
  status.SetPayload(kRetryInfoTypeUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

TEST_F(ClientTest, EveryRetryCarriesTheSameSubmissionIdAndMovesOnThroughTheBrokers) {
  std::vector<size_t> brokers;
  std::set<std::string> ids;
  connection_->on_call = [&](size_t broker, const std::string& method, const google::protobuf::Message& request,
                             google::protobuf::Message* response) {
    EXPECT_EQ(method, "/muster.v1.OperationService/RemoveParticipant");
    brokers.push_back(broker);
    ids.insert(dynamic_cast<const v1::RemoveParticipantRequest&>(request).submission_id());
    if (brokers.size() < 5) return absl::UnavailableError("no");
    dynamic_cast<v1::RemoveParticipantResponse*>(response)->mutable_outcome()->mutable_accepted();
    return absl::OkStatus();
  };
  EXPECT_TRUE(Client(connection_).RemoveParticipant(Removal()).ok());
  EXPECT_THAT(brokers, testing::ElementsAre(0, 1, 2, 0, 1));
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(waits_.size(), 4u);
}

TEST_F(ClientTest, GivesUpWhenTheDeadlineWouldPass) {
  connection_->on_call = [&](auto&&...) { return absl::UnavailableError("no"); };
  EXPECT_EQ(Client(connection_).WhoAmI().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LE(clock_.Now(), absl::UnixEpoch() + Options().deadline);
  EXPECT_GT(clock_.Now(), absl::UnixEpoch() + Options().deadline - Options().retry.max_backoff);
}

TEST_F(ClientTest, WhatABrokerSaidIsToldThoughTheLastAttemptRanOutOfTime) {
  int calls = 0;
  connection_->on_call = [&](auto&&...) -> absl::Status {
    if (++calls == 1) return Refusal(v1::ERROR_REASON_NO_LEADER, "no broker leads just now");
    return absl::DeadlineExceededError("no answer in time");
  };
  const absl::Status status = Client(connection_).WhoAmI().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(std::string(status.message()), "no answer in time; before that: no broker leads just now");
}

TEST_F(ClientTest, OnlyAConnectionThatIsAlwaysCutOffInTheHandshakeIsTakenForARefusedCertificate) {
  int calls = 0;
  for (const bool once_otherwise : {false, true}) {
    calls = 0;
    connection_->on_call = [&](auto&&...) {
      if (once_otherwise && ++calls == 3) return absl::UnavailableError("refused");
      return FakeConnection::ClosedInHandshake();
    };
    EXPECT_EQ(Client(connection_).WhoAmI().status().code(),
              once_otherwise ? absl::StatusCode::kUnavailable : absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(ClientTest, RefusalsAreNotRetried) {
  int calls = 0;
  for (const auto code :
       {absl::StatusCode::kAborted, absl::StatusCode::kPermissionDenied, absl::StatusCode::kUnauthenticated,
        absl::StatusCode::kFailedPrecondition, absl::StatusCode::kResourceExhausted, absl::StatusCode::kDataLoss}) {
    calls = 0;
    connection_->on_call = [&](auto&&...) {
      ++calls;
      return absl::Status(code, "no");
    };
    EXPECT_EQ(Client(connection_).WhoAmI().status().code(), code);
    EXPECT_EQ(calls, 1) << code;
  }
}

TEST_F(ClientTest, AFullQueueIsRetriedNoSoonerThanTheBrokerAsks) {
  int calls = 0;
  connection_->on_call = [&](auto&&...) {
    return ++calls == 1 ? WithRetryInfo(absl::ResourceExhaustedError("full"), 7) : absl::OkStatus();
  };
  EXPECT_TRUE(Client(connection_).WhoAmI().ok());
  EXPECT_THAT(waits_, testing::ElementsAre(absl::Seconds(7)));
}

TEST_F(ClientTest, WaitsGrowAndStayWithinHalfAndTheWholeOfTheirStep) {
  const RetryPolicy policy;
  Backoff backoff(policy);
  absl::Duration step = policy.initial_backoff;
  for (int i = 0; i < 20; ++i) {
    const absl::Duration wait = backoff.Next();
    EXPECT_GE(wait, step * 0.5);
    EXPECT_LE(wait, step);
    step = std::min(step * policy.multiplier, policy.max_backoff);
  }
  EXPECT_EQ(step, policy.max_backoff);
}

TEST_F(ClientTest, ARejectedOutcomeIsAnErrorWithItsReasonAndRule) {
  connection_->on_call = [&](size_t, const std::string&, const google::protobuf::Message& request,
                             google::protobuf::Message* response) {
    EXPECT_EQ(dynamic_cast<const v1::RemoveParticipantRequest&>(request).submission_id(), kId);
    v1::Rejected* rejected =
        dynamic_cast<v1::RemoveParticipantResponse*>(response)->mutable_outcome()->mutable_rejected();
    rejected->set_reason(v1::ERROR_REASON_WRONG_PHASE);
    rejected->set_rule("P5");
    rejected->set_message("closed");
    return absl::OkStatus();
  };
  const absl::Status status = Client(connection_).RemoveParticipant(Removal(), kId).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(RejectedOf(status).reason(), v1::ERROR_REASON_WRONG_PHASE);
  EXPECT_EQ(RejectedOf(status).rule(), "P5");
}

TEST_F(ClientTest, SubmitReturnsARejectedOutcomeAsAnAnswer) {
  connection_->on_call = [&](size_t, const std::string&, const google::protobuf::Message& request,
                             google::protobuf::Message* response) {
    EXPECT_FALSE(dynamic_cast<const v1::SubmitRequest&>(request).submission().submission_id().empty());
    dynamic_cast<v1::SubmitResponse*>(response)->mutable_outcome()->mutable_rejected();
    return absl::OkStatus();
  };
  v1::Submission submission;
  *submission.mutable_remove_participant() = Removal();
  const absl::StatusOr<v1::Outcome> outcome = Client(connection_).Submit(submission);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(outcome->has_rejected());
}

TEST_F(ClientTest, AMalformedRequestIsRefusedWithoutACall) {
  int calls = 0;
  connection_->on_call = [&](auto&&...) {
    ++calls;
    return absl::OkStatus();
  };
  v1::RemoveParticipant body = Removal();
  body.set_agency_id("Not A Slug");
  EXPECT_EQ(Client(connection_).RemoveParticipant(body).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(calls, 0);
}

TEST_F(ClientTest, MovingOnFromABrokerThatIsNoLongerInUseChangesNothing) {
  connection_->MoveOnFrom(0);
  connection_->MoveOnFrom(0);
  EXPECT_EQ(connection_->broker(), 1u);
}

}  // namespace
}  // namespace muster
