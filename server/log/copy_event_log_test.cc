#include "server/log/copy_event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/sqlite.h"
#include "server/log/local_log.h"
#include "server/log/testing/log_files.h"
#include "server/log/verify_log.h"

namespace muster {
namespace {

using testing::HasSubstr;

class CopyEventLogTest : public testing::Test {
 protected:
  CopyEventLogTest() {
    for (const std::string& dir : {from_, to_}) std::filesystem::create_directory(dir);
  }

  std::unique_ptr<LocalLog> MustOpen(const std::string& dir) {
    absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(dir, {});
    EXPECT_TRUE(log.ok()) << log.status();
    return log.ok() ? *std::move(log) : nullptr;
  }
  static void Append(LocalLog& log, size_t count, size_t bytes = 100) {
    const absl::Status status = log.Append(Events(log.last_sequence() + 1, count, bytes));
    ASSERT_TRUE(status.ok()) << status;
  }
  static void ExpectHolds(const LocalLog& log, Sequence last) {
    EXPECT_EQ(log.last_sequence(), last);
    const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log);
    ASSERT_TRUE(events.ok()) << events.status();
    ASSERT_EQ(events->size(), last);
    for (const EncodedEvent& event : *events) ASSERT_EQ(event.bytes, EventBytes(event.sequence, 100));
  }
  void Sql(absl::string_view sql) {
    auto db = SqliteDatabase::Open(LocalLog::DatabasePath(from_), {});
    ASSERT_TRUE(db.ok()) << db.status();
    ASSERT_TRUE((*db)->Exec(sql).ok());
  }

  const TemporaryFolder folder_;
  const std::string from_ = folder_.path() + "/from";
  const std::string to_ = folder_.path() + "/to";
};

TEST_F(CopyEventLogTest, TheCopyHasTheSameRowsAndGoesOnFromThere) {
  {
    const std::unique_ptr<LocalLog> log = MustOpen(from_);
    for (const size_t count : {1, 100, 3}) Append(*log, count);
    const absl::StatusOr<CopiedLog> copied = CopyEventLog(from_, to_);
    ASSERT_TRUE(copied.ok()) << copied.status();
    EXPECT_EQ(copied->last_sequence, 104u);
    EXPECT_EQ(copied->batches, 3u);
    EXPECT_EQ(copied->checksum, log->tail_checksum());
    EXPECT_EQ(VerifyLog(to_, {})->checksum, log->tail_checksum());
  }
  const std::unique_ptr<LocalLog> copy = MustOpen(to_);
  Append(*copy, 2);
  ExpectHolds(*copy, 106);
}

TEST_F(CopyEventLogTest, TheCopyIsOneFile) {
  const std::unique_ptr<LocalLog> log = MustOpen(from_);
  Append(*log, 5);
  ASSERT_TRUE(CopyEventLog(from_, to_).ok());
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(to_)) names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::ElementsAre("events.db"));
  // Of the file format: 1 is a rollback journal, 2 a write-ahead log, which could not be read where nothing can be
  // written.
  EXPECT_EQ(ReadFile(LocalLog::DatabasePath(to_)).substr(18, 2), std::string("\x01\x01"));
}

TEST_F(CopyEventLogTest, BesideAWriterTheCopyIsWhatTheLogWasAtOnePoint) {
  const std::unique_ptr<LocalLog> log = MustOpen(from_);
  Append(*log, 1);
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop) Append(*log, 3);
  });
  for (int i = 0; i < 5; ++i) {
    const std::string to = absl::StrCat(to_, i);
    std::filesystem::create_directory(to);
    const Sequence before = log->last_sequence();
    const absl::StatusOr<CopiedLog> copied = CopyEventLog(from_, to);
    ASSERT_TRUE(copied.ok()) << copied.status();
    EXPECT_GE(copied->last_sequence, before);
    ExpectHolds(*MustOpen(to), copied->last_sequence);
  }
  stop = true;
  writer.join();
}

// A copy in one read transaction would hold up the writer as soon as its write-ahead log is full.
TEST_F(CopyEventLogTest, ACopyUnderWayDoesNotKeepTheWriteAheadLogFromBeingEmptied) {
  LocalLog::Options options;
  options.wal_bytes_max = 256 << 10;
  absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(from_, options);
  ASSERT_TRUE(log.ok());
  for (int i = 0; i < 30; ++i) Append(**log, 10, 100'000);  // Some thirty slices.
  std::atomic<bool> copied = false;
  absl::Status status;
  std::thread copier([&] {
    status = CopyEventLog(from_, to_).status();
    copied = true;
  });
  // If a reader were in the way, the write-ahead log would be full after three, and no more would fit till the end.
  int appended = 0;
  for (; !copied; ++appended) Append(**log, 1, 100'000);
  copier.join();
  EXPECT_GE(appended, 6);
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(CopyEventLogTest, WhatACrashLeftInTheWriteAheadLogIsCopied) {
  {
    const std::unique_ptr<LocalLog> log = MustOpen(from_);
    Append(*log, 7);
    std::filesystem::create_directory(from_ + "-crashed");
    CopyLog(from_, from_ + "-crashed");
  }
  const absl::StatusOr<CopiedLog> copied = CopyEventLog(from_ + "-crashed", to_);
  ASSERT_TRUE(copied.ok()) << copied.status();
  ExpectHolds(*MustOpen(to_), 7);
}

TEST_F(CopyEventLogTest, ADamagedLogIsNotCopied) {
  {
    const std::unique_ptr<LocalLog> log = MustOpen(from_);
    for (int i = 0; i < 4; ++i) Append(*log, 3);
  }
  Sql("UPDATE batches SET bytes = (SELECT bytes FROM batches WHERE first_sequence = 1) WHERE first_sequence = 7");
  const absl::Status status = CopyEventLog(from_, to_).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the first damaged event is 7"));
  EXPECT_EQ(VerifyLog(to_, {})->events, 0u) << "what was begun must not look like a log";
}

TEST_F(CopyEventLogTest, AMissingRowIsDataLoss) {
  {
    const std::unique_ptr<LocalLog> log = MustOpen(from_);
    for (int i = 0; i < 4; ++i) Append(*log, 3);
  }
  Sql("DELETE FROM batches WHERE first_sequence = 10");
  EXPECT_TRUE(absl::IsDataLoss(CopyEventLog(from_, to_).status()));
}

TEST_F(CopyEventLogTest, AFolderThatHasALogIsRefused) {
  Append(*MustOpen(from_), 1);
  Append(*MustOpen(to_), 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(CopyEventLog(from_, to_).status()));
  EXPECT_TRUE(absl::IsNotFound(CopyEventLog(folder_.path() + "/nowhere", to_).status()));
}

}  // namespace
}  // namespace muster
