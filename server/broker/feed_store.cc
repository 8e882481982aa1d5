#include "server/broker/feed_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr char kFileName[] = "feed.db";
constexpr int64_t kFormatVersion = 1;
constexpr int kPageBytes = 8192;
// Where Append checkpoints if nobody called Sync for long: 64 MiB.
constexpr int kWalFramesMax = 8192;
constexpr uint64_t kTrimRowsMax = 10'000;

constexpr char kSchema[] =
    "CREATE TABLE notice(id INTEGER PRIMARY KEY, sequence INTEGER NOT NULL, audience INTEGER NOT NULL,"
    "  rank INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;"
    // Covers the look-up of an audience's rank at an id.
    "CREATE INDEX notice_by_audience ON notice(audience, id, rank);"
    // The last rank of each audience that was trimmed.
    "CREATE TABLE trimmed(audience INTEGER PRIMARY KEY, rank INTEGER NOT NULL) STRICT;"
    "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK (one = 1), last_sequence INTEGER NOT NULL,"
    "  last_id INTEGER NOT NULL, trimmed_id INTEGER NOT NULL) STRICT;"
    "INSERT INTO meta VALUES(1, 0, 0, 0);";

std::string PathIn(absl::string_view dir) { return absl::StrCat(dir, "/", kFileName); }

}  // namespace

absl::StatusOr<std::unique_ptr<FeedStore>> FeedStore::Open(absl::string_view dir) {
  SqliteDatabase::Options options;
  options.synchronous = SqliteDatabase::Synchronous::kOff;
  options.page_bytes = kPageBytes;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(PathIn(dir), options));
  std::unique_ptr<FeedStore> store(new FeedStore(std::move(db)));
  MUSTER_RETURN_IF_ERROR(store->Prepare());
  MUSTER_RETURN_IF_ERROR(store->CheckMeta());
  return store;
}

absl::Status FeedStore::Remove(absl::string_view dir) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string path = absl::StrCat(PathIn(dir), suffix);
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) {
      return absl::UnknownError(absl::StrCat("cannot delete ", path, ": ", std::strerror(errno),
                                             "; delete it by hand, the broker builds it again from the event log"));
    }
  }
  return absl::OkStatus();
}

absl::Status FeedStore::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat(db_->path(), ": ", what, "; delete the file, the broker builds it again from the event log"));
}

absl::Status FeedStore::Prepare() {
  // NORMAL: a commit is not synced, a checkpoint is, in the order that keeps the file whole through a power cut.
  MUSTER_RETURN_IF_ERROR(db_->Exec("PRAGMA synchronous=NORMAL"));
  MUSTER_ASSIGN_OR_RETURN(const int64_t version, db_->QueryInt64("PRAGMA user_version"));
  if (version != 0 && version != kFormatVersion) {
    return Damaged(absl::StrCat("is of format ", version, ", this broker writes format ", kFormatVersion));
  }
  if (version == 0) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t tables, db_->QueryInt64("SELECT count(*) FROM sqlite_schema"));
    if (tables != 0) return Damaged("holds tables that are not a feed's");
    SqliteTransaction transaction(db_.get());
    MUSTER_RETURN_IF_ERROR(transaction.Begin());
    MUSTER_RETURN_IF_ERROR(db_->Exec(absl::StrCat(kSchema, "PRAGMA user_version=", kFormatVersion)));
    MUSTER_RETURN_IF_ERROR(transaction.Commit());
  }
  MUSTER_ASSIGN_OR_RETURN(insert_notice_, db_->Prepare("INSERT INTO notice VALUES(?1, ?2, ?3, ?4, ?5)"));
  MUSTER_ASSIGN_OR_RETURN(write_meta_,
                          db_->Prepare("UPDATE meta SET last_sequence = ?1, last_id = ?2, trimmed_id = ?3"));
  return absl::OkStatus();
}

// Reads `meta_` and compares it with the ends of the notices: cheap, whatever the size of the feed.
absl::Status FeedStore::CheckMeta() {
  MUSTER_ASSIGN_OR_RETURN(
      SqliteStatement read,
      db_->Prepare("SELECT last_sequence, last_id, trimmed_id,"
                   "  ifnull((SELECT min(id) FROM notice), last_id + 1),"
                   "  ifnull((SELECT max(id) FROM notice), trimmed_id),"
                   "  ifnull((SELECT sequence FROM notice ORDER BY id DESC LIMIT 1), 0) FROM meta"));
  MUSTER_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return Damaged("its row of totals is missing");
  const auto column = [&read](int index) { return static_cast<uint64_t>(read.ColumnInt64(index)); };
  meta_ = {column(0), column(1), column(2)};
  if (column(3) != meta_.trimmed_id + 1 || column(4) != meta_.last_id || column(5) > meta_.last_sequence) {
    return Damaged(absl::StrCat("should hold notices ", meta_.trimmed_id + 1, " to ", meta_.last_id, " of events to ",
                                meta_.last_sequence, ", holds ", column(3), " to ", column(4), " of events to ",
                                column(5)));
  }
  return absl::OkStatus();
}

absl::Status FeedStore::WriteMeta(const Meta& meta) {
  write_meta_.BindInt64(1, static_cast<int64_t>(meta.last_sequence));
  write_meta_.BindInt64(2, static_cast<int64_t>(meta.last_id));
  write_meta_.BindInt64(3, static_cast<int64_t>(meta.trimmed_id));
  return write_meta_.Run();
}

absl::Status FeedStore::Append(Sequence last_sequence, absl::Span<const FeedRow> rows) {
  if (last_sequence <= meta_.last_sequence) {
    return absl::InvalidArgumentError(absl::StrCat("the feed has the notices of event ", meta_.last_sequence,
                                                   ", got those of events to ", last_sequence,
                                                   "; append each event once, in order"));
  }
  Meta meta = meta_;
  meta.last_sequence = last_sequence;
  SqliteTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  for (const FeedRow& row : rows) {
    insert_notice_.BindInt64(1, static_cast<int64_t>(++meta.last_id));
    insert_notice_.BindInt64(2, static_cast<int64_t>(row.sequence));
    insert_notice_.BindInt64(3, static_cast<int64_t>(row.audience));
    insert_notice_.BindInt64(4, static_cast<int64_t>(row.rank));
    insert_notice_.BindBlobUnowned(5, row.bytes);
    MUSTER_RETURN_IF_ERROR(insert_notice_.Run());
  }
  MUSTER_RETURN_IF_ERROR(WriteMeta(meta));
  MUSTER_RETURN_IF_ERROR(transaction.Commit());
  meta_ = meta;
  // The rows are in, so a checkpoint that fails is no failure of this call; Sync will say.
  if (db_->wal_frames() > kWalFramesMax) {
    db_->Checkpoint(SqliteDatabase::CheckpointMode::kPassive).status().IgnoreError();
  }
  return absl::OkStatus();
}

absl::Status FeedStore::Sync() {
  return db_->Checkpoint(SqliteDatabase::CheckpointMode::kRestart, absl::Seconds(5)).status();
}

absl::StatusOr<uint64_t> FeedStore::TrimTo(uint64_t rows_max) {
  const uint64_t rows = meta_.last_id - meta_.trimmed_id;
  if (rows <= rows_max) return 0;
  const uint64_t excess = std::min(rows - rows_max, kTrimRowsMax);
  Meta meta = meta_;
  meta.trimmed_id += excess;
  SqliteTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  MUSTER_RETURN_IF_ERROR(
      db_->Exec(absl::StrCat("INSERT INTO trimmed SELECT audience, max(rank) FROM notice WHERE id <= ", meta.trimmed_id,
                             " GROUP BY audience ON CONFLICT(audience) DO UPDATE SET rank = excluded.rank;"
                             "DELETE FROM notice WHERE id <= ",
                             meta.trimmed_id)));
  MUSTER_RETURN_IF_ERROR(WriteMeta(meta));
  MUSTER_RETURN_IF_ERROR(transaction.Commit());
  meta_ = meta;
  return excess;
}

absl::Status FeedStore::Verify() {
  MUSTER_RETURN_IF_ERROR(CheckMeta());
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement check, db_->Prepare("PRAGMA integrity_check(1)"));
  MUSTER_ASSIGN_OR_RETURN(const bool said, check.Step());
  if (!said || check.ColumnText(0) != "ok") return Damaged(check.ColumnText(0));
  MUSTER_ASSIGN_OR_RETURN(const int64_t rows, db_->QueryInt64("SELECT count(*) FROM notice"));
  if (static_cast<uint64_t>(rows) != meta_.last_id - meta_.trimmed_id) {
    return Damaged(absl::StrCat("should hold ", meta_.last_id - meta_.trimmed_id, " notices, holds ", rows));
  }
  MUSTER_ASSIGN_OR_RETURN(
      SqliteStatement gaps,
      db_->Prepare("SELECT n.audience FROM notice AS n LEFT JOIN trimmed AS t USING (audience) GROUP BY n.audience"
                   " HAVING min(n.rank) != ifnull(t.rank, 0) + 1 OR max(n.rank) - min(n.rank) + 1 != count(*)"));
  MUSTER_ASSIGN_OR_RETURN(const bool gap, gaps.Step());
  if (gap) return Damaged(absl::StrCat("the notices of audience ", gaps.ColumnInt64(0), " have a gap"));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<FeedReader>> FeedStore::NewReader() const { return FeedReader::Open(db_->path()); }

}  // namespace muster
