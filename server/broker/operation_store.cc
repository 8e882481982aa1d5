#include "server/broker/operation_store.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "server/state/operations/operation_body.h"

namespace muster {
namespace {

constexpr int64_t kFormatVersion = 1;
constexpr int kPageBytes = 16384;

// `superseded` names the rows that are not the newest of their operation, and the event from which they are not.
constexpr char kSchema[] =
    "CREATE TABLE operation(row INTEGER PRIMARY KEY, id TEXT NOT NULL, sequence INTEGER NOT NULL,"
    "  digest BLOB NOT NULL, body_digest BLOB NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL,"
    "  UNIQUE(id, sequence)) STRICT;"
    "CREATE INDEX operation_sequence ON operation(sequence);"
    "CREATE TABLE superseded(row INTEGER PRIMARY KEY, sequence INTEGER NOT NULL) STRICT;"
    "CREATE INDEX superseded_sequence ON superseded(sequence);";

std::string DigestOf(absl::string_view id, Sequence sequence, absl::string_view head, absl::string_view body_digest) {
  return Sha256().UpdateSized(id).UpdateSized(absl::StrCat(sequence)).UpdateSized(head).Update(body_digest).Finish();
}

absl::Status RunWith(SqliteDatabase* db, absl::string_view sql, std::initializer_list<Sequence> parameters) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement statement, db->Prepare(sql));
  int place = 0;
  for (const Sequence parameter : parameters) statement.BindInt64(++place, static_cast<int64_t>(parameter));
  return statement.Run();
}

}  // namespace

struct OperationStore::Row {
  absl::string_view digest;
  absl::string_view body_digest;
  absl::string_view head;
  absl::string_view body;
};

std::string OperationStore::PathIn(const std::string& dir) { return absl::StrCat(dir, "/operations.db"); }

absl::StatusOr<std::unique_ptr<OperationStore>> OperationStore::Open(const std::string& dir) {
  SqliteDatabase::Options options;
  options.page_bytes = kPageBytes;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(PathIn(dir), options));
  std::unique_ptr<OperationStore> store(new OperationStore(std::move(db)));
  MUSTER_RETURN_IF_ERROR(store->MakeTables());
  return store;
}

absl::StatusOr<std::unique_ptr<OperationStore>> OperationStore::OpenToRead(const std::string& dir) {
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(PathIn(dir), options));
  std::unique_ptr<OperationStore> store(new OperationStore(std::move(db)));
  MUSTER_ASSIGN_OR_RETURN(const int64_t version, store->db_->QueryInt64("PRAGMA user_version"));
  if (version != kFormatVersion) return store->Damaged(absl::StrCat("is of format ", version));
  return store;
}

absl::Status OperationStore::Remove(const std::string& dir) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string path = absl::StrCat(PathIn(dir), suffix);
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot delete ", path));
    }
  }
  return absl::OkStatus();
}

absl::Status OperationStore::MakeTables() {
  MUSTER_ASSIGN_OR_RETURN(const int64_t version, db_->QueryInt64("PRAGMA user_version"));
  if (version == kFormatVersion) return absl::OkStatus();
  if (version != 0) return Damaged(absl::StrCat("is of format ", version));
  SqliteTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  MUSTER_RETURN_IF_ERROR(db_->Exec(absl::StrCat(kSchema, "PRAGMA user_version = ", kFormatVersion)));
  return transaction.Commit();
}

absl::Status OperationStore::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat(db_->path(), ": ", what, ". The log has everything: delete the file and start again"));
}

absl::Status OperationStore::Add(Images* changed, Sequence base, Sequence oldest_kept, Range* range) {
  SqliteTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  MUSTER_RETURN_IF_ERROR(RemoveUnneeded(base == 0 ? range->last - 1 : base, oldest_kept));
  if (base == 0) *range = {range->last, range->last, 0};
  for (storage::v1::OperationImage& operation : *changed) {
    const std::string& id = operation.operation().operation_id();
    const auto [head, body] = OperationBody::Split(&operation);
    const std::string body_digest = Sha256Bytes(body);
    const std::string digest = DigestOf(id, range->last, head, body_digest);
    MUSTER_ASSIGN_OR_RETURN(const bool known, Has(id, range->first, base));
    if (!known) ++range->operations;
    MUSTER_RETURN_IF_ERROR(Insert(id, range->last, {digest, body_digest, head, body}));
  }
  MUSTER_RETURN_IF_ERROR(transaction.Commit());
  // While somebody reads, the write-ahead log stays; the next snapshot tries again.
  db_->Checkpoint(SqliteDatabase::CheckpointMode::kTruncate).status().IgnoreError();
  return absl::OkStatus();
}

absl::Status OperationStore::RemoveUnneeded(Sequence base, Sequence oldest_kept) {
  MUSTER_RETURN_IF_ERROR(RunWith(db_.get(), "DELETE FROM operation WHERE sequence > ?1", {base}));
  MUSTER_RETURN_IF_ERROR(RunWith(db_.get(), "DELETE FROM superseded WHERE sequence > ?1", {base}));
  MUSTER_RETURN_IF_ERROR(RunWith(db_.get(),
                                 "DELETE FROM operation WHERE row IN (SELECT row FROM superseded WHERE sequence <= ?1)",
                                 {oldest_kept}));
  return RunWith(db_.get(), "DELETE FROM superseded WHERE sequence <= ?1", {oldest_kept});
}

absl::StatusOr<bool> OperationStore::Has(absl::string_view operation_id, Sequence first, Sequence last) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_->Prepare("SELECT 1 FROM operation WHERE id = ?1 AND sequence BETWEEN ?2 AND ?3 LIMIT 1"));
  select.BindText(1, operation_id);
  select.BindInt64(2, static_cast<int64_t>(first));
  select.BindInt64(3, static_cast<int64_t>(last));
  return select.Step();
}

absl::Status OperationStore::Insert(absl::string_view operation_id, Sequence sequence, const Row& row) {
  MUSTER_ASSIGN_OR_RETURN(
      SqliteStatement supersede,
      db_->Prepare("INSERT OR REPLACE INTO superseded SELECT row, ?2 FROM operation WHERE id = ?1 AND sequence < ?2 "
                   "ORDER BY sequence DESC LIMIT 1"));
  supersede.BindText(1, operation_id);
  supersede.BindInt64(2, static_cast<int64_t>(sequence));
  MUSTER_RETURN_IF_ERROR(supersede.Run());
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement insert,
                          db_->Prepare("INSERT OR IGNORE INTO operation(id, sequence, digest, body_digest, head, body) "
                                       "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  insert.BindText(1, operation_id);
  insert.BindInt64(2, static_cast<int64_t>(sequence));
  insert.BindBlobUnowned(3, row.digest);
  insert.BindBlobUnowned(4, row.body_digest);
  insert.BindBlobUnowned(5, row.head);
  insert.BindBlobUnowned(6, row.body);
  return insert.Run();
}

absl::Status OperationStore::ReadHeads(const Range& range, Images* heads) {
  // SQLite takes the other columns from the row that has the max().
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_->Prepare("SELECT id, max(sequence), digest, body_digest, head FROM operation "
                                       "WHERE +sequence BETWEEN ?1 AND ?2 GROUP BY id ORDER BY id"));
  select.BindInt64(1, static_cast<int64_t>(range.first));
  select.BindInt64(2, static_cast<int64_t>(range.last));
  uint64_t count = 0;
  for (;; ++count) {
    MUSTER_ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    const absl::string_view head = select.ColumnBlob(4);
    const auto sequence = static_cast<Sequence>(select.ColumnInt64(1));
    storage::v1::OperationImage* const image = heads->Add();
    if (DigestOf(select.ColumnText(0), sequence, head, select.ColumnBlob(3)) != select.ColumnBlob(2) ||
        !image->ParseFromArray(head.data(), static_cast<int>(head.size())) ||
        image->operation().operation_id() != select.ColumnText(0)) {
      return Damaged(absl::StrCat("operation ", select.ColumnText(0), " is damaged"));
    }
  }
  if (count == range.operations) return absl::OkStatus();
  return Damaged(
      absl::StrCat("should hold ", range.operations, " operations at event ", range.last, ", but holds ", count));
}

absl::StatusOr<storage::v1::OperationImage> OperationStore::ReadBody(const Range& range,
                                                                     const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_->Prepare("SELECT body_digest, body FROM operation WHERE id = ?1 AND sequence BETWEEN ?2 "
                                       "AND ?3 ORDER BY sequence DESC LIMIT 1"));
  select.BindText(1, operation_id);
  select.BindInt64(2, static_cast<int64_t>(range.first));
  select.BindInt64(3, static_cast<int64_t>(range.last));
  MUSTER_ASSIGN_OR_RETURN(const bool found, select.Step());
  storage::v1::OperationImage body;
  if (!found || Sha256Bytes(select.ColumnBlob(1)) != select.ColumnBlob(0) ||
      !body.ParseFromArray(select.ColumnBlob(1).data(), static_cast<int>(select.ColumnBlob(1).size()))) {
    return Damaged(absl::StrCat("operation ", operation_id, " is damaged"));
  }
  return body;
}

absl::Status OperationStore::CopyTo(const Range& range, OperationStore* to) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement select,
                          db_->Prepare("SELECT id, max(sequence), digest, body_digest, head, body FROM operation "
                                       "WHERE +sequence BETWEEN ?1 AND ?2 GROUP BY id"));
  select.BindInt64(1, static_cast<int64_t>(range.first));
  select.BindInt64(2, static_cast<int64_t>(range.last));
  SqliteTransaction transaction(to->db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  uint64_t count = 0;
  for (;; ++count) {
    MUSTER_ASSIGN_OR_RETURN(const bool found, select.Step());
    if (!found) break;
    const Row row = {select.ColumnBlob(2), select.ColumnBlob(3), select.ColumnBlob(4), select.ColumnBlob(5)};
    const auto sequence = static_cast<Sequence>(select.ColumnInt64(1));
    if (DigestOf(select.ColumnText(0), sequence, row.head, row.body_digest) != row.digest ||
        Sha256Bytes(row.body) != row.body_digest) {
      return Damaged(absl::StrCat("operation ", select.ColumnText(0), " is damaged"));
    }
    MUSTER_RETURN_IF_ERROR(to->Insert(select.ColumnText(0), sequence, row));
  }
  if (count != range.operations) return Damaged(absl::StrCat("lacks operations of the snapshot of ", range.last));
  return transaction.Commit();
}

}  // namespace muster
