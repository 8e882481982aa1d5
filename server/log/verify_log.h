// Checks a local log from the first event to the last, for `musterd verify`.
#ifndef MUSTER_SERVER_LOG_VERIFY_LOG_H_
#define MUSTER_SERVER_LOG_VERIFY_LOG_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/log/event_log.h"

namespace muster {

struct VerifyReport {
  // The first thing that is wrong.
  struct Fault {
    Sequence sequence = 0;     // The first event that cannot be trusted.
    Sequence row = 0;          // first_sequence of the row that holds it, or that should come next.
    uint64_t byte_offset = 0;  // Of its record inside the row's bytes; 0 when the row cannot be read.
    std::string what;
  };

  // What was found sound before the fault, or in all.
  uint64_t batches = 0;
  uint64_t events = 0;
  uint64_t event_bytes = 0;
  std::string checksum;  // Of the last sound row, 32 bytes: it stands for every event before it.
  int64_t wal_frames_discarded = 0;  // Of an append that was cut short; no fault.
  std::optional<Fault> fault;
};

// Walks every row and record of the log in `directory`, and hands each sound event to `visit` (which may be empty). A
// damaged log is no error but a report with a fault; an error of `visit` is returned as it is. Changes no event. Beside
// a running broker the log is checked up to its end as of now. Needs write access to the directory, where SQLite keeps
// its shared memory.
//
// Errors: NOT_FOUND            there is no log.
//         FAILED_PRECONDITION  a newer musterd wrote it.
//         UNKNOWN and others   it cannot be read.
absl::StatusOr<VerifyReport> VerifyLog(const std::string& directory, const EventLog::Visitor& visit);

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_VERIFY_LOG_H_
