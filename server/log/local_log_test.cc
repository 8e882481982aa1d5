#include "server/log/local_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/sqlite.h"
#include "common/sqlite_fault_vfs.h"
#include "server/log/testing/log_files.h"
#include "server/log/verify_log.h"

namespace muster {
namespace {

using testing::HasSubstr;

constexpr char kChildDirectory[] = "MUSTER_TEST_CHILD_DIRECTORY";

class LocalLogTest : public testing::Test {
 protected:
  LocalLogTest() : vfs_("local_log_test") {}

  absl::StatusOr<std::unique_ptr<LocalLog>> Open(const std::string& name, LocalLog::Options options = {}) {
    options.sqlite_vfs = vfs_.name();
    return LocalLog::Open(Directory(name), options);
  }

  std::unique_ptr<LocalLog> MustOpen(const std::string& name, LocalLog::Options options = {}) {
    absl::StatusOr<std::unique_ptr<LocalLog>> log = Open(name, options);
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }

  std::string Directory(const std::string& name) const { return absl::StrCat(folder_.path(), "/", name); }
  std::string Database(const std::string& name) const { return LocalLog::DatabasePath(Directory(name)); }

  static void Append(LocalLog& log, size_t count, size_t bytes = 100) {
    const absl::Status status = log.Append(Events(log.last_sequence() + 1, count, bytes));
    ASSERT_TRUE(status.ok()) << status;
  }

  static void ExpectHolds(const LocalLog& log, Sequence last, size_t bytes = 100) {
    EXPECT_EQ(log.last_sequence(), last);
    const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log);
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_EQ(events->size(), last);
    for (const EncodedEvent& event : *events) ASSERT_EQ(event.bytes, EventBytes(event.sequence, bytes));
  }

  void Sql(const std::string& name, absl::string_view sql) {
    auto db = SqliteDatabase::Open(Database(name), {});
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE((*db)->Exec(sql).ok());
  }

  TemporaryFolder folder_;
  SqliteFaultVfs vfs_;
};

TEST_F(LocalLogTest, ABatchOfAnySizeIsDurableByOneSync) {
  std::unique_ptr<LocalLog> log = MustOpen("data");
  EXPECT_TRUE(log->open_report().created);
  Append(*log, 1);  // Starts the write-ahead log, whose header is synced once.
  for (const size_t count : {1, 2, 100, 1024}) {
    const int64_t syncs = vfs_.syncs();
    Append(*log, count, 1000);
    EXPECT_EQ(vfs_.syncs() - syncs, 1) << count << " events";
  }
}

TEST_F(LocalLogTest, NoSyncIsTriedAgainAfterOneFailed) {
  {
    std::unique_ptr<LocalLog> log = MustOpen("data");
    Append(*log, 2);
    vfs_.FailSyncs(1, SQLITE_IOERR_FSYNC);
    const absl::Status status = log->Append(Events(3, 1));
    EXPECT_TRUE(absl::IsUnknown(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("SQLITE_IOERR_FSYNC"));
    vfs_.Heal();
    const int64_t syncs = vfs_.syncs();
    EXPECT_TRUE(absl::IsUnknown(log->Append(Events(3, 1))));
    EXPECT_TRUE(absl::IsUnknown(log->Idle()));
    log.reset();
    EXPECT_EQ(vfs_.syncs(), syncs) << "closing must not sync either";
  }
  std::unique_ptr<LocalLog> log = MustOpen("data");
  const Sequence last = log->last_sequence();
  EXPECT_TRUE(last == 2 || last == 3) << last;
  ExpectHolds(*log, last);
}

// A failed sync can leave pages that the kernel calls clean and the disk never had. So what is recovered from the
// write-ahead log is written to the database and synced there before anything is built upon it.
TEST_F(LocalLogTest, RecoveredEventsAreInTheDatabaseBeforeOpenReturns) {
  {
    std::unique_ptr<LocalLog> log = MustOpen("data");
    Append(*log, 5);
    std::filesystem::create_directory(Directory("copy"));
    CopyLog(Directory("data"), Directory("copy"));
  }
  std::unique_ptr<LocalLog> log = MustOpen("copy");
  EXPECT_GT(log->open_report().wal_frames_recovered, 0);
  EXPECT_EQ(std::filesystem::file_size(Database("copy") + "-wal"), 0u);
  std::filesystem::create_directory(Directory("database alone"));
  WriteFile(Database("database alone"), ReadFile(Database("copy")));
  ExpectHolds(*MustOpen("database alone"), 5);
}

TEST_F(LocalLogTest, TornTailIsTruncatedOnOpen) {
  std::string wal;
  size_t last_start = 0;
  {
    std::unique_ptr<LocalLog> log = MustOpen("data");
    Append(*log, 2);
    Append(*log, 3);
    last_start = std::filesystem::file_size(Database("data") + "-wal");
    Append(*log, 1);
    std::filesystem::create_directory(Directory("copy"));
    CopyLog(Directory("data"), Directory("copy"));
    wal = ReadFile(Database("data") + "-wal");
  }
  const std::string database = ReadFile(Database("copy"));
  // wal_check_test cuts at every byte; here at every byte of the frame headers, and at random ones, the log is opened.
  std::vector<size_t> sizes = {wal.size() - 1};
  for (size_t frame = last_start; frame < wal.size(); frame += 24 + 16384) {
    for (size_t i = 0; i <= 25; ++i) sizes.push_back(frame + i);
  }
  std::mt19937 random(TestSeed());
  for (int i = 0; i < 60; ++i) sizes.push_back(last_start + random() % (wal.size() - last_start));
  for (const size_t size : sizes) {
    WriteFile(Database("copy"), database);
    WriteFile(Database("copy") + "-wal", wal.substr(0, size));
    std::unique_ptr<LocalLog> log = MustOpen("copy");
    ASSERT_NE(log, nullptr) << "cut to " << size;
    ExpectHolds(*log, 5);
    EXPECT_EQ(log->open_report().wal_frames_discarded > 0, size >= last_start + 24) << "cut to " << size;
    Append(*log, 2);
    ExpectHolds(*log, 7);
  }
}

TEST_F(LocalLogTest, CorruptionInTheMiddleOfTheWalIsRefusedAndNothingIsChanged) {
  {
    std::unique_ptr<LocalLog> log = MustOpen("data");
    for (int i = 0; i < 5; ++i) Append(*log, 1);
    std::filesystem::create_directory(Directory("copy"));
    CopyLog(Directory("data"), Directory("copy"));
  }
  std::string wal = ReadFile(Database("copy") + "-wal");
  const size_t at = 32 + 3 * (24 + 16384) + 5000;  // In the fourth frame: the second append.
  wal[at] = static_cast<char>(wal[at] ^ 0x10);
  WriteFile(Database("copy") + "-wal", wal);
  const std::string database = ReadFile(Database("copy"));
  const absl::Status status = Open("copy").status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("frame 4 "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("musterd verify"));
  EXPECT_EQ(ReadFile(Database("copy")), database);
  EXPECT_EQ(ReadFile(Database("copy") + "-wal"), wal);
  const absl::StatusOr<VerifyReport> report = VerifyLog(Directory("copy"), nullptr);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_TRUE(report->fault.has_value());
  EXPECT_EQ(report->fault->sequence, 2u);
  EXPECT_THAT(report->fault->what, HasSubstr("frame 4 "));
}

TEST_F(LocalLogTest, AWalWithoutItsDatabaseIsRefused) {
  {
    std::unique_ptr<LocalLog> log = MustOpen("data");
    Append(*log, 5);
    std::filesystem::create_directory(Directory("copy"));
    CopyLog(Directory("data"), Directory("copy"));
  }
  std::filesystem::remove(Database("copy"));
  EXPECT_TRUE(absl::IsDataLoss(Open("copy").status()));
}

TEST_F(LocalLogTest, AFlippedBitInAnEventNamesIt) {
  { Append(*MustOpen("data"), 1); }
  for (int i = 0; i < 10; ++i) Append(*MustOpen("data"), 7, 300);
  for (Sequence sequence = 2; sequence <= 71; sequence += 6) {
    std::filesystem::create_directory(Directory("copy"));
    std::string database = ReadFile(Database("data"));
    const size_t at = database.find(EventBytes(sequence, 300)) + 150;
    ASSERT_LT(at, database.size());
    database[at] = static_cast<char>(database[at] ^ 4);
    WriteFile(Database("copy"), database);
    const absl::StatusOr<VerifyReport> report = VerifyLog(Directory("copy"), nullptr);
    ASSERT_TRUE(report.ok() && report->fault.has_value()) << report.status();
    EXPECT_EQ(report->fault->sequence, sequence);
    EXPECT_EQ(report->fault->row, sequence - (sequence - 2) % 7);
    EXPECT_EQ(report->fault->byte_offset, (sequence - 2) % 7 * 308);
    absl::StatusOr<std::unique_ptr<LocalLog>> log = Open("copy");
    const absl::Status status = log.ok() ? ReadAll(**log).status() : log.status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("event is ", sequence, ":")));
    log = absl::UnavailableError("closed");
    std::filesystem::remove_all(Directory("copy"));
  }
}

// Wherever the bit is: the log is refused, or every event is what was written, up to the first damaged one.
TEST_F(LocalLogTest, CorruptionInTheDatabaseNamesTheRecordOrHarmsNone) {
  constexpr size_t kEvents = 200;
  {
    std::unique_ptr<LocalLog> log = MustOpen("data");
    std::mt19937 sizes(1);
    while (log->last_sequence() < kEvents) {
      Append(*log, std::min<size_t>(1 + sizes() % 12, kEvents - log->last_sequence()), 700);
    }
  }
  const std::string database = ReadFile(Database("data"));
  std::mt19937 random(TestSeed());
  int faults = 0;
  std::filesystem::create_directory(Directory("copy"));
  for (int i = 0; i < 400; ++i) {
    // Most of the flips hit the header, or the pages that hold the structure.
    const size_t ranges[] = {database.size(), 5 * 16384, 100};
    const size_t at = random() % ranges[i % 3];
    std::string damaged = database;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    WriteFile(Database("copy"), damaged);
    Sequence visited = 0;
    const auto check = [&](Sequence sequence, absl::string_view bytes) {
      EXPECT_EQ(sequence, ++visited);
      EXPECT_EQ(bytes, EventBytes(sequence, 700));
      return absl::OkStatus();
    };
    const absl::StatusOr<VerifyReport> report = VerifyLog(Directory("copy"), check);
    if (report.ok() && report->fault.has_value()) {
      ++faults;
      EXPECT_GT(report->fault->sequence, visited) << "byte " << at;
    } else if (report.ok()) {
      EXPECT_EQ(visited, kEvents) << "byte " << at;
    }
    const bool clean = report.ok() && !report->fault.has_value();
    visited = 0;
    absl::StatusOr<std::unique_ptr<LocalLog>> log = Open("copy");
    const absl::Status status = log.ok() ? (*log)->Read(1, check) : log.status();
    if (status.ok()) {
      EXPECT_EQ(visited, kEvents) << "byte " << at;
    } else {
      EXPECT_FALSE(clean && at >= 100) << "byte " << at << ": " << status;
      EXPECT_TRUE(absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) << "byte " << at << ": " << status;
    }
    log = absl::UnavailableError("closed");
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(Database("copy") + suffix);
  }
  EXPECT_GT(faults, 100);
}

TEST_F(LocalLogTest, RowsThatWereChangedOrRemovedBreakTheChain) {
  {
    std::unique_ptr<LocalLog> log = MustOpen("data");
    for (int i = 0; i < 10; ++i) Append(*log, 2);
  }
  const std::string database = ReadFile(Database("data"));
  const std::vector<std::pair<std::string, Sequence>> changes = {
      {"DELETE FROM batches WHERE first_sequence = 1", 1},
      {"DELETE FROM batches WHERE first_sequence = 9", 9},
      {"DELETE FROM batches WHERE first_sequence = 19", 19},
      {"UPDATE batches SET count = 1 WHERE first_sequence = 5", 6},
      {"UPDATE batches SET count = 3 WHERE first_sequence = 5", 7},
      {"UPDATE batches SET first_sequence = 6 WHERE first_sequence = 5", 5},
      {"UPDATE batches SET checksum = zeroblob(32) WHERE first_sequence = 7", 7},
      {"UPDATE batches SET bytes = (SELECT bytes FROM batches WHERE first_sequence = 3) WHERE first_sequence = 7", 7},
      {"UPDATE tail SET last_sequence = 18", 19},
      {"UPDATE tail SET last_sequence = 22", 21},
      {"UPDATE tail SET checksum = zeroblob(32)", 21},
      {"DELETE FROM tail", 1},
      {"DROP TABLE batches", 1},
  };
  for (const auto& [sql, sequence] : changes) {
    WriteFile(Database("data"), database);
    Sql("data", sql);
    const absl::StatusOr<VerifyReport> report = VerifyLog(Directory("data"), nullptr);
    ASSERT_TRUE(report.ok() && report->fault.has_value()) << sql << report.status();
    EXPECT_EQ(report->fault->sequence, sequence) << sql << ": " << report->fault->what;
    absl::StatusOr<std::unique_ptr<LocalLog>> log = Open("data");
    const absl::Status status = log.ok() ? ReadAll(**log).status() : log.status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << sql << ": " << status;
  }
}

TEST_F(LocalLogTest, VerifyCountsWhatItFindsBesideALiveBroker) {
  std::unique_ptr<LocalLog> log = MustOpen("data");
  Append(*log, 2);
  Append(*log, 3);
  Sequence visited = 0;
  const absl::StatusOr<VerifyReport> report = VerifyLog(Directory("data"), [&](Sequence sequence, absl::string_view) {
    visited = sequence;
    return absl::OkStatus();
  });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->fault.has_value());
  EXPECT_EQ(report->events, 5u);
  EXPECT_EQ(report->batches, 2u);
  EXPECT_EQ(visited, 5u);
  Append(*log, 1);
  EXPECT_EQ(VerifyLog(Directory("data"), [](Sequence, absl::string_view) {
              return absl::DataLossError("digest");
            }).status(),
            absl::DataLossError("digest"));
  EXPECT_TRUE(absl::IsNotFound(VerifyLog(Directory("nowhere"), nullptr).status()));
}

TEST_F(LocalLogTest, SecondBrokerIsRefused) {
  std::unique_ptr<LocalLog> log = MustOpen("data");
  const absl::Status status = Open("data").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat("(process ", getpid(), ")")));
  Append(*log, 1);
  log.reset();
  ExpectHolds(*MustOpen("data"), 1);
}

TEST_F(LocalLogTest, NoOtherUserCanReadTheEvents) {
  std::filesystem::create_directory(Directory("data"));
  std::unique_ptr<LocalLog> log = MustOpen("data");
  Append(*log, 1);
  for (const auto& entry : std::filesystem::directory_iterator(Directory("data"))) {
    const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
    EXPECT_EQ(entry.status().permissions() & others, std::filesystem::perms::none) << entry.path();
  }
}

TEST_F(LocalLogTest, NewerFormatIsRefused) {
  { Append(*MustOpen("data"), 1); }
  Sql("data", "UPDATE meta SET format = 2");
  const absl::Status status = Open("data").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer musterd"));
  Sql("data", "UPDATE meta SET format = 1");
  ExpectHolds(*MustOpen("data"), 1);
}

TEST_F(LocalLogTest, AFullDiskAtAnyWriteRefusesTheBatchAndLeavesNoTrace) {
  std::unique_ptr<LocalLog> log = MustOpen("data");
  Append(*log, 3);
  for (int64_t nth = 1; nth <= 12; ++nth) {
    const Sequence last = log->last_sequence();
    vfs_.FailWrites(nth, SQLITE_FULL);
    const absl::Status status = log->Append(Events(last + 1, 1, 60'000));
    vfs_.Heal();
    if (status.ok()) continue;  // It took fewer writes.
    ASSERT_TRUE(absl::IsResourceExhausted(status)) << "write " << nth << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("nothing was written"));
    EXPECT_EQ(log->last_sequence(), last);
    // As a power cut right now would leave it.
    std::filesystem::create_directory(Directory("copy"));
    CopyLog(Directory("data"), Directory("copy"));
    std::unique_ptr<LocalLog> copy = MustOpen("copy");
    ASSERT_NE(copy, nullptr);
    EXPECT_EQ(copy->last_sequence(), last);
    copy.reset();
    std::filesystem::remove_all(Directory("copy"));
    // A shorter batch over the frames that the longer one left: a power cut after it loses nothing and alarms nobody.
    const absl::Status next = log->Append(Events(last + 1, 1, 10));
    ASSERT_TRUE(next.ok()) << next;
    std::filesystem::create_directory(Directory("copy"));
    CopyLog(Directory("data"), Directory("copy"));
    copy = MustOpen("copy");
    ASSERT_NE(copy, nullptr);
    EXPECT_EQ(copy->last_sequence(), last + 1);
    EXPECT_EQ(copy->open_report().wal_frames_discarded, 0);
    copy.reset();
    std::filesystem::remove_all(Directory("copy"));
  }
}

TEST_F(LocalLogTest, IdleCopiesTheWriteAheadLogAndAppendBoundsIt) {
  LocalLog::Options options;
  options.idle_checkpoint_bytes = 256 << 10;
  options.wal_bytes_max = 1 << 20;
  std::unique_ptr<LocalLog> log = MustOpen("data", options);
  const std::string wal = Database("data") + "-wal";
  const int64_t database_bytes = static_cast<int64_t>(std::filesystem::file_size(Database("data")));
  Append(*log, 1);
  ASSERT_TRUE(log->Idle().ok());
  EXPECT_EQ(static_cast<int64_t>(std::filesystem::file_size(Database("data"))), database_bytes) << "not time yet";
  Append(*log, 1, 300'000);
  ASSERT_TRUE(log->Idle().ok());
  EXPECT_GT(static_cast<int64_t>(std::filesystem::file_size(Database("data"))), database_bytes + 280'000);
  // With no idle moment ever, and a reader that stays in its visitor.
  const absl::Status read = log->Read(1, [&](Sequence sequence, absl::string_view) {
    if (sequence > 1) return absl::OkStatus();
    for (int i = 0; i < 50; ++i) Append(*log, 10, 10'000);
    EXPECT_LT(static_cast<int64_t>(std::filesystem::file_size(wal)), options.wal_bytes_max + (256 << 10));
    return absl::OkStatus();
  });
  EXPECT_TRUE(read.ok()) << read;
}

// Not a test of its own: what the tests below run in a process that a failpoint ends.
TEST(LocalLogChild, AppendsUntilItIsKilled) {
  const char* directory = std::getenv(kChildDirectory);
  if (directory == nullptr) GTEST_SKIP() << "runs only as the child of another test";
  auto log = LocalLog::Open(directory, {});
  ASSERT_TRUE(log.ok()) << log.status();
  for (Sequence sequence = 1; sequence <= 10; ++sequence) {
    ASSERT_TRUE((*log)->Append(Events(sequence, 1)).ok());
    WriteFile(std::string(directory) + "/acknowledged", absl::StrCat(sequence));
  }
}

class KilledLocalLogTest : public LocalLogTest {
 protected:
  // Runs the child until `failpoint` kills it. What it had acknowledged is returned.
  std::string RunUntilKilled(const std::string& failpoint) {
    const pid_t child = fork();
    if (child == 0) {
      setenv(kChildDirectory, Directory("data").c_str(), 1);
      setenv("MUSTER_FAILPOINT", failpoint.c_str(), 1);
      execl("/proc/self/exe", "local_log_test", "--gtest_filter=LocalLogChild.*", nullptr);
      _exit(127);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "status " << status;
    return ReadFile(Directory("data") + "/acknowledged");
  }
};

TEST_F(KilledLocalLogTest, KillBeforeTheCommitLosesOnlyWhatWasNotAcknowledged) {
#ifndef MUSTER_FAILPOINTS
  GTEST_SKIP() << "built without MUSTER_FAILPOINTS";
#endif
  EXPECT_EQ(RunUntilKilled("log.before_commit:4"), "3");
  std::unique_ptr<LocalLog> log = MustOpen("data");
  ExpectHolds(*log, 3);
  Append(*log, 1);
  ExpectHolds(*log, 4);
}

TEST_F(KilledLocalLogTest, KillAfterTheCommitKeepsTheBatchThoughItWasNotAcknowledged) {
#ifndef MUSTER_FAILPOINTS
  GTEST_SKIP() << "built without MUSTER_FAILPOINTS";
#endif
  EXPECT_EQ(RunUntilKilled("log.after_commit:4"), "3");
  std::unique_ptr<LocalLog> log = MustOpen("data");
  ExpectHolds(*log, 4);
  Append(*log, 1);
  ExpectHolds(*log, 5);
}

}  // namespace
}  // namespace muster
