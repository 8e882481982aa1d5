// Copies of a broker's data folder: made while it runs, and put back where one was lost.
//
// A copy is a folder with the same files as a data folder: events.db, feed.db, one snapshot; and SHA256SUMS, which
// `sha256sum -c` reads. Each file is whole and synced, none has a write-ahead log. They are copied in the order
// snapshot, feed, log, so that what was read later has all that was read before: recovery demands snapshot.sequence <=
// feed.last_sequence <= end of the log (recovery.h).
//
// A copy is as secret as the data folder: mode 0700, its files 0600.
//
// Threading: any thread; a copy reads by connections of its own, never longer than a slice at a time.
#ifndef MUSTER_SERVER_BROKER_BACKUP_H_
#define MUSTER_SERVER_BROKER_BACKUP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/broker/verify.h"
#include "server/log/event_log.h"

namespace muster {

struct CopyReport {
  Sequence last_sequence = 0;
  std::string checksum;            // Of the log's last row, lower-case hex: it stands for every event.
  Sequence snapshot_sequence = 0;  // 0: there was no sound snapshot; a start from the copy replays everything.
  std::string feed_left_out;       // Why the copy has no feed, which is derived; empty: it has.
  uint64_t bytes = 0;              // Of all files.
};

// Makes a consistent copy of `data_dir`, beside a running broker or without one, in `to`, which is made; its parent
// exists. The copy is made under another name, `to`.part-XXXXXX, and renamed when all of it is on the disk: a folder of
// such a name is of a copy that was cut short, and may be deleted. Changes nothing in `data_dir`.
//
// Errors: ALREADY_EXISTS      `to` is there and not empty.
//         NOT_FOUND           there is no data folder, or no log in it, or `to` has no parent.
//         DATA_LOSS           the log is damaged; the message names the first bad event.
//         RESOURCE_EXHAUSTED  no room for the copy. Said before anything is written, so that a copy cannot fill the
//                             broker's own disk.
//         FAILED_PRECONDITION a newer musterd wrote it.
absl::StatusOr<CopyReport> CopyData(const std::string& data_dir, const std::string& to);

// The names of the files that make up the copy in `dir`, in the order in which to send them; none when there is no
// copy.
std::vector<std::string> FilesOfCopy(const std::string& dir);

struct RestoreReport {
  DataReport verified;        // Of the copy.
  std::string checksum;       // As in CopyReport.
  uint64_t snapshots = 0;     // Restored.
  std::string feed_left_out;  // Why the feed was not restored; the next start makes it anew. Empty: it was.
};

// Checks the copy in `from` from the first event on and puts it into `data_dir`, which is not there or holds nothing
// but what musterd keeps beside its data: LOCK, address, tls, the folders of one that joins. A copy of a stopped
// broker's folder that was made by other means will do as well; it has no SHA256SUMS, and its feed is left out, since
// nothing shows that it is right.
//
// The files are prepared in `data_dir`/restoring and the log is put in place first: whenever it is cut short, there is
// either no log, and RestoreData may be called again, or all of it.
//
// Errors: ALREADY_EXISTS      `data_dir` has something in it; nothing was changed.
//         FAILED_PRECONDITION a broker has `data_dir` open, or a newer musterd made the copy.
//         NOT_FOUND           there is no copy.
//         DATA_LOSS           it is damaged; the message names the first bad event. Nothing was put in place.
//         Otherwise as CopyEventLog.
absl::StatusOr<RestoreReport> RestoreData(const std::string& from, const std::string& data_dir);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_BACKUP_H_
