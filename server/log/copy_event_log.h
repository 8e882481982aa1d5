// Copies a local log into another folder, beside a running broker or without one: for backups and for a broker that
// joins.
//
// Every row is read in slices, checked against its checksum, and written as it is: the copy is the log up to the end
// that it had when the copy began, and never holds a damaged event. No read transaction lasts longer than a slice of 1
// MiB, so the broker's write-ahead log can be emptied all the while; with a copy of pages in one transaction
// (sqlite3_backup) a long log under load would fill it and the broker would refuse submissions.
#ifndef MUSTER_SERVER_LOG_COPY_EVENT_LOG_H_
#define MUSTER_SERVER_LOG_COPY_EVENT_LOG_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "server/log/event_log.h"

namespace muster {

struct CopiedLog {
  Sequence last_sequence = 0;
  std::string checksum;  // Of the last row, 32 bytes: it stands for every event before it.
  uint64_t batches = 0;
};

// Copies the log in `from_directory` into `to_directory`, which exists and has no log. Changes nothing in
// `from_directory`, where it opens the log read-only. The copy is one synced file, events.db, without a write-ahead
// log, so that it can be read where nothing can be written. After an error what is in `to_directory` is no log: delete
// it.
//
// Errors: NOT_FOUND            there is no log.
//         FAILED_PRECONDITION  a newer musterd wrote it, or `to_directory` has a log.
//         DATA_LOSS            it is damaged; the message names the first bad event.
//         RESOURCE_EXHAUSTED   no room for the copy.
//         UNKNOWN and others   a folder cannot be used.
absl::StatusOr<CopiedLog> CopyEventLog(const std::string& from_directory, const std::string& to_directory);

// Syncs a file that was written by others and is not written any more.
absl::Status SyncFile(const std::string& path);

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_COPY_EVENT_LOG_H_
