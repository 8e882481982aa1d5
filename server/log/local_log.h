// The event log of a single broker: a SQLite database in the data directory, one row per committed batch.
//
// Durability: Append returns after one fsync of SQLite's write-ahead log, whatever the size of the batch. No fsync is
// ever retried: after a failed one the kernel may hold pages that it calls clean and the disk never had. The log then
// refuses everything until it is reopened, and Open copies what the write-ahead log holds into the database anew and
// syncs that before the first Append.
// Integrity: each row is chained to the one before by SHA-256, each record has a CRC-32, and the `tail` row says where
// the log ends. Read, Open and VerifyLog check them. The format: docs/LOG_FORMAT.md.
// Threading: Append and Idle by one thread at a time; other methods from any thread. Readers use read-only connections
// and hold no read transaction while a visitor runs: a slow visitor cannot keep the write-ahead log from being reset.
#ifndef MUSTER_SERVER_LOG_LOCAL_LOG_H_
#define MUSTER_SERVER_LOG_LOCAL_LOG_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/sqlite.h"
#include "server/log/append_check.h"
#include "server/log/directory_lock.h"
#include "server/log/event_log.h"

namespace muster {

class LocalLog : public EventLog {
 public:
  struct Options {
    Limits limits = kDefaultBatchLimits;
    // Idle copies the write-ahead log into the database once it holds this much that is not there yet.
    int64_t idle_checkpoint_bytes = 4 << 20;
    // Append does so itself, before it writes, lest the write-ahead log grow beyond this by more than a batch.
    int64_t wal_bytes_max = 64 << 20;
    std::string sqlite_vfs;  // Empty: the system's. Tests inject faults here.
  };

  // What Open found, for the operator's log.
  struct OpenReport {
    bool created = false;
    int64_t wal_frames_recovered = 0;  // Committed before, copied into the database now.
    int64_t wal_frames_discarded = 0;  // Of an append that was cut short and never acknowledged.
  };

  // Opens the log in `directory`, which is created (mode 0700) if its parent exists.
  //
  // Errors: FAILED_PRECONDITION another broker has it open (the message names its process), or a newer one wrote it.
  //         DATA_LOSS           the log is damaged: the message says where and what to do. Nothing was changed.
  //         RESOURCE_EXHAUSTED  the disk is full.
  //         UNKNOWN and others  the disk or the directory cannot be used, as the message says.
  static absl::StatusOr<std::unique_ptr<LocalLog>> Open(const std::string& directory, Options options);

  ~LocalLog() override;

  // Besides the contract: the failpoints log.before_commit and log.after_commit are on either side of the fsync.
  absl::Status Append(absl::Span<const EncodedEvent> events) override;

  // Checks every row from the one that holds `first`.
  absl::Status Read(Sequence first, const Visitor& visit) const override;

  Sequence last_sequence() const override { return last_.load(std::memory_order_acquire); }
  Limits limits() const override { return options_.limits; }

  // Copies the write-ahead log into the database if it is time: a few milliseconds per MiB; otherwise nothing.
  absl::Status Idle() override;

  const OpenReport& open_report() const { return report_; }

  // The checksum of the last row, which the next one is chained to. Of the appending thread.
  const std::string& tail_checksum() const { return tail_checksum_; }

  static constexpr int64_t kFormat = 1;
  static std::string DatabasePath(const std::string& directory) { return directory + "/events.db"; }

 private:
  LocalLog(std::string path, Options options, DirectoryLock lock);
  absl::Status OpenDatabase();
  absl::Status CreateSchema();
  absl::Status LoadTail();
  absl::Status MakeRoom();
  absl::Status Checkpoint(SqliteDatabase::CheckpointMode mode, absl::Duration wait);
  absl::Status Poison(const absl::Status& cause);
  int64_t UncopiedWalBytes() const;
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> TakeReader() const;
  void ReturnReader(std::unique_ptr<SqliteDatabase> reader) const;

  // Constant after Open.
  const std::string path_;
  const Options options_;
  const DirectoryLock lock_;  // Released last.
  OpenReport report_;

  // Of the appending thread.
  std::unique_ptr<SqliteDatabase> db_;
  SqliteStatement insert_batch_;
  SqliteStatement update_tail_;
  std::string tail_checksum_;
  int64_t checkpointed_frames_ = 0;  // Of the frames in the write-ahead log, how many are in the database.
  bool wal_has_leftovers_ = false;   // Of a rolled-back commit; the write-ahead log must be emptied before the next.
  absl::Status poison_;

  std::atomic<Sequence> last_ = 0;

  mutable absl::Mutex readers_mu_;  // Held for a few instructions, never with another lock.
  mutable std::vector<std::unique_ptr<SqliteDatabase>> idle_readers_ ABSL_GUARDED_BY(readers_mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_LOCAL_LOG_H_
