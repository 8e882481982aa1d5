#include "server/log/copy_event_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/sqlite.h"
#include "common/status_macros.h"
#include "server/log/batch_reader.h"
#include "server/log/local_log.h"
#include "server/log/wal_check.h"

namespace muster {
namespace {

absl::Status Damaged(const std::string& path, Sequence sequence, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(path, ": the first damaged event is ", sequence, ": ", what,
                                          ". Nothing was copied; see `musterd verify`"));
}

// Writes rows into a new log. It belongs to nobody before it is whole, so it needs no journal and one sync at the end.
class LogWriter {
 public:
  static absl::StatusOr<std::unique_ptr<LogWriter>> Create(const std::string& directory) {
    {
      MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<LocalLog> empty, LocalLog::Open(directory, {}));
      if (!empty->open_report().created) {
        return absl::FailedPreconditionError(absl::StrCat(directory, " has an event log already"));
      }
    }
    unlink(absl::StrCat(directory, "/LOCK").c_str());  // It says who has the folder open; a copy is nobody's.
    SqliteDatabase::Options options;
    options.synchronous = SqliteDatabase::Synchronous::kOff;
    std::unique_ptr<LogWriter> writer(new LogWriter);
    MUSTER_ASSIGN_OR_RETURN(writer->db_, SqliteDatabase::Open(LocalLog::DatabasePath(directory), options));
    MUSTER_RETURN_IF_ERROR(writer->db_->Exec("PRAGMA journal_mode=OFF"));
    MUSTER_ASSIGN_OR_RETURN(writer->insert_, writer->db_->Prepare("INSERT INTO batches VALUES(?1, ?2, ?3, ?4)"));
    return writer;
  }

  absl::Status Add(const std::vector<StoredBatch>& batches) {
    SqliteTransaction transaction(db_.get());
    MUSTER_RETURN_IF_ERROR(transaction.Begin());
    for (const StoredBatch& batch : batches) {
      insert_.BindInt64(1, static_cast<int64_t>(batch.first));
      insert_.BindInt64(2, static_cast<int64_t>(batch.count));
      insert_.BindBlobUnowned(3, batch.checksum);
      insert_.BindBlobUnowned(4, batch.bytes);
      MUSTER_RETURN_IF_ERROR(insert_.Run());
    }
    return transaction.Commit();
  }

  // The row that says where the log ends comes last: until then what is here is a log without events.
  absl::Status Finish(const LogTail& tail) {
    MUSTER_ASSIGN_OR_RETURN(SqliteStatement update,
                            db_->Prepare("UPDATE tail SET last_sequence = ?1, checksum = ?2 WHERE id = 1"));
    update.BindInt64(1, static_cast<int64_t>(tail.last));
    update.BindBlob(2, tail.checksum);
    return update.Run();
  }

 private:
  LogWriter() = default;

  std::unique_ptr<SqliteDatabase> db_;  // First: outlives the statement.
  SqliteStatement insert_;
};

// Copies the rows up to `tail`.
absl::StatusOr<CopiedLog> CopyRows(const LogTail& tail, SqliteDatabase* from, LogWriter* to) {
  CopiedLog copied;
  MUSTER_ASSIGN_OR_RETURN(BatchReader reader, BatchReader::At(from, 1));
  while (reader.expected() <= tail.last) {
    const absl::StatusOr<std::vector<StoredBatch>> batches = reader.Next(tail.last);
    if (absl::IsDataLoss(batches.status())) {
      return Damaged(from->path(), reader.expected(), batches.status().message());
    }
    if (!batches.ok()) return batches.status();
    if (reader.fault().has_value()) return Damaged(from->path(), reader.fault()->sequence, reader.fault()->what);
    if (batches->empty()) return Damaged(from->path(), reader.expected(), "it is missing");
    MUSTER_RETURN_IF_ERROR(to->Add(*batches));
    copied.batches += batches->size();
  }
  if (reader.expected() != tail.last + 1 || reader.checksum() != tail.checksum) {
    return Damaged(from->path(), tail.last, "it is not the one that the tail row names");
  }
  copied.last_sequence = tail.last;
  copied.checksum = tail.checksum;
  return copied;
}

}  // namespace

absl::StatusOr<CopiedLog> CopyEventLog(const std::string& from_directory, const std::string& to_directory) {
  const std::string path = LocalLog::DatabasePath(from_directory);
  // SQLite itself would take damage in the middle of the write-ahead log for its end.
  MUSTER_RETURN_IF_ERROR(CheckWal(path + "-wal").status());
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteDatabase> from, SqliteDatabase::Open(path, options));
  MUSTER_RETURN_IF_ERROR(CheckFormat(from.get(), LocalLog::kFormat));
  MUSTER_ASSIGN_OR_RETURN(const LogTail tail, ReadTail(from.get()));

  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<LogWriter> to, LogWriter::Create(to_directory));
  MUSTER_ASSIGN_OR_RETURN(CopiedLog copied, CopyRows(tail, from.get(), to.get()));
  MUSTER_RETURN_IF_ERROR(to->Finish(tail));
  to = nullptr;  // Closes.
  MUSTER_RETURN_IF_ERROR(SyncFile(LocalLog::DatabasePath(to_directory)));
  MUSTER_RETURN_IF_ERROR(SyncDirectory(to_directory));
  return copied;
}

absl::Status SyncFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (synced) return absl::OkStatus();
  return absl::UnknownError(absl::StrCat("cannot sync ", path, ": ", std::strerror(error)));
}

}  // namespace muster
