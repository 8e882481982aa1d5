#include "server/broker/broker.h"

#include <filesystem>
#include <memory>

#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/broker/testing/broker_world.h"
#include "server/log/memory_log.h"
#include "server/log/testing/log_files.h"
#include "server/state/cursor.h"

namespace muster {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

// A broker over a memory log, and the clients' side of a world.
class BrokerTest : public testing::Test {
 protected:
  BrokerTest() {
    options_.data_dir = folder_.path();
    options_.genesis = TestGenesis();
  }

  void Open(std::unique_ptr<MemoryLog> log = std::make_unique<MemoryLog>()) {
    log_ = log.get();
    absl::StatusOr<std::unique_ptr<Broker>> broker = Broker::Open(options_, std::move(log), &clock_);
    ASSERT_EQ(broker.status(), absl::OkStatus());
    broker_ = *std::move(broker);
    broker_->Start({});
  }
  void Restart() {
    broker_->Stop();
    std::unique_ptr<MemoryLog> log = log_->Reopen();
    broker_ = nullptr;
    Open(std::move(log));
  }
  v1::Outcome Decide(const v1::Principal& principal, const v1::Submission& submission) {
    Answers answers;
    broker_->Submit(answers.Expect(principal, submission));
    return answers.WaitForOne();
  }
  // Submits everything that `world` was sent, at the times it was sent.
  void Live(const World& world) {
    for (const v1::Event& event : SubmittedTo(world)) {
      clock_.Set(FromProto(event.accepted_at()));
      Decide(event.principal(), event.submission());
    }
  }
  std::string Digest() const {
    return broker_->WithState([](const State& state) { return state.Digest(); });
  }
  // What a reader of `agency_id` gets after `cursor` before it is told that it has caught up.
  std::vector<std::string> ReadFeed(absl::string_view agency_id, absl::string_view cursor) {
    std::vector<std::string> notices;
    for (ReadDelivery& delivery : ReadToPresent(broker_.get(), agency_id, cursor)) {
      notices.push_back(std::move(delivery.notice));
    }
    return notices;
  }

  const TemporaryFolder folder_;
  FakeClock clock_{World().clock().Now()};
  Broker::Options options_;
  MemoryLog* log_ = nullptr;  // Owned by the broker.
  std::unique_ptr<Broker> broker_;
};

TEST_F(BrokerTest, LiveEqualsTheReplayOfItsOwnLog) {
  World world;
  SetUpOperation(&world);
  Open();
  Live(world);
  EXPECT_EQ(Digest(), world.state().Digest());
  CleanReplay replay;
  ReplayCleanly(*log_, &replay);
  EXPECT_EQ(Digest(), replay.state.Digest());
  for (const auto& [agency_id, feed] : world.feeds()) {
    EXPECT_EQ(ReadFeed(agency_id, ""), replay.notices[agency_id]) << agency_id;
    EXPECT_EQ(broker_->FeedCursor(agency_id), feed.back().cursor) << agency_id;
  }
}

TEST_F(BrokerTest, StopWritesASnapshotSoThatTheNextStartReplaysNothing) {
  Open();
  for (uint64_t number = 1; number <= 5; ++number) Decide(PrincipalOf(kRegistrar), Registration(number));
  const std::string digest = Digest();
  Restart();
  EXPECT_EQ(broker_->recovery().from_snapshot, 6u);
  EXPECT_EQ(broker_->recovery().events_replayed, 0u);
  EXPECT_EQ(Digest(), digest);
}

TEST_F(BrokerTest, SnapshotsAreTakenWhileItRuns) {
  options_.snapshot_every_events = 10;
  options_.snapshots_kept = 100;
  Open();
  for (uint64_t number = 1; number <= 25; ++number) Decide(PrincipalOf(kRegistrar), Registration(number));
  EXPECT_GE(broker_->Stats().last_snapshot, 10u);
  broker_->Stop();
  // One may have been due while another was being written; the last one is Stop's.
  EXPECT_GE(SnapshotStore(folder_.path(), 100).List()->size(), 2u);
  EXPECT_THAT(*SnapshotStore(folder_.path(), 100).List(), Contains(26u));
  EXPECT_EQ(broker_->Stats().snapshot_failures, 0u);
}

TEST_F(BrokerTest, FailedAppendIsToldAndLeavesNoSnapshotOfWhatMayNotBe) {
  absl::Status told;
  Open();
  broker_->Stop();
  std::unique_ptr<MemoryLog> log = log_->Reopen();
  log_ = log.get();
  broker_ = *Broker::Open(options_, std::move(log), &clock_);
  broker_->Start({nullptr, [&told](const absl::Status& why) { told = why; }});
  Decide(PrincipalOf(kRegistrar), Registration(1));
  log_->LoseNextAppend(MemoryLog::Fate::kNotWritten);
  Answers answers;
  broker_->Submit(answers.Expect(kRegistrar, Registration(2)));
  EXPECT_EQ(RejectedOf(answers.Wait()[0].status()).reason(), v1::ERROR_REASON_FATE_UNKNOWN);
  EXPECT_TRUE(broker_->Stats().failed);
  Restart();
  EXPECT_TRUE(absl::IsUnknown(told));
  EXPECT_EQ(broker_->recovery().from_snapshot, 1u);
  EXPECT_EQ(broker_->recovery().events_replayed, 1u);
  EXPECT_FALSE(Decide(PrincipalOf(kRegistrar), Registration(2)).repeat());
}

TEST_F(BrokerTest, CursorGoesOnAfterARestartAndARebuiltFeed) {
  World world;
  SetUpOperation(&world);
  Open();
  Live(world);
  const std::vector<std::string> whole = ReadFeed("lead", "");
  ASSERT_GT(whole.size(), 4u);
  broker_->Stop();
  ASSERT_EQ(FeedStore::Remove(folder_.path()), absl::OkStatus());
  Restart();
  EXPECT_TRUE(broker_->recovery().feed_rebuilt);
  EXPECT_EQ(ReadFeed("lead", ""), whole);
  EXPECT_EQ(ReadFeed("lead", EncodeCursor(broker_->log_id(), 3)),
            std::vector<std::string>(whole.begin() + 3, whole.end()));
  EXPECT_THAT(ReadFeed("lead", broker_->FeedCursor("lead")), IsEmpty());
}

TEST_F(BrokerTest, CursorOfAnotherLogIsRefused) {
  Open();
  const auto wake = [] {};
  EXPECT_TRUE(absl::IsDataLoss(broker_->Subscribe("lead", EncodeCursor("elsewhere", 0).substr(0, 16), wake).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(broker_->Subscribe("lead", "not a cursor", wake).status()));
}

TEST_F(BrokerTest, HistoryIsTrimmedToItsLimitWhenIdle) {
  options_.history_notices_max = 2;
  Open();
  v1::Outcome last;
  for (uint64_t number = 1; number <= 6; ++number) last = Decide(PrincipalOf(kRegistrar), Registration(number));
  broker_->Stop();
  Restart();  // The last idle moment may have come after the last answer.
  const absl::StatusOr<std::shared_ptr<Subscriber>> all = broker_->Subscribe(kRegistrar, "", [] {});
  ASSERT_EQ(all.status(), absl::OkStatus());
  std::vector<DeliveryRun> deliveries;
  bool caught_up = false;
  while ((*all)->status().ok()) {
    ASSERT_EQ((*all)->Drain(10, 1000, &deliveries, &caught_up), 0u);
  }
  EXPECT_TRUE(absl::IsOutOfRange((*all)->status())) << (*all)->status();
  EXPECT_EQ(RejectedOf((*all)->status()).reason(), v1::ERROR_REASON_HISTORY_TRIMMED);
  (*all)->Cancel();
}

}  // namespace
}  // namespace muster
