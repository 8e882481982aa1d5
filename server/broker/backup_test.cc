#include "server/broker/backup.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/broker/feed_copy.h"
#include "server/broker/recovery.h"
#include "server/broker/snapshot_store.h"
#include "server/broker/testing/broker_world.h"
#include "server/log/local_log.h"
#include "server/log/testing/log_files.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A data folder with a log, a feed and a snapshot, as a broker over a world would have it.
class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    SetUpOperation(&world_);
    fs::create_directory(data_);
  }

  Sequence world_end() const { return world_.events().size(); }
  std::string PathOf(absl::string_view name) const { return absl::StrCat(folder_.path(), "/", name); }

  static void Store(const World& world, Sequence last, const std::string& dir) {
    absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(dir, {});
    ASSERT_EQ(log.status(), absl::OkStatus());
    while ((*log)->last_sequence() < last) {
      const Sequence first = (*log)->last_sequence() + 1;
      CopyEvents(world, first, std::min(first + 2, last), log->get());
    }
  }
  // What a broker that starts on `dir` finds.
  struct Started {
    RecoveryReport report;
    std::string digest;
    std::vector<std::string> feed;
  };
  static Started Start(const std::string& dir) {
    absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(dir, {});
    EXPECT_EQ(log.status(), absl::OkStatus());
    const FakeClock clock(absl::UnixEpoch());
    absl::StatusOr<Recovered> recovered = Recover(dir, SnapshotStore(dir, 2), TestGenesis(), clock, log->get());
    EXPECT_EQ(recovered.status(), absl::OkStatus());
    return {recovered->report, recovered->state->Digest(), FeedRows(*recovered->feed)};
  }
  void SaveSnapshot(Sequence last) {
    State state;
    for (Sequence sequence = 1; sequence <= last; ++sequence) Replay(&state, world_.events()[sequence - 1]);
    ASSERT_EQ(SnapshotStore(data_, 100).Save(state.ToImage()), absl::OkStatus());
  }
  // A data folder with everything.
  void Fill() {
    Store(world_, world_end(), data_);
    Start(data_);
    SaveSnapshot(4);
    SaveSnapshot(9);
  }
  CopyReport Copy(const std::string& to) {
    const absl::StatusOr<CopyReport> report = CopyData(data_, to);
    EXPECT_EQ(report.status(), absl::OkStatus());
    return report.value_or(CopyReport());
  }
  // Another byte in the middle of what `file` holds of event `sequence`.
  void FlipByteOfEvent(const std::string& file, Sequence sequence) {
    std::string bytes = ReadFile(file);
    const std::string& event = world_.events()[sequence - 1];
    const size_t at = bytes.find(event);
    ASSERT_NE(at, std::string::npos);
    bytes[at + event.size() / 2] ^= 1;
    WriteFile(file, bytes);
  }

  // Runs `work` in a process of its own and kills it as soon as a file whose path ends so is there, if it is quick
  // enough.
  void RunAndKillAt(absl::string_view path_end, const std::function<void()>& work) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      work();
      _exit(0);
    }
    for (int status = 0; waitpid(child, &status, WNOHANG) == 0;) {
      if (!IsThere(path_end)) continue;
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      return;
    }
  }
  void RemoveParts() const {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path())) {
      if (absl::StrContains(entry.path().string(), ".part-")) fs::remove_all(entry);
    }
  }
  bool IsThere(absl::string_view path_end) const {
    std::error_code error;  // Files come and go.
    for (fs::recursive_directory_iterator it(folder_.path(), error), end; !error && it != end; it.increment(error)) {
      if (absl::EndsWith(it->path().string(), path_end)) return true;
    }
    return false;
  }

  World world_;
  const TemporaryFolder folder_;
  const std::string data_ = folder_.path() + "/data";
  const std::string copy_ = folder_.path() + "/copy";
  const std::string restored_ = folder_.path() + "/restored";
};

TEST_F(BackupTest, WhatIsRestoredIsWhatWasCopied) {
  Fill();
  const CopyReport copied = Copy(copy_);
  EXPECT_EQ(copied.last_sequence, world_end());
  EXPECT_EQ(copied.snapshot_sequence, 9u);
  EXPECT_EQ(copied.feed_left_out, "");
  const absl::StatusOr<RestoreReport> restored = RestoreData(copy_, restored_);
  ASSERT_EQ(restored.status(), absl::OkStatus());
  EXPECT_EQ(restored->verified.log.events, world_end());
  EXPECT_EQ(restored->verified.state_digest, world_.state().Digest());
  EXPECT_EQ(restored->checksum, copied.checksum);
  EXPECT_EQ(restored->snapshots, 1u);
  EXPECT_EQ(restored->feed_left_out, "");

  const Started before = Start(data_);
  const Started after = Start(restored_);
  EXPECT_EQ(after.digest, before.digest);
  EXPECT_EQ(after.feed, before.feed);
  EXPECT_EQ(after.report.from_snapshot, 9u) << "the start must not have to replay everything";
  EXPECT_FALSE(after.report.feed_rebuilt);
}

TEST_F(BackupTest, ACopyHasItsFilesTheirDigestsAndNothingElse) {
  Fill();
  const CopyReport report = Copy(copy_);
  EXPECT_THAT(FilesOfCopy(copy_),
              ElementsAre("events.db", "feed.db", "operations.db", "snapshot-00000000000000000009", "SHA256SUMS"));
  uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(copy_)) {
    bytes += entry.file_size();
    EXPECT_EQ(entry.status().permissions(), fs::perms::owner_read | fs::perms::owner_write) << entry.path();
  }
  EXPECT_EQ(report.bytes, bytes) << "a file that FilesOfCopy does not name";
  EXPECT_EQ(fs::status(copy_).permissions(), fs::perms::owner_all);
  EXPECT_EQ(std::system(absl::StrCat("cd ", copy_, " && sha256sum --quiet --strict -c SHA256SUMS").c_str()), 0);
  EXPECT_THAT(FilesOfCopy(PathOf("nowhere")), IsEmpty());
}

TEST_F(BackupTest, UnderARunningBrokerEveryCopyIsSoundAndCanBeStartedFrom) {
  Broker::Options options;
  options.data_dir = data_;
  options.genesis = TestGenesis();
  options.snapshot_every_events = 7;
  options.snapshots_kept = 1;
  const FakeClock clock(world_.clock().Now());
  absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(data_, {});
  ASSERT_EQ(log.status(), absl::OkStatus());
  absl::StatusOr<std::unique_ptr<Broker>> broker = Broker::Open(options, *std::move(log), &clock);
  ASSERT_EQ(broker.status(), absl::OkStatus());
  (*broker)->Start({});
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> accepted = 0;
  std::thread writer([&] {
    for (uint64_t number = 1; !stop; ++number) {
      Answers answers;
      (*broker)->Submit(answers.Expect(kRegistrar, Registration(number)));
      EXPECT_TRUE(answers.WaitForOne().has_accepted());
      accepted = number;
    }
  });
  const absl::Cleanup stop_writer = [&] {
    stop = true;
    writer.join();
    (*broker)->Stop();
  };
  for (int i = 0; i < 6; ++i) {
    const uint64_t accepted_before = accepted;
    const Sequence before = (*broker)->Stats().last_sequence;
    const std::string to = absl::StrCat(copy_, i);
    const CopyReport report = Copy(to);
    EXPECT_GE(report.last_sequence, before) << "what was acknowledged before the copy began is in it";
    EXPECT_EQ(report.feed_left_out, "");
    const absl::StatusOr<DataReport> verified = VerifyData(to);
    ASSERT_EQ(verified.status(), absl::OkStatus());
    EXPECT_THAT(verified->findings, IsEmpty());
    EXPECT_EQ(verified->log.events, report.last_sequence);
    const Started started = Start(to);
    EXPECT_EQ(started.digest, verified->state_digest);
    EXPECT_FALSE(started.report.feed_rebuilt);
    while (accepted < accepted_before + 8) std::this_thread::yield();  // So that there is traffic, and a snapshot.
  }
}

TEST_F(BackupTest, ATrimmedFeedIsCopiedWithWhatItCounts) {
  Fill();
  {
    absl::StatusOr<std::unique_ptr<FeedStore>> feed = FeedStore::Open(data_);
    ASSERT_EQ(feed.status(), absl::OkStatus());
    ASSERT_GT((*feed)->last_id(), 5u);
    ASSERT_EQ((*feed)->TrimTo(5).status(), absl::OkStatus());
  }
  Copy(copy_);
  absl::StatusOr<std::unique_ptr<FeedStore>> original = FeedStore::Open(data_);
  absl::StatusOr<std::unique_ptr<FeedStore>> copied = FeedStore::Open(copy_);
  ASSERT_EQ(copied.status(), absl::OkStatus());
  EXPECT_EQ((*copied)->Verify(), absl::OkStatus());
  EXPECT_EQ((*copied)->last_id(), (*original)->last_id());
  EXPECT_EQ((*copied)->trimmed_id(), (*original)->trimmed_id());
  EXPECT_EQ((*copied)->last_sequence(), (*original)->last_sequence());
  EXPECT_EQ(FeedRows(**copied), FeedRows(**original));
}

TEST_F(BackupTest, ADamagedFeedIsLeftOutAndMadeAnewAtTheNextStart) {
  Fill();
  const Started before = Start(data_);
  WriteFile(data_ + "/feed.db", std::string(50'000, 'x'));
  EXPECT_THAT(Copy(copy_).feed_left_out, HasSubstr("feed.db"));
  const absl::StatusOr<RestoreReport> restored = RestoreData(copy_, restored_);
  ASSERT_EQ(restored.status(), absl::OkStatus());
  EXPECT_NE(restored->feed_left_out, "");
  EXPECT_EQ(Start(restored_).feed, before.feed);
}

TEST_F(BackupTest, AFeedThatLacksANoticeIsLeftOut) {
  Fill();
  {
    const auto feed = SqliteDatabase::Open(data_ + "/feed.db", {});
    ASSERT_EQ(feed.status(), absl::OkStatus());
    ASSERT_EQ((*feed)->Exec("DELETE FROM segment"), absl::OkStatus());
  }
  EXPECT_THAT(Copy(copy_).feed_left_out, HasSubstr("notice 1 is missing"));
  EXPECT_FALSE(fs::exists(copy_ + "/feed.db"));
}

TEST_F(BackupTest, ADamagedSnapshotIsPassedOver) {
  Fill();
  WriteFile(data_ + "/snapshot-00000000000000000009", "x");
  EXPECT_EQ(Copy(copy_).snapshot_sequence, 4u);
}

TEST_F(BackupTest, ADamagedLogIsNotCopiedAndNothingIsLeft) {
  Fill();
  FlipByteOfEvent(data_ + "/events.db", 7);
  const absl::Status status = CopyData(data_, copy_).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the first damaged event is 7"));
  std::vector<std::string> left;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path())) {
    left.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(left, ElementsAre("data"));
}

TEST_F(BackupTest, ATargetThatIsNotEmptyIsRefused) {
  Fill();
  fs::create_directory(copy_);
  WriteFile(copy_ + "/letter", "mine");
  const absl::Status status = CopyData(data_, copy_).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("letter is in it"));
  fs::remove(copy_ + "/letter");
  EXPECT_EQ(CopyData(data_, copy_ + "/").status(), absl::OkStatus()) << "an empty one is taken";
  EXPECT_TRUE(absl::IsNotFound(CopyData(data_, PathOf("no/where")).status()));
  EXPECT_TRUE(absl::IsNotFound(CopyData(PathOf("nowhere"), PathOf("other")).status()));
}

TEST_F(BackupTest, AFlippedByteIsRefusedWithTheFirstBadEvent) {
  Fill();
  Copy(copy_);
  FlipByteOfEvent(copy_ + "/events.db", 7);
  const absl::Status status = RestoreData(copy_, restored_).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("event 7 is the first that cannot be trusted"));
  EXPECT_FALSE(fs::exists(restored_)) << "nothing half-done";
}

TEST_F(BackupTest, AFeedThatWasChangedIsNotRestored) {
  Fill();
  Copy(copy_);
  const Started before = Start(data_);
  {
    const auto feed = SqliteDatabase::Open(copy_ + "/feed.db", {});
    ASSERT_EQ((*feed)->Exec("UPDATE segment SET bytes = zeroblob(length(bytes))"), absl::OkStatus());
  }
  const absl::StatusOr<RestoreReport> restored = RestoreData(copy_, restored_);
  ASSERT_EQ(restored.status(), absl::OkStatus());
  EXPECT_THAT(restored->feed_left_out, HasSubstr("has another digest than SHA256SUMS says"));
  EXPECT_EQ(Start(restored_).feed, before.feed);
}

TEST_F(BackupTest, ALogThatWasExchangedForAnotherSoundOneIsRefused) {
  Fill();
  Copy(copy_);
  fs::remove(copy_ + "/events.db");
  Store(world_, world_end() - 1, copy_);
  const absl::Status status = RestoreData(copy_, restored_).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("though every event in it is sound"));
}

TEST_F(BackupTest, ACopyThatWasCutShortIsNotTaken) {
  Fill();
  // What is there when a copy ends in its middle: rows, but no row that says where the log ends.
  const std::string part = PathOf("copy.part-abcdef");
  fs::create_directory(part);
  Store(world_, world_end(), part);
  {
    const auto log = SqliteDatabase::Open(part + "/events.db", {});
    ASSERT_EQ((*log)->Exec("UPDATE tail SET last_sequence = 0, checksum = zeroblob(32)"), absl::OkStatus());
  }
  const absl::Status status = RestoreData(part, restored_).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_FALSE(fs::exists(restored_));
  Copy(copy_);  // And it is in nobody's way.
  EXPECT_EQ(RestoreData(copy_, restored_).status(), absl::OkStatus());
}

TEST_F(BackupTest, KilledAtAnyStepACopyIsWholeOrNotThere) {
  Fill();
  // The names that appear one after another in the folder of the copy; the last is its own.
  for (const std::string step :
       {"/operations.db-wal", "/new-snapshot", "/feed.db-wal", "/events.db-wal", "/SHA256SUMS", "/copy"}) {
    SCOPED_TRACE(step);
    RunAndKillAt(step, [&] { CopyData(data_, copy_).status().IgnoreError(); });
    if (fs::exists(copy_)) {
      EXPECT_EQ(RestoreData(copy_, restored_).status(), absl::OkStatus());
      fs::remove_all(restored_);
      fs::remove_all(copy_);
    }
    ASSERT_EQ(CopyData(data_, copy_).status(), absl::OkStatus());  // What was cut short is in nobody's way.
    fs::remove_all(copy_);
    RemoveParts();
  }
}

TEST_F(BackupTest, KilledAtAnyStepARestoreIsWholeOrCanBeDoneAgain) {
  Fill();
  Copy(copy_);
  for (const std::string step : {"/restored/LOCK", "/restoring/events.db", "/restoring/feed.db", "/restored/events.db",
                                 "/restored/feed.db", "/restored/snapshot-00000000000000000009"}) {
    SCOPED_TRACE(step);
    RunAndKillAt(step, [&] { RestoreData(copy_, restored_).status().IgnoreError(); });
    if (!fs::exists(restored_ + "/events.db")) {
      ASSERT_EQ(RestoreData(copy_, restored_).status(), absl::OkStatus());
    }
    EXPECT_EQ(Start(restored_).digest, world_.state().Digest());
    fs::remove_all(restored_);
  }
}

TEST_F(BackupTest, AFolderThatIsInUseIsNotRestoredInto) {
  Fill();
  Copy(copy_);
  const absl::Status full = RestoreData(copy_, data_).status();
  EXPECT_TRUE(absl::IsAlreadyExists(full)) << full;
  fs::create_directory(restored_);
  absl::StatusOr<DirectoryLock> broker = DirectoryLock::Take(restored_);
  const absl::Status held = RestoreData(copy_, restored_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(held)) << held;
}

TEST_F(BackupTest, ARestoreThatWasCutShortCanBeDoneAgain) {
  Fill();
  Copy(copy_);
  fs::create_directories(restored_ + "/restoring");
  WriteFile(restored_ + "/restoring/events.db", "half of it");
  WriteFile(restored_ + "/LOCK", "1\n");
  fs::create_directory(restored_ + "/tls");
  ASSERT_EQ(RestoreData(copy_, restored_).status(), absl::OkStatus());
  EXPECT_FALSE(fs::exists(restored_ + "/restoring"));
  EXPECT_EQ(Start(restored_).digest, world_.state().Digest());
}

TEST_F(BackupTest, AFolderThatWasCopiedByOtherMeansIsRestoredWithoutItsFeed) {
  Fill();
  const Started before = Start(data_);
  fs::copy(data_, copy_);
  const absl::StatusOr<RestoreReport> restored = RestoreData(copy_, restored_);
  ASSERT_EQ(restored.status(), absl::OkStatus());
  EXPECT_THAT(restored->feed_left_out, HasSubstr("has no digest of feed.db"));
  EXPECT_EQ(restored->snapshots, 2u);
  const Started after = Start(restored_);
  EXPECT_EQ(after.digest, before.digest);
  EXPECT_EQ(after.feed, before.feed);
}

}  // namespace
}  // namespace muster
