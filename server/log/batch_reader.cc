#include "server/log/batch_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr size_t kChunkBytes = 1 << 20;

// The log's own tables always exist: SQL that does not fit them means that the schema was damaged.
absl::Status AsDataLoss(const absl::Status& status) {
  if (!absl::IsInternal(status)) return status;
  return absl::DataLossError(absl::StrCat("the log's tables are damaged: ", status.message()));
}

absl::StatusOr<SqliteStatement> PrepareOwn(SqliteDatabase* db, absl::string_view sql) {
  absl::StatusOr<SqliteStatement> statement = db->Prepare(sql);
  if (!statement.ok()) return AsDataLoss(statement.status());
  return statement;
}

}  // namespace

absl::StatusOr<LogTail> ReadTail(SqliteDatabase* db) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement select,
                          PrepareOwn(db, "SELECT last_sequence, checksum FROM tail WHERE id = 1"));
  MUSTER_ASSIGN_OR_RETURN(const bool row, select.Step());
  LogTail tail;
  if (row) tail = {static_cast<Sequence>(select.ColumnInt64(0)), std::string(select.ColumnBlob(1))};
  if (!row || tail.checksum.size() != GenesisChecksum().size()) {
    return absl::DataLossError(absl::StrCat(db->path(), ": the row that says where the log ends is ",
                                            row ? "damaged" : "missing"));
  }
  return tail;
}

absl::Status CheckFormat(SqliteDatabase* db, int64_t format_max) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement select, PrepareOwn(db, "SELECT format FROM meta WHERE id = 1"));
  MUSTER_ASSIGN_OR_RETURN(const bool row, select.Step());
  const int64_t format = row ? select.ColumnInt64(0) : 0;
  if (format < 1) {
    return absl::DataLossError(absl::StrCat(db->path(), ": the row that says the log's format is ",
                                            row ? "damaged" : "missing"));
  }
  if (format > format_max) {
    return absl::FailedPreconditionError(
        absl::StrCat(db->path(), ": got log format ", format, "; this musterd knows formats up to ", format_max,
                     "; use the newer musterd that wrote it"));
  }
  return absl::OkStatus();
}

BatchReader::BatchReader(SqliteStatement rows, Sequence expected, std::string checksum)
    : rows_(std::move(rows)), expected_(expected), checksum_(std::move(checksum)) {}

absl::StatusOr<BatchReader> BatchReader::At(SqliteDatabase* db, Sequence first) {
  MUSTER_ASSIGN_OR_RETURN(
      SqliteStatement around,
      PrepareOwn(db, "SELECT first_sequence, checksum FROM batches WHERE first_sequence <= ?1 "
                     "ORDER BY first_sequence DESC LIMIT 2"));
  around.BindInt64(1, static_cast<int64_t>(first));
  Sequence start = 1;
  std::string previous = GenesisChecksum();
  MUSTER_ASSIGN_OR_RETURN(bool row, around.Step());
  if (row) {
    start = static_cast<Sequence>(around.ColumnInt64(0));
    MUSTER_ASSIGN_OR_RETURN(row, around.Step());
    if (row) previous = std::string(around.ColumnBlob(1));
    // The first row of all must begin with 1; another has one before it.
    if (!row) start = 1;
  }
  MUSTER_ASSIGN_OR_RETURN(
      SqliteStatement rows,
      PrepareOwn(db, "SELECT first_sequence, count, checksum, bytes FROM batches "
                     "WHERE first_sequence >= ?1 AND first_sequence <= ?2 ORDER BY first_sequence"));
  return BatchReader(std::move(rows), start, std::move(previous));
}

absl::StatusOr<std::vector<StoredBatch>> BatchReader::Next(Sequence last) {
  std::vector<StoredBatch> batches;
  size_t bytes = 0;
  rows_.Reset();
  rows_.BindInt64(1, static_cast<int64_t>(expected_));
  rows_.BindInt64(2, static_cast<int64_t>(last));
  while (bytes < kChunkBytes && !fault_.has_value()) {
    const absl::StatusOr<bool> row = rows_.Step();
    // Rows that were read are sound; the error comes again at the next call, where nothing is before it.
    if (!row.ok() && batches.empty()) {
      rows_.Reset();
      return row.status();
    }
    if (!row.ok() || !*row) break;
    StoredBatch batch{static_cast<Sequence>(rows_.ColumnInt64(0)), static_cast<uint64_t>(rows_.ColumnInt64(1)),
                      std::string(rows_.ColumnBlob(2)), std::string(rows_.ColumnBlob(3))};
    fault_ = CheckBatch(batch, expected_, checksum_);
    if (fault_.has_value()) break;
    expected_ = batch.first + batch.count;
    checksum_ = batch.checksum;
    bytes += batch.bytes.size();
    batches.push_back(std::move(batch));
  }
  rows_.Reset();
  return batches;
}

}  // namespace muster
