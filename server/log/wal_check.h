// Tells a torn tail from corruption in a SQLite write-ahead log, before SQLite opens it.
//
// SQLite takes the first frame with a wrong checksum as the end of the log, without a word. That is right for the one
// transaction that was being written when the power failed, and wrong for a bit that flipped in the middle: SQLite
// would then drop every later transaction, each of which was acknowledged. The difference can be seen: a transaction
// starts only after the fsync of the one before it returned, so a damaged one with a LATER one behind was whole once.
//
// Which frames belong to a later transaction is read from frame headers alone, given how the one writer of the local
// log behaves: it writes the pages of a transaction once each, in rising order (PRAGMA cache_spill=OFF), ends it with a
// commit frame, and every transaction begins with page 1 or 2 and has two frames or more (the `tail` row is on page 2).
// So among the frames from the start of the damaged transaction, one belongs to a later transaction if it comes after a
// commit frame, or its page number does not rise, or its page number is less than its place in the transaction.
//
// What cannot be told from a torn tail, by any reader of this file: damage that reaches the last transaction in it.
//
// Source of the format: SQLite's "Database File Format", section 4, The Write-Ahead Log (sqlite.org/fileformat2.html).
#ifndef MUSTER_SERVER_LOG_WAL_CHECK_H_
#define MUSTER_SERVER_LOG_WAL_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace muster {

struct WalReport {
  int64_t committed_frames = 0;  // From the start to the last whole transaction: what SQLite will recover.
  int64_t discarded_frames = 0;  // Of the one unfinished transaction behind them.
  int64_t page_bytes = 0;        // 0: there is no log, or it is empty.
};

// Reads the write-ahead log at `path`; one that does not exist is empty. Changes nothing. Safe beside a live writer.
//
// Errors: DATA_LOSS  a committed transaction is damaged: the message names the frame and its place, and what to do.
//         UNKNOWN    the file cannot be read.
absl::StatusOr<WalReport> CheckWal(const std::string& path);

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_WAL_CHECK_H_
