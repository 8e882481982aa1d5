#include "server/broker/feed_copy.h"

#include <cstdint>
#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "common/crc32.h"
#include "common/sqlite.h"
#include "common/status_macros.h"
#include "server/broker/feed_store.h"
#include "server/broker/feed_tables.h"
#include "server/log/copy_event_log.h"
#include "server/log/directory_lock.h"

namespace muster {
namespace {

constexpr size_t kSliceBytesMax = 1 << 20;

std::string PathIn(const std::string& dir) { return absl::StrCat(dir, "/feed.db"); }

// Everything that one slice reads is of one moment.
class FeedCopier {
 public:
  FeedCopier(SqliteDatabase* from, SqliteDatabase* to) : from_(from), to_(to) {}

  absl::StatusOr<Sequence> Run() {
    MUSTER_RETURN_IF_ERROR(Prepare());
    MUSTER_RETURN_IF_ERROR(CopyBeginning());
    while (copied_id_ < last_id_) {
      MUSTER_RETURN_IF_ERROR(InOneMoment([this] { return CopySlice(); }));
    }
    MUSTER_RETURN_IF_ERROR(
        to_->Exec(absl::StrCat("UPDATE meta SET last_id = ", last_id_, ", last_sequence = ", last_sequence_)));
    return last_sequence_;
  }

 private:
  absl::Status Prepare() {
    MUSTER_ASSIGN_OR_RETURN(const int64_t got, from_->QueryInt64("PRAGMA user_version"));
    MUSTER_ASSIGN_OR_RETURN(const int64_t want, to_->QueryInt64("PRAGMA user_version"));
    if (got != want) {
      return absl::DataLossError(absl::StrCat(from_->path(), ": is of format ", got, ", this musterd writes ", want));
    }
    MUSTER_ASSIGN_OR_RETURN(tables_, FeedTables::Prepare(from_));
    MUSTER_ASSIGN_OR_RETURN(write_segment_, to_->Prepare("INSERT INTO segment VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
    MUSTER_ASSIGN_OR_RETURN(read_milestones_,
                            from_->Prepare("SELECT * FROM milestone WHERE through_id BETWEEN ?1 AND ?2"));
    MUSTER_ASSIGN_OR_RETURN(write_milestone_, to_->Prepare("INSERT INTO milestone VALUES(?1, ?2, ?3, ?4)"));
    return absl::OkStatus();
  }

  absl::Status InOneMoment(absl::FunctionRef<absl::Status()> copy) {
    SqliteTransaction transaction(to_);
    MUSTER_RETURN_IF_ERROR(transaction.Begin());
    MUSTER_RETURN_IF_ERROR(from_->Exec("BEGIN"));
    const absl::Status copied = copy();
    MUSTER_RETURN_IF_ERROR(from_->Exec("ROLLBACK"));  // Nothing was written.
    MUSTER_RETURN_IF_ERROR(copied);
    return transaction.Commit();
  }

  absl::Status CopyBeginning() {
    FeedTables::Ends ends;
    const auto copy = [&]() -> absl::Status {
      MUSTER_ASSIGN_OR_RETURN(ends, tables_.ReadEnds());
      MUSTER_RETURN_IF_ERROR(to_->Exec("DELETE FROM milestone"));
      return CopyMilestones(ends.trimmed_id, ends.trimmed_id);
    };
    MUSTER_RETURN_IF_ERROR(InOneMoment(copy));
    copied_id_ = ends.trimmed_id;
    last_id_ = ends.last_id;
    last_sequence_ = ends.last_sequence;
    return absl::OkStatus();
  }

  // At least one segment, and the milestones in what it copies.
  absl::Status CopySlice() {
    const FeedId first_id = copied_id_ + 1;
    MUSTER_ASSIGN_OR_RETURN(const FeedId trimmed_id, tables_.ReadTrimmedId());
    if (first_id <= trimmed_id) {
      return absl::UnavailableError(absl::StrCat(from_->path(), ": was trimmed faster than it was copied"));
    }
    for (size_t bytes = 0; bytes < kSliceBytesMax && copied_id_ < last_id_;) {
      MUSTER_ASSIGN_OR_RETURN(const FeedSegment segment, tables_.ReadSegment(copied_id_ + 1));
      MUSTER_RETURN_IF_ERROR(CopySegment(segment));
      copied_id_ = segment.last_id;
      bytes += segment.places.size() + segment.block->size();
    }
    return CopyMilestones(first_id, copied_id_);
  }

  absl::Status CopySegment(const FeedSegment& segment) {
    write_segment_.BindInt64(1, static_cast<int64_t>(segment.first_id));
    write_segment_.BindInt64(2, static_cast<int64_t>(segment.last_id));
    write_segment_.BindInt64(3, Crc32(segment.places));
    write_segment_.BindInt64(4, Crc32(*segment.block));
    write_segment_.BindBlobUnowned(5, segment.places);
    write_segment_.BindBlobUnowned(6, *segment.block);
    return write_segment_.Run();
  }

  absl::Status CopyMilestones(FeedId first_id, FeedId last_id) {
    read_milestones_.BindInt64(1, static_cast<int64_t>(first_id));
    read_milestones_.BindInt64(2, static_cast<int64_t>(last_id));
    const absl::Cleanup reset = [this] { read_milestones_.Reset(); };
    while (true) {
      MUSTER_ASSIGN_OR_RETURN(const bool found, read_milestones_.Step());
      if (!found) return absl::OkStatus();
      for (const int column : {0, 1, 2}) write_milestone_.BindInt64(column + 1, read_milestones_.ColumnInt64(column));
      write_milestone_.BindBlobUnowned(4, read_milestones_.ColumnBlob(3));
      MUSTER_RETURN_IF_ERROR(write_milestone_.Run());
    }
  }

  SqliteDatabase* const from_;  // Neither is owned.
  SqliteDatabase* const to_;
  FeedTables tables_;
  SqliteStatement write_segment_;
  SqliteStatement read_milestones_;
  SqliteStatement write_milestone_;
  FeedId copied_id_ = 0;  // So far.
  FeedId last_id_ = 0;    // Of what was there at the beginning; what came later is left out.
  Sequence last_sequence_ = 0;
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
