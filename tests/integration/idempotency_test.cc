// The same submission any number of times: decided once.
#include <thread>

#include "absl/synchronization/mutex.h"
#include "client/lib/submit_stream.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/uuid.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

class Idempotency : public IntegrationTest {
 protected:
  void SetUp() override {
    IntegrationTest::SetUp();
    if (!HasFatalFailure()) SetUpExercise();
  }
  uint64_t Events() { return broker_.VerifiedEvents().value_or(0); }
};

TEST_F(Idempotency, SubmitTakesAWholeSubmission) {
  const v1::Submission tally = KentuckyTally(1);
  const v1::Outcome outcome = Accept(As(kKentucky), tally);
  EXPECT_EQ(outcome.submission_id(), tally.submission_id());
  EXPECT_FALSE(outcome.repeat());
}

TEST_F(Idempotency, ARepeatGetsTheFirstDecisionAndIsNotAppliedAgain) {
  const v1::Submission tally = KentuckyTally(1);
  const v1::Outcome first = Accept(As(kKentucky), tally);
  const uint64_t events = Events();
  v1::Outcome second = Accept(As(kKentucky), tally);
  EXPECT_TRUE(second.repeat());
  second.set_repeat(false);
  EXPECT_EQ(second.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(Events(), events);

  // By the typed call, and after a restart, it is the same submission still.
  const auto typed = As(kKentucky).RecordTally(tally.record_tally(), tally.submission_id());
  ASSERT_TRUE(typed.ok()) << typed.status();
  EXPECT_TRUE(typed->repeat());
  Disconnect();
  broker_.Kill();
  ASSERT_TRUE(Start());
  EXPECT_TRUE(Accept(As(kKentucky), tally).repeat());
  EXPECT_EQ(Events(), events);
}

TEST_F(Idempotency, ARejectionIsRepeatedToo) {
  // A site that the operation does not have: decided by the rules, and so on the record.
  const v1::Submission tally =
      WithNewId(RecordTally(MakeEntry(EntryId(1), kKentucky, "tx-1", v1::TALLY_CATEGORY_ARREST_BUYER, 1)));
  const auto first = As(kKentucky).Submit(tally);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(first->has_rejected());
  const auto second = As(kKentucky).Submit(tally);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_TRUE(second->repeat());
  EXPECT_EQ(second->rejected().reason(), first->rejected().reason());
}

TEST_F(Idempotency, TheSameIdWithAnotherBodyIsRefused) {
  v1::Submission tally = KentuckyTally(1);
  Accept(As(kKentucky), tally);
  const uint64_t events = Events();
  tally.mutable_record_tally()->mutable_entry()->set_count(2);
  const auto typed = As(kKentucky).RecordTally(tally.record_tally(), tally.submission_id());
  EXPECT_EQ(typed.status().code(), absl::StatusCode::kAlreadyExists) << typed.status();
  EXPECT_EQ(ReasonOf(typed.status()), v1::ERROR_REASON_SUBMISSION_ID_REUSED);
  EXPECT_EQ(Events(), events);
}

TEST_F(Idempotency, AnotherAgencysSameIdIsAnotherSubmission) {
  const v1::Submission kentucky = KentuckyTally(1);
  v1::Submission dakota = DakotaTally(2);
  dakota.set_submission_id(kentucky.submission_id());
  EXPECT_FALSE(Accept(As(kKentucky), kentucky).repeat());
  EXPECT_FALSE(Accept(As(kDakota), dakota).repeat());
  EXPECT_TRUE(Accept(As(kDakota), dakota).repeat());
}

TEST_F(Idempotency, OfConcurrentDuplicatesExactlyOneIsApplied) {
  constexpr int kThreads = 8;
  constexpr uint64_t kRounds = 20;
  std::atomic<int> fresh = 0;
  for (uint64_t round = 1; round <= kRounds; ++round) {
    const v1::Submission tally = KentuckyTally(round);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      Client& client = As(kKentucky);
      threads.emplace_back([&] {
        if (!Accept(client, tally).repeat()) ++fresh;
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(fresh, static_cast<int>(kRounds));
  const auto feed = FeedOf(As(kKentucky).connection());
  ASSERT_TRUE(feed.ok()) << feed.status();
  EXPECT_EQ(EntriesIn(*feed).size(), kRounds);
}

TEST_F(Idempotency, ADaemonsNumberedSubmissionsAreDecidedOnceAndInOrder) {
  v1::OutboxNumber number;
  number.set_outbox_id(NewUuidV7(SystemClock()->Now()));
  v1::Submission first = KentuckyTally(1);
  number.set_number(1);
  *first.mutable_outbox_number() = number;
  EXPECT_FALSE(Accept(As(kKentucky), first).repeat());
  EXPECT_TRUE(Accept(As(kKentucky), first).repeat());
  v1::Submission third = KentuckyTally(3);
  number.set_number(3);
  *third.mutable_outbox_number() = number;
  const auto gap = As(kKentucky).Submit(third);
  ASSERT_TRUE(gap.ok()) << gap.status();
  EXPECT_EQ(gap->rejected().reason(), v1::ERROR_REASON_OUTBOX_GAP);
}

TEST_F(Idempotency, AStreamOfNumberedSubmissionsIsDecidedInTheOrderSent) {
  constexpr uint64_t kCount = 4000;
  std::atomic<uint64_t> accepted = 0;
  absl::Mutex mu;
  std::string first_other;
  // Small messages, so that reading, deciding and answering overlap.
  SubmitStreamOptions options;
  options.batch_max = 4;
  SubmitStream stream(As(kKentucky).connection(), options, [&](const v1::SubmissionAnswer& result) {
    if (result.outcome().has_accepted()) {
      ++accepted;
      return;
    }
    absl::MutexLock lock(&mu);
    if (first_other.empty()) first_other = result.ShortDebugString();
  });
  v1::OutboxNumber number;
  number.set_outbox_id(NewUuidV7(SystemClock()->Now()));
  for (uint64_t i = 1; i <= kCount; ++i) {
    v1::Submission tally = KentuckyTally(i);
    number.set_number(i);
    *tally.mutable_outbox_number() = number;
    ASSERT_TRUE(stream.Submit(tally).ok());
  }
  const absl::Status finished = stream.Finish();
  EXPECT_TRUE(finished.ok()) << finished;
  absl::MutexLock lock(&mu);
  EXPECT_EQ(accepted, kCount) << first_other;
}

}  // namespace
}  // namespace muster
