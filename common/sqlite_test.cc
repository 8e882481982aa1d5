#include "common/sqlite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/sqlite_fault_vfs.h"

namespace muster {
namespace {

using testing::HasSubstr;

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() : vfs_("sqlite_test") {
    std::string pattern = (std::filesystem::temp_directory_path() / "muster-sqlite-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    path_ = (folder_ / "test.db").string();
  }
  ~SqliteTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<SqliteDatabase> Open(SqliteDatabase::Options options = {}) {
    options.vfs = vfs_.name();
    auto db = SqliteDatabase::Open(path_, options);
    EXPECT_TRUE(db.ok()) << db.status();
    return db.ok() ? *std::move(db) : nullptr;
  }

  std::unique_ptr<SqliteDatabase> OpenWithTable() {
    std::unique_ptr<SqliteDatabase> db = Open();
    EXPECT_TRUE(db->Exec("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB, name TEXT)").ok());
    return db;
  }

  SqliteFaultVfs vfs_;
  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(SqliteTest, WhatIsBoundIsReadBack) {
  std::unique_ptr<SqliteDatabase> db = OpenWithTable();
  absl::StatusOr<SqliteStatement> insert = db->Prepare("INSERT INTO t VALUES(?1, ?2, ?3)");
  ASSERT_TRUE(insert.ok()) << insert.status();
  const std::string blob("\0\xff", 2);
  insert->BindInt64(1, INT64_MIN);
  insert->BindBlob(2, blob);
  insert->BindText(3, "Käthe");
  ASSERT_TRUE(insert->Run().ok());
  insert->BindInt64(1, 2);
  insert->BindBlobUnowned(2, absl::string_view());
  insert->BindNull(3);
  ASSERT_TRUE(insert->Run().ok());
  EXPECT_EQ(db->changes(), 1);
  absl::StatusOr<SqliteStatement> select = db->Prepare("SELECT id, body, name FROM t ORDER BY id");
  ASSERT_TRUE(select.ok());
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->ColumnInt64(0), INT64_MIN);
  EXPECT_EQ(select->ColumnBlob(1), blob);
  EXPECT_EQ(select->ColumnText(2), "Käthe");
  ASSERT_TRUE(*select->Step());
  EXPECT_EQ(select->ColumnBlob(1), "");
  EXPECT_FALSE(select->ColumnIsNull(1)) << "an empty blob is no NULL";
  EXPECT_TRUE(select->ColumnIsNull(2));
  EXPECT_FALSE(*select->Step());
}

TEST_F(SqliteTest, ABindToNoParameterIsReportedByRun) {
  std::unique_ptr<SqliteDatabase> db = OpenWithTable();
  absl::StatusOr<SqliteStatement> insert = db->Prepare("INSERT INTO t(id) VALUES(?1)");
  insert->BindInt64(2, 1);
  EXPECT_FALSE(insert->Run().ok());
  insert->BindInt64(1, 1);
  EXPECT_TRUE(insert->Run().ok());
}

TEST_F(SqliteTest, ATransactionThatIsNotCommittedIsRolledBack) {
  std::unique_ptr<SqliteDatabase> db = OpenWithTable();
  {
    SqliteTransaction transaction(db.get());
    ASSERT_TRUE(transaction.Begin().ok());
    ASSERT_TRUE(db->Exec("INSERT INTO t(id) VALUES(1)").ok());
    EXPECT_TRUE(db->in_transaction());
  }
  EXPECT_FALSE(db->in_transaction());
  SqliteTransaction transaction(db.get());
  ASSERT_TRUE(transaction.Begin().ok());
  ASSERT_TRUE(db->Exec("INSERT INTO t(id) VALUES(2)").ok());
  ASSERT_TRUE(transaction.Commit().ok());
  EXPECT_EQ(*db->QueryInt64("SELECT sum(id) FROM t"), 2);
}

TEST_F(SqliteTest, EachFailureHasItsCodeAndSaysWhatFailed) {
  EXPECT_TRUE(absl::IsNotFound(SqliteDatabase::Open((folder_ / "no" / "such").string(), {}).status()));
  std::unique_ptr<SqliteDatabase> db = OpenWithTable();
  ASSERT_TRUE(db->Exec("INSERT INTO t(id) VALUES(1)").ok());
  const absl::Status twice = db->Exec("INSERT INTO t(id) VALUES(1)");
  EXPECT_TRUE(absl::IsAlreadyExists(twice)) << twice;
  EXPECT_THAT(std::string(twice.message()), HasSubstr("INSERT INTO t(id) VALUES(1)"));
  EXPECT_THAT(std::string(twice.message()), HasSubstr("SQLITE_CONSTRAINT_PRIMARYKEY"));
  EXPECT_TRUE(absl::IsInternal(db->Prepare("SELEKT").status()));
  EXPECT_TRUE(absl::IsNotFound(db->QueryInt64("SELECT id FROM t WHERE id = 9").status()));
  vfs_.FailWrites(1, SQLITE_FULL);
  EXPECT_TRUE(absl::IsResourceExhausted(db->Exec("INSERT INTO t(id) VALUES(2)")));
  vfs_.Heal();
  vfs_.FailSyncs(1, SQLITE_IOERR_FSYNC);
  EXPECT_TRUE(absl::IsUnknown(db->Exec("INSERT INTO t(id) VALUES(3)")));
  vfs_.Heal();
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  EXPECT_TRUE(absl::IsPermissionDenied(Open(options)->Exec("INSERT INTO t(id) VALUES(4)")));
  options.mode = SqliteDatabase::Mode::kReadWriteCreate;
  options.busy_timeout = absl::ZeroDuration();
  SqliteTransaction transaction(db.get());
  ASSERT_TRUE(transaction.Begin().ok());
  EXPECT_TRUE(absl::IsUnavailable(Open(options)->Exec("BEGIN IMMEDIATE")));
}

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsDataLoss) {
  std::ofstream(path_) << std::string(10'000, 'x');
  EXPECT_TRUE(absl::IsDataLoss(SqliteDatabase::Open(path_, {}).status()));
}

TEST_F(SqliteTest, WithoutAWriteAheadLogItIsNotOpen) {
  SqliteDatabase::Options options;
  options.vfs = vfs_.name();
  vfs_.FailSyncs(1, SQLITE_IOERR_FSYNC);
  EXPECT_TRUE(absl::IsUnknown(SqliteDatabase::Open(path_, options).status()));
  vfs_.Heal();
  const auto opened = SqliteDatabase::Open(path_, options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_TRUE((*opened)->Exec("CREATE TABLE t(id)").ok());
  EXPECT_TRUE(std::filesystem::exists(path_ + "-wal"));
}

TEST_F(SqliteTest, NothingIsCheckpointedUntilAskedFor) {
  std::unique_ptr<SqliteDatabase> db = OpenWithTable();
  const auto bytes = std::filesystem::file_size(path_);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(db->Exec("INSERT INTO t(body) VALUES(randomblob(200000))").ok());
  EXPECT_EQ(std::filesystem::file_size(path_), bytes);
  EXPECT_GT(db->wal_frames(), 50 * 40);
  const auto result = db->Checkpoint(SqliteDatabase::CheckpointMode::kPassive);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->checkpointed_frames, db->wal_frames());
  EXPECT_GT(std::filesystem::file_size(path_), 50 * 200'000u);
  EXPECT_TRUE(db->Checkpoint(SqliteDatabase::CheckpointMode::kTruncate).ok());
  EXPECT_EQ(std::filesystem::file_size(path_ + "-wal"), 0u);
}

TEST_F(SqliteTest, AReaderKeepsTheLogFromBeingTruncatedAndSeesItsSnapshot) {
  std::unique_ptr<SqliteDatabase> db = OpenWithTable();
  ASSERT_TRUE(db->Exec("INSERT INTO t(id) VALUES(1)").ok());
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  std::unique_ptr<SqliteDatabase> reader = Open(options);
  ASSERT_TRUE(reader->Exec("BEGIN; SELECT count(*) FROM t").ok());
  ASSERT_TRUE(db->Exec("INSERT INTO t(id) VALUES(2)").ok());
  EXPECT_TRUE(absl::IsUnavailable(db->Checkpoint(SqliteDatabase::CheckpointMode::kTruncate).status()));
  EXPECT_EQ(*reader->QueryInt64("SELECT count(*) FROM t"), 1);
  ASSERT_TRUE(reader->Exec("COMMIT").ok());
  EXPECT_EQ(*reader->QueryInt64("SELECT count(*) FROM t"), 2);
  EXPECT_TRUE(db->Checkpoint(SqliteDatabase::CheckpointMode::kTruncate).ok());
}

TEST_F(SqliteTest, SynchronousOffCommitsWithoutASync) {
  SqliteDatabase::Options options;
  options.synchronous = SqliteDatabase::Synchronous::kOff;
  std::unique_ptr<SqliteDatabase> db = Open(options);
  ASSERT_TRUE(db->Exec("CREATE TABLE t(id)").ok());
  const int64_t syncs = vfs_.syncs();
  ASSERT_TRUE(db->Exec("INSERT INTO t VALUES(1)").ok());
  EXPECT_EQ(vfs_.syncs(), syncs);
}

}  // namespace
}  // namespace muster
