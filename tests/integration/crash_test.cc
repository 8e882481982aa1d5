// kill -9 at every step of the commit: what was acknowledged exists exactly once, and what was not can be sent again.
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/deadline.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

using testing::UnorderedElementsAreArray;

constexpr char kSubmit[] = "muster.v1.SubmissionService/Submit";
constexpr int kKilled = 128 + SIGKILL;

struct Sent {
  v1::Submission submission;
  // What the sender was told; nothing when the answer never came.
  std::optional<v1::Outcome> acknowledged;
};

std::string RequestOf(const v1::Submission& submission) {
  v1::SubmitRequest request;
  *request.mutable_submission() = submission;
  return request.SerializeAsString();
}

class Crash : public IntegrationTest, public testing::WithParamInterface<const char*> {
 protected:
  // Four senders at once, each until its first call without an answer: by then the broker is gone.
  void SendUntilItDies() {
    const std::shared_ptr<grpc::Channel> channel = ChannelWith(broker_, OperatorOf(kKentucky));
    std::vector<std::thread> senders;
    for (int i = 0; i < 4; ++i) senders.emplace_back([&] { SendOneByOne(channel); });
    for (std::thread& sender : senders) sender.join();
  }

  void SendOneByOne(const std::shared_ptr<grpc::Channel>& channel) {
    for (bool answered = true; answered && sent_count_ < 5000;) {
      Sent sent{KentuckyTally(++sent_count_), {}};
      const WireAnswer answer = CallWire(channel, kSubmit, {RequestOf(sent.submission)});
      v1::SubmitResponse response;
      answered = answer.status.ok() && answer.responses.size() == 1 && response.ParseFromString(answer.responses[0]);
      if (answered) sent.acknowledged = response.outcome();
      absl::MutexLock lock(&mu_);
      sent_.push_back(std::move(sent));
    }
  }

  // Every submission again, with its id.
  void SendAllAgain() {
    for (Sent& sent : sent_) {
      const absl::StatusOr<v1::Outcome> again = As(kKentucky).Submit(sent.submission);
      ASSERT_TRUE(again.ok()) << again.status();
      ASSERT_TRUE(again->has_accepted()) << again->ShortDebugString();
      if (sent.acknowledged.has_value()) {
        EXPECT_TRUE(again->repeat()) << "acknowledged, and yet not on the record";
        EXPECT_EQ(again->decided_at().SerializeAsString(), sent.acknowledged->decided_at().SerializeAsString());
        EXPECT_EQ(again->cursor(), sent.acknowledged->cursor());
      }
      sent.acknowledged = *again;
    }
  }

  std::vector<std::string> SentEntries() const {
    std::vector<std::string> ids;
    for (const Sent& sent : sent_) ids.push_back(sent.submission.record_tally().entry().entry_id());
    return ids;
  }

  void ExpectEverythingExactlyOnce() {
    for (const char* agency_id : {kKentucky, kLead}) {
      const auto feed = FeedOf(As(agency_id).connection());
      ASSERT_TRUE(feed.ok()) << feed.status();
      EXPECT_THAT(EntriesIn(*feed), UnorderedElementsAreArray(SentEntries())) << "on the feed of " << agency_id;
    }
    v1::GetTotalsRequest request;
    request.set_operation_id(kTestOperation);
    request.set_definition(v1::COUNTING_DEFINITION_LEAD);
    const auto totals = As(kLead).GetTotals(request);
    ASSERT_TRUE(totals.ok()) << totals.status();
    EXPECT_EQ(totals->totals().arrests().confirmed(), sent_.size());
  }

  std::atomic<uint64_t> sent_count_{0};
  absl::Mutex mu_;
  std::vector<Sent> sent_;
};

TEST_P(Crash, AcknowledgedExistsOnceAndTheRestCanBeSentAgain) {
  SetUpExercise();
  ASSERT_EQ(broker_.Stop().value_or(-1), 0);
  const absl::StatusOr<uint64_t> before = broker_.VerifiedEvents();
  ASSERT_TRUE(before.ok()) << before.status();
  for (const int pass : {1, 2, 9}) {
    SCOPED_TRACE(absl::StrCat(GetParam(), " at pass ", pass));
    Disconnect();
    ASSERT_TRUE(Start({absl::StrCat("MUSTER_FAILPOINT=", GetParam(), ":", pass)}));
    SendUntilItDies();
    ASSERT_EQ(broker_.WaitForEnd().value_or(-1), kKilled) << "the failpoint was not reached";

    ASSERT_TRUE(Start());
    SendAllAgain();
    ExpectEverythingExactlyOnce();
    ASSERT_EQ(broker_.Stop().value_or(-1), 0);
    const absl::StatusOr<uint64_t> events = broker_.VerifiedEvents();
    ASSERT_TRUE(events.ok()) << events.status();
    EXPECT_EQ(*events, *before + sent_.size()) << "each submission is one event, however often it was sent";
  }
}

INSTANTIATE_TEST_SUITE_P(At, Crash,
                         testing::Values("commit.before_append", "log.before_commit", "log.after_commit",
                                         "commit.after_append", "commit.after_apply", "commit.after_publish",
                                         "commit.after_acknowledge"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST_F(IntegrationTest, AReaderThatFollowsAcrossKillsMissesNothingAndSeesNothingTwice) {
  SetUpExercise();
  Subscription feed(As(kLead).connection(), {});
  std::vector<std::string> sent;
  for (uint64_t round = 1; round <= 4; ++round) {
    // So that the reader, too, connects anew to the same place.
    if (round > 1) {
      broker_.Kill();
      ASSERT_TRUE(Start());
    }
    for (uint64_t i = 0; i < 20; ++i) {
      const v1::Submission tally = KentuckyTally(round * 100 + i);
      sent.push_back(tally.record_tally().entry().entry_id());
      Accept(As(kKentucky), tally);
    }
  }
  std::vector<v1::Delivery> deliveries;
  const Deadline deadline(kPatience);
  while (EntriesIn(deliveries).size() < sent.size() && !deadline.passed()) {
    const auto next = feed.Next(deadline.left());
    ASSERT_TRUE(next.ok()) << next.status();
    if (next->has_value()) deliveries.push_back(**next);
  }
  EXPECT_EQ(EntriesIn(deliveries), sent);
  EXPECT_GE(feed.reconnects(), 1);
}

// The first event of all, the genesis, is committed while the broker starts.
class FirstStart : public testing::TestWithParam<const char*> {};

TEST_P(FirstStart, KilledInItsMiddleLeavesAFolderThatStarts) {
  TestBroker broker;
  EXPECT_FALSE(broker.Start({absl::StrCat("MUSTER_FAILPOINT=", GetParam())}).ok());
  EXPECT_EQ(broker.WaitForEnd().value_or(-1), kKilled);
  ASSERT_TRUE(broker.Start().ok());
  EXPECT_TRUE(broker.ClientOf(kLead).WhoAmI().ok());
  EXPECT_EQ(broker.Stop().value_or(-1), 0);
  EXPECT_EQ(broker.VerifiedEvents().value_or(0), 1u);
}

INSTANTIATE_TEST_SUITE_P(At, FirstStart, testing::Values("log.before_commit", "log.after_commit"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace muster
