#include "server/broker/feed_copy.h"

#include <cstdint>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/sqlite.h"
#include "common/status_macros.h"
#include "server/broker/feed_store.h"
#include "server/log/copy_event_log.h"
#include "server/log/directory_lock.h"

namespace muster {
namespace {

constexpr int64_t kSliceRowsMax = 4096;
constexpr size_t kSliceBytesMax = 1 << 20;

std::string PathIn(const std::string& dir) { return absl::StrCat(dir, "/feed.db"); }

// The one row of table `meta`.
struct Meta {
  int64_t last_sequence = 0;
  int64_t last_id = 0;
  int64_t trimmed_id = 0;
};

class FeedCopier {
 public:
  FeedCopier(SqliteDatabase* from, SqliteDatabase* to) : from_(from), to_(to) {}

  absl::StatusOr<Sequence> Run() {
    MUSTER_RETURN_IF_ERROR(CheckVersions());
    MUSTER_ASSIGN_OR_RETURN(const Meta begin, ReadMeta());
    MUSTER_RETURN_IF_ERROR(CopyNotices(begin));
    MUSTER_RETURN_IF_ERROR(CopyTotals(begin));
    return static_cast<Sequence>(begin.last_sequence);
  }

 private:
  absl::Status CheckVersions() {
    MUSTER_ASSIGN_OR_RETURN(const int64_t got, from_->QueryInt64("PRAGMA user_version"));
    MUSTER_ASSIGN_OR_RETURN(const int64_t want, to_->QueryInt64("PRAGMA user_version"));
    if (got == want) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(from_->path(), ": is of format ", got, ", this musterd writes ", want));
  }

  absl::StatusOr<Meta> ReadMeta() {
    MUSTER_ASSIGN_OR_RETURN(SqliteStatement read,
                            from_->Prepare("SELECT last_sequence, last_id, trimmed_id FROM meta"));
    MUSTER_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return absl::DataLossError(absl::StrCat(from_->path(), ": its row of totals is missing"));
    return Meta{read.ColumnInt64(0), read.ColumnInt64(1), read.ColumnInt64(2)};
  }

  // Those that are trimmed meanwhile may be there or not; CopyTotals puts that right.
  absl::Status CopyNotices(const Meta& begin) {
    MUSTER_ASSIGN_OR_RETURN(SqliteStatement select,
                            from_->Prepare("SELECT id, sequence, audience, rank, bytes FROM notice "
                                           "WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3"));
    MUSTER_ASSIGN_OR_RETURN(SqliteStatement insert, to_->Prepare("INSERT INTO notice VALUES(?1, ?2, ?3, ?4, ?5)"));
    int64_t after = begin.trimmed_id;
    for (bool more = true; more;) {
      select.BindInt64(1, after);
      select.BindInt64(2, begin.last_id);
      select.BindInt64(3, kSliceRowsMax);
      MUSTER_ASSIGN_OR_RETURN(more, CopySlice(&select, &insert, &after));
      select.Reset();
    }
    return absl::OkStatus();
  }

  // Whether there was anything. `after` becomes the last id copied.
  absl::StatusOr<bool> CopySlice(SqliteStatement* select, SqliteStatement* insert, int64_t* after) {
    SqliteTransaction transaction(to_);
    MUSTER_RETURN_IF_ERROR(transaction.Begin());
    size_t bytes = 0;
    bool any = false;
    while (bytes < kSliceBytesMax) {
      MUSTER_ASSIGN_OR_RETURN(const bool row, select->Step());
      if (!row) break;
      any = true;
      *after = select->ColumnInt64(0);
      for (const int column : {0, 1, 2, 3}) insert->BindInt64(column + 1, select->ColumnInt64(column));
      insert->BindBlobUnowned(5, select->ColumnBlob(4));
      bytes += select->ColumnBlob(4).size();
      MUSTER_RETURN_IF_ERROR(insert->Run());
    }
    MUSTER_RETURN_IF_ERROR(transaction.Commit());
    return any;
  }

  // What was trimmed by now goes from the copy as well, with its counts; then nothing may be missing.
  absl::Status CopyTotals(const Meta& begin) {
    SqliteTransaction transaction(to_);
    MUSTER_RETURN_IF_ERROR(transaction.Begin());
    MUSTER_ASSIGN_OR_RETURN(const Meta end, CopyTrimmed());
    if (end.trimmed_id > begin.last_id) {
      return absl::UnavailableError(absl::StrCat(from_->path(), ": was trimmed faster than it was copied"));
    }
    MUSTER_RETURN_IF_ERROR(to_->Exec(absl::StrCat("DELETE FROM notice WHERE id <= ", end.trimmed_id,
                                                  ";UPDATE meta SET last_sequence = ", begin.last_sequence,
                                                  ", last_id = ", begin.last_id, ", trimmed_id = ", end.trimmed_id)));
    MUSTER_ASSIGN_OR_RETURN(const int64_t rows, to_->QueryInt64("SELECT count(*) FROM notice"));
    if (rows != begin.last_id - end.trimmed_id) {
      return absl::DataLossError(absl::StrCat(from_->path(), ": should hold notices ", end.trimmed_id + 1, " to ",
                                              begin.last_id, ", but ", rows, " are there"));
    }
    return transaction.Commit();
  }

  // In one read transaction, so that the counts are those of the id that is returned.
  absl::StatusOr<Meta> CopyTrimmed() {
    MUSTER_RETURN_IF_ERROR(from_->Exec("BEGIN"));
    MUSTER_ASSIGN_OR_RETURN(const Meta end, ReadMeta());
    MUSTER_ASSIGN_OR_RETURN(SqliteStatement select, from_->Prepare("SELECT audience, rank FROM trimmed"));
    MUSTER_ASSIGN_OR_RETURN(SqliteStatement insert, to_->Prepare("INSERT INTO trimmed VALUES(?1, ?2)"));
    for (;;) {
      MUSTER_ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      insert.BindInt64(1, select.ColumnInt64(0));
      insert.BindInt64(2, select.ColumnInt64(1));
      MUSTER_RETURN_IF_ERROR(insert.Run());
    }
    select.Reset();
    MUSTER_RETURN_IF_ERROR(from_->Exec("COMMIT"));
    return end;
  }

  SqliteDatabase* const from_;  // Neither is owned.
  SqliteDatabase* const to_;
};

}  // namespace

absl::StatusOr<Sequence> CopyFeed(const std::string& from_dir, const std::string& to_dir) {
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteDatabase> from, SqliteDatabase::Open(PathIn(from_dir), options));
  MUSTER_RETURN_IF_ERROR(FeedStore::Open(to_dir).status());  // Makes the tables.
  options.mode = SqliteDatabase::Mode::kReadWriteCreate;
  options.synchronous = SqliteDatabase::Synchronous::kOff;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> to, SqliteDatabase::Open(PathIn(to_dir), options));
  MUSTER_RETURN_IF_ERROR(to->Exec("PRAGMA journal_mode=OFF"));  // Nobody's before it is whole.
  MUSTER_ASSIGN_OR_RETURN(const Sequence last_sequence, FeedCopier(from.get(), to.get()).Run());
  to = nullptr;  // Closes.
  MUSTER_RETURN_IF_ERROR(SyncFile(PathIn(to_dir)));
  MUSTER_RETURN_IF_ERROR(SyncDirectory(to_dir));
  return last_sequence;
}

}  // namespace muster
