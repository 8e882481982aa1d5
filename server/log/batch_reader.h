// Reads the rows of the local log in order, over a read-only connection. Shared by LocalLog and VerifyLog.
//
// Threading: one thread, that of the connection.
#ifndef MUSTER_SERVER_LOG_BATCH_READER_H_
#define MUSTER_SERVER_LOG_BATCH_READER_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/sqlite.h"
#include "server/log/batch_format.h"

namespace muster {

// Where the log ends, as its `tail` row says.
struct LogTail {
  Sequence last = 0;
  std::string checksum;
};

// DATA_LOSS when the row is missing or damaged.
absl::StatusOr<LogTail> ReadTail(SqliteDatabase* db);

// FAILED_PRECONDITION when a newer musterd wrote the log; DATA_LOSS when its format cannot be read.
absl::Status CheckFormat(SqliteDatabase* db, int64_t format_max);

class BatchReader {
 public:
  // `db` is not owned and outlives this. The first row read is the one that holds `first`.
  static absl::StatusOr<BatchReader> At(SqliteDatabase* db, Sequence first);

  // The next rows, about 1 MiB of them, none of which begins beyond `last`; empty at the end. They are checked up to
  // the first fault: rows behind it are not returned. No read transaction is open between calls.
  absl::StatusOr<std::vector<StoredBatch>> Next(Sequence last);

  // What ended the rows that the last Next returned, if it was a fault.
  const std::optional<BatchFault>& fault() const { return fault_; }

  // The sequence that the next row must begin with, and the checksum that it must be chained to.
  Sequence expected() const { return expected_; }
  const std::string& checksum() const { return checksum_; }

 private:
  BatchReader(SqliteStatement rows, Sequence expected, std::string checksum);

  SqliteStatement rows_;
  Sequence expected_;
  std::string checksum_;
  std::optional<BatchFault> fault_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_BATCH_READER_H_
