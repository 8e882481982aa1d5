// The operations of all snapshots of a data folder: operations.db.
//
// A snapshot adds a row for each operation that has changed since the one before; what has not changed keeps its row.
// So a snapshot costs what has changed, not what there is. The row of an operation in the snapshot of event N is the
// newest of those from the snapshot's first event to N. A row is in two parts: a head that is read at every start, and
// a body that is read when somebody asks for it (server/state/operations/operation_body.h), each with its digest. A row
// that no snapshot needs any more goes with the next one.
//
// Derived from the event log: to lose it costs the time to replay.
//
// Threading: one thread at a time.
#ifndef MUSTER_SERVER_BROKER_OPERATION_STORE_H_
#define MUSTER_SERVER_BROKER_OPERATION_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sqlite.h"
#include "muster/storage/v1/storage.pb.h"
#include "server/log/event_log.h"

namespace muster {

class OperationStore {
 public:
  // Which rows a snapshot consists of.
  struct Range {
    Sequence first = 0;  // Of the snapshot that held every operation anew.
    Sequence last = 0;
    uint64_t operations = 0;
  };

  // Makes the database when it is missing.
  static absl::StatusOr<std::unique_ptr<OperationStore>> Open(const std::string& dir);
  // NOT_FOUND: there is none.
  static absl::StatusOr<std::unique_ptr<OperationStore>> OpenToRead(const std::string& dir);
  // Deletes it.
  static absl::Status Remove(const std::string& dir);
  static std::string PathIn(const std::string& dir);

  // Adds the snapshot of `range->last`, which has `changed` besides what the snapshot `base` has, and sets the count;
  // with no base (0) it has only `changed`, and sets `range->first` too. Removes what is newer than the base, and the
  // rows that no snapshot from `oldest_kept` on needs. Durable when it returns.
  using Images = google::protobuf::RepeatedPtrField<storage::v1::OperationImage>;
  absl::Status Add(Images* changed, Sequence base, Sequence oldest_kept, Range* range);

  // The heads of a snapshot, in the order of their ids. Errors: DATA_LOSS.
  absl::Status ReadHeads(const Range& range, Images* heads);

  // The body of an operation that is in the snapshot. Errors: DATA_LOSS.
  absl::StatusOr<storage::v1::OperationImage> ReadBody(const Range& range, const std::string& operation_id);

  // Copies the rows of a snapshot into `to`, as they are. Errors: DATA_LOSS.
  absl::Status CopyTo(const Range& range, OperationStore* to);

 private:
  struct Row;
  explicit OperationStore(std::unique_ptr<SqliteDatabase> db) : db_(std::move(db)) {}

  absl::Status MakeTables();
  absl::Status Insert(absl::string_view operation_id, Sequence sequence, const Row& row);
  absl::Status RemoveUnneeded(Sequence base, Sequence oldest_kept);
  absl::StatusOr<bool> Has(absl::string_view operation_id, Sequence first, Sequence last);
  absl::Status Damaged(absl::string_view what) const;

  std::unique_ptr<SqliteDatabase> db_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_OPERATION_STORE_H_
