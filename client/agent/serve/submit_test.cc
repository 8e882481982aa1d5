// Submissions to the daemon while no broker answers.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "client/agent/serve/testing/serve_test_fixture.h"
#include "client/agent/store/outbox.h"
#include "client/lib/submit_stream.h"
#include "grpcpp/create_channel.h"
#include "tests/integration/wire_call.h"

namespace muster::agent {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SubmitTest : public ServeTest {
 protected:
  std::shared_ptr<grpc::Channel> Channel() const {
    return grpc::CreateChannel(absl::StrCat("unix:", server_->socket_path()), grpc::InsecureChannelCredentials());
  }

  // What StreamSubmit answers to these messages.
  std::vector<muster::v1::SubmissionAnswer> Stream(const std::vector<muster::v1::StreamSubmitRequest>& messages,
                                                   absl::Status* status) const {
    std::vector<std::string> bytes;
    for (const muster::v1::StreamSubmitRequest& message : messages) bytes.push_back(message.SerializeAsString());
    const WireAnswer answer = CallWire(Channel(), "muster.v1.SubmissionService/StreamSubmit", bytes);
    *status = answer.status;
    std::vector<muster::v1::SubmissionAnswer> answers;
    for (const std::string& response : answer.responses) {
      muster::v1::StreamSubmitResponse parsed;
      EXPECT_TRUE(parsed.ParseFromString(response));
      answers.insert(answers.end(), parsed.results().begin(), parsed.results().end());
    }
    return answers;
  }
};

TEST_F(SubmitTest, TypedChangeIsSavedHere) {
  ASSERT_TRUE(StartEnrolled().ok());
  const absl::StatusOr<muster::v1::Outcome> outcome = SocketClient().AcknowledgePlan(AnyBody());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->saved_here().outbox_number(), 1);
  EXPECT_TRUE(outcome->saved_here().has_saved_at());
}

TEST_F(SubmitTest, RepeatIsTheSameItem) {
  ASSERT_TRUE(StartEnrolled().ok());
  const std::string id = NewUuidV7(SystemClock()->Now());
  Client client = SocketClient();
  ASSERT_TRUE(client.AcknowledgePlan(AnyBody(), id).ok());
  ASSERT_TRUE(client.AcknowledgePlan(AnyBody(2)).ok());
  const absl::StatusOr<muster::v1::Outcome> again = client.AcknowledgePlan(AnyBody(), id);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->saved_here().outbox_number(), 1);
  EXPECT_EQ(agent_->store().outbox().Counts()->saved_here(), 2);
}

TEST_F(SubmitTest, SameIdWithAnotherBodyIsRefused) {
  ASSERT_TRUE(StartEnrolled().ok());
  const std::string id = NewUuidV7(SystemClock()->Now());
  Client client = SocketClient();
  ASSERT_TRUE(client.AcknowledgePlan(AnyBody(), id).ok());
  EXPECT_EQ(ReasonOf(client.AcknowledgePlan(AnyBody(2), id).status()), muster::v1::ERROR_REASON_SUBMISSION_ID_REUSED);
}

TEST_F(SubmitTest, MalformedChangeIsRefusedByItsFieldAndNotSaved) {
  ASSERT_TRUE(StartEnrolled().ok());
  muster::v1::AcknowledgePlanRequest request;
  request.set_submission_id(NewUuidV7(SystemClock()->Now()));
  muster::v1::AcknowledgePlanResponse response;
  const absl::Status status = ToSocket()->Call("/muster.v1.PlanService/AcknowledgePlan", request, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("acknowledgement"));
  EXPECT_EQ(agent_->store().outbox().Counts()->saved_here(), 0);
}

TEST_F(SubmitTest, WithoutAnIdentityNothingIsSaved) {
  ASSERT_TRUE(StartUnenrolled().ok());
  EXPECT_EQ(ReasonOf(SocketClient().AcknowledgePlan(AnyBody()).status()), muster::v1::ERROR_REASON_NOT_ENROLLED);
  EXPECT_EQ(agent_->store().outbox().Counts()->saved_here(), 0);
}

TEST_F(SubmitTest, AnySubmissionIsSavedHere) {
  ASSERT_TRUE(StartEnrolled().ok());
  const absl::StatusOr<muster::v1::Outcome> outcome = SocketClient().Submit(AnySubmission());
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->saved_here().outbox_number(), 1);
}

TEST_F(SubmitTest, WithdrawalOfACallersIsRefused) {
  ASSERT_TRUE(StartEnrolled().ok());
  muster::v1::Submission submission = AnySubmission();
  submission.mutable_withdraw_submission()->set_reason("no");
  submission.mutable_outbox_number()->set_outbox_id(NewUuidV7(SystemClock()->Now()));
  submission.mutable_outbox_number()->set_number(1);
  EXPECT_EQ(ReasonOf(SocketClient().Submit(submission).status()), muster::v1::ERROR_REASON_MALFORMED);
}

TEST_F(SubmitTest, StreamOf2000IsSavedInOrderAndEachIsAnsweredOnce) {
  ASSERT_TRUE(StartEnrolled().ok());
  constexpr uint32_t kCount = 2000;
  std::vector<std::string> sent;
  std::vector<muster::v1::SubmissionAnswer> answers;  // Written by one thread, read after Finish.
  SubmitStream stream(ToSocket(), {}, [&](const muster::v1::SubmissionAnswer& answer) { answers.push_back(answer); });
  for (uint32_t i = 1; i <= kCount; ++i) {
    muster::v1::Submission submission = AnySubmission(i);
    sent.push_back(submission.submission_id());
    ASSERT_TRUE(stream.Submit(std::move(submission)).ok());
  }
  ASSERT_TRUE(stream.Finish().ok());
  ASSERT_THAT(answers, SizeIs(kCount));
  for (uint32_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(answers[i].submission_id(), sent[i]);
    EXPECT_EQ(answers[i].outcome().saved_here().outbox_number(), i + 1);
  }
}

TEST_F(SubmitTest, RefusedSubmissionDoesNotEndTheStream) {
  ASSERT_TRUE(StartEnrolled().ok());
  muster::v1::StreamSubmitRequest request;
  *request.add_submissions() = AnySubmission(1);
  *request.add_submissions() = AnySubmission(0);  // A plan has no version 0.
  *request.add_submissions() = AnySubmission(3);
  absl::Status status;
  const std::vector<muster::v1::SubmissionAnswer> answers = Stream({request}, &status);
  EXPECT_TRUE(status.ok()) << status;
  ASSERT_THAT(answers, SizeIs(3));
  EXPECT_TRUE(answers[0].outcome().has_saved_here());
  EXPECT_EQ(answers[1].refusal().why().reason(), muster::v1::ERROR_REASON_MALFORMED);
  EXPECT_EQ(answers[1].submission_id(), request.submissions(1).submission_id());
  EXPECT_EQ(answers[2].outcome().saved_here().outbox_number(), 2);
}

TEST_F(SubmitTest, EmptyMessageEndsTheStreamAfterWhatCameBeforeIsAnswered) {
  ASSERT_TRUE(StartEnrolled().ok());
  muster::v1::StreamSubmitRequest good;
  *good.add_submissions() = AnySubmission();
  absl::Status status;
  EXPECT_THAT(Stream({good, muster::v1::StreamSubmitRequest()}, &status), SizeIs(1));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(SubmitTest, SameSubmissionTwiceInAStreamIsAnsweredTwiceAndSavedOnce) {
  ASSERT_TRUE(StartEnrolled().ok());
  muster::v1::StreamSubmitRequest request;
  *request.add_submissions() = AnySubmission();
  *request.add_submissions() = request.submissions(0);
  absl::Status status;
  EXPECT_THAT(Stream({request}, &status), SizeIs(2));
  EXPECT_EQ(agent_->store().outbox().Counts()->saved_here(), 1);
}

}  // namespace
}  // namespace muster::agent
