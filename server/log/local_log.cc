#include "server/log/local_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/failpoint.h"
#include "common/status_macros.h"
#include "server/log/batch_format.h"
#include "server/log/batch_reader.h"
#include "server/log/wal_check.h"

namespace muster {
namespace {

// Larger pages than SQLite's default halve the cost of a batch of many small events (docs/LOG_FORMAT.md).
constexpr int kPageBytes = 16384;
constexpr size_t kIdleReadersMax = 4;
constexpr absl::Duration kReaderWait = absl::Seconds(1);

// `tail` comes first so that it is on page 2 (wal_check.h). application_id is "MLog" for file(1).
constexpr char kSchema[] = R"(
  PRAGMA application_id = 0x4d4c6f67;
  CREATE TABLE tail(id INTEGER PRIMARY KEY CHECK(id = 1), last_sequence INTEGER NOT NULL,
                    checksum BLOB NOT NULL) STRICT;
  CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK(id = 1), format INTEGER NOT NULL) STRICT;
  CREATE TABLE batches(first_sequence INTEGER PRIMARY KEY, count INTEGER NOT NULL, checksum BLOB NOT NULL,
                       bytes BLOB NOT NULL) STRICT;
  INSERT INTO tail VALUES(1, 0, zeroblob(32));
)";

constexpr char kAdvice[] =
    ". Copy the data directory aside; then restore it from a backup, or run `musterd verify` on the copy to see which "
    "events are left";

absl::Status Damaged(const std::string& path, Sequence sequence, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(path, ": the first damaged event is ", sequence, ": ", what));
}

// Says what to do. SQL of ours that SQLite cannot run (INTERNAL) means that the schema or the header was damaged.
absl::Status WithAdvice(const absl::Status& status) {
  if (!absl::IsDataLoss(status) && !absl::IsInternal(status)) return status;
  return absl::DataLossError(absl::StrCat(status.message(), kAdvice));
}

// The size of a file; 0 when there is none.
int64_t FileBytes(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

absl::Status MakeDirectory(const std::string& directory) {
  const std::string parent = absl::StrCat(directory, "/..");
  if (mkdir(directory.c_str(), 0700) == 0) return SyncDirectory(parent);
  if (errno != EEXIST) {
    return absl::NotFoundError(absl::StrCat("cannot make the data directory ", directory, ": ", std::strerror(errno)));
  }
  // Whoever made it may not have synced its name, and then all that is in it goes with a power cut. What we may not
  // even read, somebody else has made, and not just now.
  return access(parent.c_str(), R_OK) == 0 ? SyncDirectory(parent) : absl::OkStatus();
}

}  // namespace

LocalLog::LocalLog(std::string path, Options options, DirectoryLock lock)
    : path_(std::move(path)), options_(std::move(options)), lock_(std::move(lock)) {}

absl::StatusOr<std::unique_ptr<LocalLog>> LocalLog::Open(const std::string& directory, Options options) {
  MUSTER_RETURN_IF_ERROR(MakeDirectory(directory));
  MUSTER_ASSIGN_OR_RETURN(DirectoryLock lock, DirectoryLock::Take(directory));
  std::unique_ptr<LocalLog> log(new LocalLog(DatabasePath(directory), std::move(options), std::move(lock)));
  MUSTER_ASSIGN_OR_RETURN(const WalReport wal, CheckWal(log->path_ + "-wal"));
  if (wal.committed_frames > 0 && FileBytes(log->path_) == 0) {
    // SQLite would delete the write-ahead log of an empty database.
    return absl::DataLossError(absl::StrCat(log->path_, " is empty or missing, but its write-ahead log has ",
                                            wal.committed_frames, " frames", kAdvice));
  }
  log->report_.wal_frames_recovered = wal.committed_frames;
  log->report_.wal_frames_discarded = wal.discarded_frames;
  const absl::Status opened = log->OpenDatabase();
  if (!opened.ok()) {
    if (log->db_ != nullptr) log->db_->KeepWalOnClose();
    return WithAdvice(opened);
  }
  MUSTER_RETURN_IF_ERROR(SyncDirectory(directory));
  return log;
}

absl::Status LocalLog::OpenDatabase() {
  SqliteDatabase::Options options;
  options.page_bytes = kPageBytes;
  options.vfs = options_.sqlite_vfs;
  MUSTER_ASSIGN_OR_RETURN(db_, SqliteDatabase::Open(path_, options));
  MUSTER_RETURN_IF_ERROR(db_->Exec("PRAGMA cache_spill=OFF"));  // See wal_check.h.
  MUSTER_RETURN_IF_ERROR(db_->Exec(absl::StrCat("PRAGMA journal_size_limit=", options_.wal_bytes_max)));
  MUSTER_ASSIGN_OR_RETURN(const int64_t tables, db_->QueryInt64("SELECT count(*) FROM sqlite_master"));
  // A larger file without tables is no new log but one whose first page is damaged.
  if (tables == 0 && FileBytes(path_) <= kPageBytes) MUSTER_RETURN_IF_ERROR(CreateSchema());
  MUSTER_RETURN_IF_ERROR(LoadTail());
  // Also makes durable what a failed fsync may have left in the page cache only: the copy is written and synced anew.
  MUSTER_RETURN_IF_ERROR(db_->Checkpoint(SqliteDatabase::CheckpointMode::kTruncate, kReaderWait).status());
  MUSTER_ASSIGN_OR_RETURN(insert_batch_, db_->Prepare("INSERT INTO batches VALUES(?1, ?2, ?3, ?4)"));
  MUSTER_ASSIGN_OR_RETURN(update_tail_, db_->Prepare("UPDATE tail SET last_sequence = ?1, checksum = ?2 WHERE id = 1"));
  return absl::OkStatus();
}

absl::Status LocalLog::CreateSchema() {
  SqliteTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  MUSTER_RETURN_IF_ERROR(db_->Exec(kSchema));
  MUSTER_RETURN_IF_ERROR(db_->Exec(absl::StrCat("INSERT INTO meta VALUES(1, ", kFormat, ")")));
  MUSTER_RETURN_IF_ERROR(transaction.Commit());
  report_.created = true;
  return absl::OkStatus();
}

absl::Status LocalLog::LoadTail() {
  MUSTER_RETURN_IF_ERROR(CheckFormat(db_.get(), kFormat));
  MUSTER_ASSIGN_OR_RETURN(LogTail tail, ReadTail(db_.get()));
  // The last row must be sound and end where the tail says; the others are checked when they are read.
  MUSTER_ASSIGN_OR_RETURN(BatchReader reader, BatchReader::At(db_.get(), tail.last == 0 ? 1 : tail.last));
  Sequence before = 0;
  do {
    before = reader.expected();
    MUSTER_RETURN_IF_ERROR(reader.Next(INT64_MAX).status());
  } while (reader.expected() != before);
  if (reader.fault().has_value()) return Damaged(path_, reader.fault()->sequence, reader.fault()->what);
  if (reader.expected() != tail.last + 1 || reader.checksum() != tail.checksum) {
    return Damaged(path_, std::min(reader.expected(), tail.last + 1),
                   absl::StrCat("the rows end with event ", reader.expected() - 1, "; the tail row says ", tail.last,
                                reader.expected() == tail.last + 1 ? ", but with another checksum" : ""));
  }
  tail_checksum_ = std::move(tail.checksum);
  last_.store(tail.last, std::memory_order_release);
  return absl::OkStatus();
}

LocalLog::~LocalLog() {
  absl::MutexLock lock(&readers_mu_);
  idle_readers_.clear();  // Before the writer, which as the last connection empties the write-ahead log.
}

absl::Status LocalLog::Append(absl::Span<const EncodedEvent> events) {
  MUSTER_RETURN_IF_ERROR(poison_);
  MUSTER_RETURN_IF_ERROR(CheckAppend(events, last_sequence(), options_.limits));
  MUSTER_RETURN_IF_ERROR(MakeRoom());

  StoredBatch batch = MakeBatch(events, tail_checksum_);
  const Sequence last = events.back().sequence;
  insert_batch_.BindInt64(1, static_cast<int64_t>(batch.first));
  insert_batch_.BindInt64(2, static_cast<int64_t>(batch.count));
  insert_batch_.BindBlobUnowned(3, batch.checksum);
  insert_batch_.BindBlobUnowned(4, batch.bytes);
  update_tail_.BindInt64(1, static_cast<int64_t>(last));
  update_tail_.BindBlobUnowned(2, batch.checksum);

  SqliteTransaction transaction(db_.get());
  absl::Status status = transaction.Begin();
  if (status.ok()) status = insert_batch_.Run();
  if (status.ok()) status = update_tail_.Run();
  insert_batch_.Reset();
  update_tail_.Reset();
  if (status.ok()) {
    MUSTER_FAILPOINT("log.before_commit");
    status = transaction.Commit();
    MUSTER_FAILPOINT("log.after_commit");
  }
  if (absl::IsResourceExhausted(status)) {
    // SQLite writes the commit frame last, so a write that found no room cannot have committed. Frames may be there all
    // the same, and behind a later transaction they would look like corruption (wal_check.h): they go first.
    wal_has_leftovers_ = true;
    return absl::ResourceExhaustedError(
        absl::StrCat("append: nothing was written: ", status.message(), "; free disk space and try again"));
  }
  if (!status.ok()) return Poison(status);

  tail_checksum_ = std::move(batch.checksum);
  if (db_->wal_frames() < checkpointed_frames_) checkpointed_frames_ = 0;  // The write-ahead log was started over.
  last_.store(last, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status LocalLog::MakeRoom() {
  absl::Status status;
  if (wal_has_leftovers_) {
    status = Checkpoint(SqliteDatabase::CheckpointMode::kTruncate, kReaderWait);
    if (status.ok()) wal_has_leftovers_ = false;
  } else if (UncopiedWalBytes() >= options_.wal_bytes_max) {
    status = Checkpoint(SqliteDatabase::CheckpointMode::kRestart, kReaderWait);
  }
  if (!absl::IsUnavailable(status)) return status;
  return absl::ResourceExhaustedError(
      absl::StrCat("append: nothing was written: a reader keeps the full write-ahead log from being emptied (",
                   status.message(), "); try again"));
}

absl::Status LocalLog::Idle() {
  MUSTER_RETURN_IF_ERROR(poison_);
  if (UncopiedWalBytes() < options_.idle_checkpoint_bytes) return absl::OkStatus();
  const absl::Status status = Checkpoint(SqliteDatabase::CheckpointMode::kPassive, absl::ZeroDuration());
  // A reader in the way, or a full disk: the write-ahead log still has room, and MakeRoom will say when it has not.
  return absl::IsUnavailable(status) || absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
}

// OK, RESOURCE_EXHAUSTED (disk full), UNAVAILABLE (a reader is in the way), or the log is poisoned.
absl::Status LocalLog::Checkpoint(SqliteDatabase::CheckpointMode mode, absl::Duration wait) {
  const absl::StatusOr<SqliteDatabase::CheckpointResult> result = db_->Checkpoint(mode, wait);
  if (result.ok()) {
    checkpointed_frames_ =
        mode == SqliteDatabase::CheckpointMode::kPassive ? result->checkpointed_frames : db_->wal_frames();
    return absl::OkStatus();
  }
  if (absl::IsResourceExhausted(result.status()) || absl::IsUnavailable(result.status())) return result.status();
  return Poison(result.status());
}

absl::Status LocalLog::Poison(const absl::Status& cause) {
  // Closing must not try the sync again, nor take what was not synced for durable.
  db_->KeepWalOnClose();
  poison_ = absl::UnknownError(
      absl::StrCat("append: the fate of the last batch is unknown: ", cause.message(),
                   ". The log takes no more until it is reopened: check the disk and restart musterd, which recovers"));
  return poison_;
}

int64_t LocalLog::UncopiedWalBytes() const {
  return (db_->wal_frames() - checkpointed_frames_) * static_cast<int64_t>(kPageBytes);
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> LocalLog::TakeReader() const {
  {
    absl::MutexLock lock(&readers_mu_);
    if (!idle_readers_.empty()) {
      std::unique_ptr<SqliteDatabase> reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  options.vfs = options_.sqlite_vfs;
  return SqliteDatabase::Open(path_, options);
}

void LocalLog::ReturnReader(std::unique_ptr<SqliteDatabase> reader) const {
  absl::MutexLock lock(&readers_mu_);
  if (idle_readers_.size() < kIdleReadersMax) idle_readers_.push_back(std::move(reader));
}

absl::Status LocalLog::Read(Sequence first, const Visitor& visit) const {
  const Sequence last = last_sequence();
  MUSTER_RETURN_IF_ERROR(CheckReadFrom(first, last));
  if (first > last) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, TakeReader());
  const absl::Cleanup give_back = [this, &db] { ReturnReader(std::move(db)); };
  MUSTER_ASSIGN_OR_RETURN(BatchReader reader, BatchReader::At(db.get(), first));
  while (reader.expected() <= last) {
    const absl::StatusOr<std::vector<StoredBatch>> batches = reader.Next(last);
    if (absl::IsDataLoss(batches.status())) {
      return WithAdvice(Damaged(path_, reader.expected(), batches.status().message()));
    }
    if (!batches.ok()) return batches.status();
    for (const StoredBatch& batch : *batches) MUSTER_RETURN_IF_ERROR(VisitBatch(batch, first, visit));
    if (reader.fault().has_value()) {
      return WithAdvice(Damaged(path_, reader.fault()->sequence, reader.fault()->what));
    }
    if (batches->empty()) {
      return WithAdvice(Damaged(path_, reader.expected(), absl::StrCat("it is missing; the log ends at ", last)));
    }
  }
  return absl::OkStatus();
}

}  // namespace muster
