#include "server/broker/recovery.h"

#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/sqlite.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/broker/testing/broker_world.h"
#include "server/log/memory_log.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A history, and the folder of a broker that lived through some of it.
class RecoveryTest : public testing::Test {
 protected:
  RecoveryTest() { SetUpOperation(&world_); }

  Sequence world_end() const { return world_.events().size(); }
  std::string FeedPath() const { return absl::StrCat(folder_.path(), "/feed.db"); }

  absl::StatusOr<Recovered> Recover() {
    return muster::Recover(folder_.path(), snapshots_, TestGenesis(), world_.clock(), &log_);
  }
  Recovered MustRecover() {
    absl::StatusOr<Recovered> recovered = Recover();
    EXPECT_EQ(recovered.status(), absl::OkStatus());
    return recovered.ok() ? *std::move(recovered) : Recovered();
  }

  // The world's events to `last` are in the log, and a broker has recovered them; a snapshot was taken there.
  void LiveUntil(Sequence last) {
    CopyEvents(world_, log_.last_sequence() + 1, last, &log_);
    const Recovered recovered = MustRecover();
    ASSERT_EQ(recovered.feed->Sync(), absl::OkStatus());
    ASSERT_EQ(snapshots_.Save(recovered.state->ToImage()), absl::OkStatus());
  }

  // The same as a broker that has replayed everything from the beginning.
  void ExpectWhole(const Recovered& recovered) {
    ASSERT_NE(recovered.state, nullptr);
    EXPECT_EQ(recovered.state->Digest(), world_.state().Digest());
    EXPECT_EQ(recovered.feed->last_sequence(), world_end());
    EXPECT_EQ(recovered.feed->last_id(), world_.notices_addressed());
    EXPECT_EQ(recovered.feed->Verify(), absl::OkStatus());
    const TemporaryFolder clean;
    const absl::StatusOr<Recovered> from_scratch =
        muster::Recover(clean.path(), SnapshotStore(clean.path(), 1), TestGenesis(), world_.clock(), &log_);
    ASSERT_EQ(from_scratch.status(), absl::OkStatus());
    EXPECT_EQ(FeedRows(*recovered.feed), FeedRows(*from_scratch->feed));
  }

  World world_;
  const TemporaryFolder folder_;
  SnapshotStore snapshots_{folder_.path(), 2};
  MemoryLog log_;
};

TEST_F(RecoveryTest, EmptyLogGetsGenesisOnce) {
  EXPECT_EQ(MustRecover().state->sequence(), 1u);
  const Recovered again = MustRecover();
  EXPECT_EQ(again.state->sequence(), 1u);
  EXPECT_EQ(again.state->genesis().log_id(), TestGenesis().log_id());
  EXPECT_EQ(log_.last_sequence(), 1u);
}

TEST_F(RecoveryTest, ReplayEqualsWhatWasLive) {
  CopyEvents(world_, 1, world_end(), &log_);
  const Recovered recovered = MustRecover();
  EXPECT_EQ(recovered.report.from_snapshot, 0u);
  EXPECT_EQ(recovered.report.events_replayed, world_end());
  ExpectWhole(recovered);
}

TEST_F(RecoveryTest, SnapshotAndTailEqualTheWholeReplayWhereverTheSnapshotIs) {
  for (Sequence at = 1; at <= world_end(); ++at) {
    LiveUntil(at);
    MemoryLog whole;
    CopyEvents(world_, 1, world_end(), &whole);
    const TemporaryFolder copy;
    std::filesystem::copy(folder_.path(), copy.path());
    const absl::StatusOr<Recovered> recovered =
        muster::Recover(copy.path(), SnapshotStore(copy.path(), 2), TestGenesis(), world_.clock(), &whole);
    ASSERT_EQ(recovered.status(), absl::OkStatus());
    EXPECT_EQ(recovered->report.from_snapshot, at);
    EXPECT_EQ(recovered->report.events_replayed, world_end() - at);
    EXPECT_EQ(recovered->state->Digest(), world_.state().Digest()) << "snapshot of event " << at;
    EXPECT_EQ(recovered->feed->last_id(), world_.notices_addressed());
  }
}

TEST_F(RecoveryTest, DamagedSnapshotIsPassedOver) {
  LiveUntil(5);
  LiveUntil(10);
  CopyEvents(world_, 11, world_end(), &log_);
  const std::string newest = absl::StrCat(folder_.path(), "/snapshot-00000000000000000010");
  std::string bytes = ReadFile(newest);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  WriteFile(newest, bytes);
  const Recovered recovered = MustRecover();
  EXPECT_THAT(recovered.report.damaged_snapshots, ElementsAre(newest));
  EXPECT_EQ(recovered.report.from_snapshot, 5u);
  ExpectWhole(recovered);
}

TEST_F(RecoveryTest, MissingFeedIsRebuiltWithTheSameDeliveries) {
  LiveUntil(10);
  CopyEvents(world_, 11, world_end(), &log_);
  const std::vector<std::string> before = FeedRows(*MustRecover().feed);
  ASSERT_EQ(FeedStore::Remove(folder_.path()), absl::OkStatus());
  const Recovered recovered = MustRecover();
  EXPECT_TRUE(recovered.report.feed_rebuilt);
  EXPECT_EQ(FeedRows(*recovered.feed), before);
  ExpectWhole(recovered);
}

TEST_F(RecoveryTest, DamagedFeedIsRebuiltWithTheSameDeliveries) {
  LiveUntil(10);
  CopyEvents(world_, 11, world_end(), &log_);
  const std::vector<std::string> before = FeedRows(*MustRecover().feed);
  WriteFile(FeedPath(), std::string(20'000, 'x'));
  const Recovered recovered = MustRecover();
  EXPECT_TRUE(recovered.report.feed_rebuilt);
  EXPECT_EQ(FeedRows(*recovered.feed), before);
  ExpectWhole(recovered);
}

TEST_F(RecoveryTest, FeedOfTheFirstFormatIsRebuiltWithTheSameDeliveries) {
  LiveUntil(10);
  CopyEvents(world_, 11, world_end(), &log_);
  const std::vector<std::string> before = FeedRows(*MustRecover().feed);
  ASSERT_EQ(FeedStore::Remove(folder_.path()), absl::OkStatus());
  ASSERT_EQ((*SqliteDatabase::Open(FeedPath(), {}))
                ->Exec("CREATE TABLE notice(id INTEGER PRIMARY KEY, sequence INTEGER, audience INTEGER, rank INTEGER,"
                       "  bytes BLOB);PRAGMA user_version = 1"),
            absl::OkStatus());
  const Recovered recovered = MustRecover();
  EXPECT_TRUE(recovered.report.feed_rebuilt);
  EXPECT_EQ(FeedRows(*recovered.feed), before);
  ExpectWhole(recovered);
}

TEST_F(RecoveryTest, FeedThatAPowerCutLeftBehindIsCompleted) {
  LiveUntil(8);
  const TemporaryFolder old;
  std::filesystem::copy_file(FeedPath(), absl::StrCat(old.path(), "/feed.db"));
  LiveUntil(15);
  CopyEvents(world_, 16, world_end(), &log_);
  ASSERT_EQ(FeedStore::Remove(folder_.path()), absl::OkStatus());
  std::filesystem::copy_file(absl::StrCat(old.path(), "/feed.db"), FeedPath());
  const Recovered recovered = MustRecover();
  EXPECT_TRUE(recovered.report.feed_rebuilt);  // The snapshot of 15 says nothing of the notices between.
  ExpectWhole(recovered);
}

TEST_F(RecoveryTest, RestartReplaysTheTailHoweverLongTheHistory) {
  uint64_t replayed_of_short_history = 0;
  for (const int amendments : {0, 40}) {
    for (int i = 0; i < amendments; ++i) {
      world_.MustSubmit("lead", AmendPlan(static_cast<uint32_t>(1 + i), v1::SECTION_CHANGE_MATERIAL,
                                          {MakeSection("situation", absl::StrCat("As of day ", i))}));
    }
    const Sequence snapshot_at = world_end() - 3;
    LiveUntil(snapshot_at);
    CopyEvents(world_, snapshot_at + 1, world_end(), &log_);
    const Recovered recovered = MustRecover();
    EXPECT_EQ(recovered.report.events_replayed, 3u);
    if (amendments == 0) replayed_of_short_history = recovered.report.events_replayed;
    EXPECT_EQ(recovered.report.events_replayed, replayed_of_short_history);
    ExpectWhole(recovered);
  }
}

TEST_F(RecoveryTest, SnapshotAheadOfTheLogIsLostAcknowledgedData) {
  LiveUntil(10);
  MemoryLog older;
  CopyEvents(world_, 1, 9, &older);
  ASSERT_EQ(FeedStore::Remove(folder_.path()), absl::OkStatus());
  const absl::Status status =
      muster::Recover(folder_.path(), snapshots_, TestGenesis(), world_.clock(), &older).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("ends at event 9, but a snapshot has seen event 10"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("Put back the newest events.db"));
}

TEST_F(RecoveryTest, FeedAheadOfTheLogIsLostAcknowledgedData) {
  CopyEvents(world_, 1, 10, &log_);
  MustRecover();
  for (const Sequence end : {Sequence{9}, Sequence{0}}) {
    MemoryLog older;
    if (end > 0) CopyEvents(world_, 1, end, &older);
    const absl::Status status =
        muster::Recover(folder_.path(), snapshots_, TestGenesis(), world_.clock(), &older).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("ends at event ", end, ", but the feed has seen event 10")));
    EXPECT_EQ(older.last_sequence(), end);  // No genesis was put where a log had been.
  }
}

TEST_F(RecoveryTest, NewerRulesAskForANewerBroker) {
  CopyEvents(world_, 1, 3, &log_);
  v1::Event newer;
  newer.set_sequence(4);
  newer.set_rules_version(kRulesVersion + 1);
  ASSERT_EQ(log_.Append({{4, newer.SerializeAsString()}}), absl::OkStatus());
  const absl::Status status = Recover().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("event 4 was decided by rules version 3"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("install a newer musterd"));
}

TEST_F(RecoveryTest, RecordThatIsNoEventOfItsSequenceIsDataLoss) {
  for (const std::string& bytes : {std::string("\xff\xff\xff"), world_.events()[4]}) {
    MemoryLog log;
    CopyEvents(world_, 1, 3, &log);
    ASSERT_EQ(log.Append({{4, bytes}}), absl::OkStatus());
    const TemporaryFolder folder;
    const absl::Status status =
        muster::Recover(folder.path(), SnapshotStore(folder.path(), 1), TestGenesis(), world_.clock(), &log).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("event 4 "));
  }
}

}  // namespace
}  // namespace muster
