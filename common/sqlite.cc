#include "common/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {
namespace {

absl::StatusCode StatusCodeOf(int extended_code) {
  switch (extended_code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::StatusCode::kOk;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CONSTRAINT:
      return extended_code == SQLITE_CONSTRAINT_PRIMARYKEY || extended_code == SQLITE_CONSTRAINT_UNIQUE ||
                     extended_code == SQLITE_CONSTRAINT_ROWID
                 ? absl::StatusCode::kAlreadyExists
                 : absl::StatusCode::kFailedPrecondition;
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kNotFound;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_IOERR:
    case SQLITE_NOMEM:  // A COMMIT that runs out of memory may have reached the disk.
      return absl::StatusCode::kUnknown;
    case SQLITE_INTERRUPT:
    case SQLITE_ABORT:
      return absl::StatusCode::kAborted;
    default:
      return absl::StatusCode::kInternal;
  }
}

// The names an operator can look up in sqlite.org/rescode.html; the rest are told by their number.
absl::string_view CodeName(int code) {
  switch (code) {
    case SQLITE_IOERR_READ: return "SQLITE_IOERR_READ";
    case SQLITE_IOERR_SHORT_READ: return "SQLITE_IOERR_SHORT_READ";
    case SQLITE_IOERR_WRITE: return "SQLITE_IOERR_WRITE";
    case SQLITE_IOERR_FSYNC: return "SQLITE_IOERR_FSYNC";
    case SQLITE_IOERR_DIR_FSYNC: return "SQLITE_IOERR_DIR_FSYNC";
    case SQLITE_IOERR_TRUNCATE: return "SQLITE_IOERR_TRUNCATE";
    case SQLITE_IOERR_SHMSIZE: return "SQLITE_IOERR_SHMSIZE";
    case SQLITE_BUSY_RECOVERY: return "SQLITE_BUSY_RECOVERY";
    case SQLITE_BUSY_SNAPSHOT: return "SQLITE_BUSY_SNAPSHOT";
    case SQLITE_CONSTRAINT_PRIMARYKEY: return "SQLITE_CONSTRAINT_PRIMARYKEY";
    case SQLITE_CONSTRAINT_UNIQUE: return "SQLITE_CONSTRAINT_UNIQUE";
    case SQLITE_CONSTRAINT_ROWID: return "SQLITE_CONSTRAINT_ROWID";
    default: break;
  }
  switch (code & 0xff) {
    case SQLITE_ERROR: return "SQLITE_ERROR";
    case SQLITE_FULL: return "SQLITE_FULL";
    case SQLITE_NOMEM: return "SQLITE_NOMEM";
    case SQLITE_CORRUPT: return "SQLITE_CORRUPT";
    case SQLITE_NOTADB: return "SQLITE_NOTADB";
    case SQLITE_BUSY: return "SQLITE_BUSY";
    case SQLITE_LOCKED: return "SQLITE_LOCKED";
    case SQLITE_CONSTRAINT: return "SQLITE_CONSTRAINT";
    case SQLITE_CANTOPEN: return "SQLITE_CANTOPEN";
    case SQLITE_READONLY: return "SQLITE_READONLY";
    case SQLITE_IOERR: return "SQLITE_IOERR";
    case SQLITE_MISUSE: return "SQLITE_MISUSE";
    default: return "SQLite error";
  }
}

// How many bytes SQLite takes; larger ones it would refuse anyway (SQLITE_MAX_LENGTH is 10^9).
sqlite3_uint64 Size64(absl::string_view bytes) { return static_cast<sqlite3_uint64>(bytes.size()); }

// A null pointer would bind NULL instead of an empty value.
const char* DataOf(absl::string_view bytes) { return bytes.data() == nullptr ? "" : bytes.data(); }

int RememberWalFrames(void* frames, sqlite3*, const char*, int wal_frames) {
  *static_cast<int*>(frames) = wal_frames;
  return SQLITE_OK;
}

}  // namespace

absl::Status SqliteCodeToStatus(int extended_code, absl::string_view message) {
  const absl::StatusCode code = StatusCodeOf(extended_code);
  if (code == absl::StatusCode::kOk) return absl::OkStatus();
  return absl::Status(code, absl::StrCat(message, " [", CodeName(extended_code), " ", extended_code, "]"));
}

// ---- SqliteStatement ----

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept { *this = std::move(other); }

SqliteStatement& SqliteStatement::operator=(SqliteStatement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(statement_);
    statement_ = std::exchange(other.statement_, nullptr);
    path_ = std::move(other.path_);
    bind_code_ = std::exchange(other.bind_code_, SQLITE_OK);
  }
  return *this;
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::NoteBind(int code) {
  if (bind_code_ == SQLITE_OK) bind_code_ = code;
}

void SqliteStatement::BindInt64(int parameter, int64_t value) {
  NoteBind(sqlite3_bind_int64(statement_, parameter, value));
}

void SqliteStatement::BindText(int parameter, absl::string_view text) {
  NoteBind(sqlite3_bind_text64(statement_, parameter, DataOf(text), Size64(text), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void SqliteStatement::BindBlob(int parameter, absl::string_view bytes) {
  NoteBind(sqlite3_bind_blob64(statement_, parameter, DataOf(bytes), Size64(bytes), SQLITE_TRANSIENT));
}

void SqliteStatement::BindBlobUnowned(int parameter, absl::string_view bytes) {
  NoteBind(sqlite3_bind_blob64(statement_, parameter, DataOf(bytes), Size64(bytes), SQLITE_STATIC));
}

void SqliteStatement::BindNull(int parameter) { NoteBind(sqlite3_bind_null(statement_, parameter)); }

absl::Status SqliteStatement::Error(int code) const {
  sqlite3* db = sqlite3_db_handle(statement_);
  const char* sql = sqlite3_sql(statement_);
  return SqliteCodeToStatus(code, absl::StrCat(path_, ": \"", sql == nullptr ? "" : sql,
                                               "\" failed: ", sqlite3_errmsg(db)));
}

absl::StatusOr<bool> SqliteStatement::Step() {
  if (bind_code_ != SQLITE_OK) return Error(bind_code_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return Error(code);
}

absl::Status SqliteStatement::Run() {
  absl::StatusOr<bool> row = Step();
  while (row.ok() && *row) row = Step();
  Reset();
  return row.status();
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);  // Repeats the last Step's error, which the caller has had.
  sqlite3_clear_bindings(statement_);
  bind_code_ = SQLITE_OK;
}

int64_t SqliteStatement::ColumnInt64(int column) const { return sqlite3_column_int64(statement_, column); }

absl::string_view SqliteStatement::ColumnText(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

absl::string_view SqliteStatement::ColumnBlob(int column) const {
  const void* blob = sqlite3_column_blob(statement_, column);
  if (blob == nullptr) return {};
  return {static_cast<const char*>(blob), static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

bool SqliteStatement::ColumnIsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

// ---- SqliteDatabase ----

SqliteDatabase::SqliteDatabase(sqlite3* db, std::string path, const Options& options)
    : path_(std::move(path)), busy_timeout_(options.busy_timeout), db_(db) {}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(absl::string_view path, const Options& options) {
  const bool read_only = options.mode == Mode::kReadOnly;
  const int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* handle = nullptr;
  std::string name(path);
  if (!read_only) {
    // For the owner alone; SQLite gives the files beside it the same mode. O_EXCL, since closing a descriptor of a
    // database that this process has open would drop its locks. An error shows again when SQLite opens the file.
    const int fd = open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
  }
  const int code =
      sqlite3_open_v2(name.c_str(), &handle, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (handle == nullptr) return absl::ResourceExhaustedError(absl::StrCat(path, ": no memory to open the database"));
  std::unique_ptr<SqliteDatabase> db(new SqliteDatabase(handle, std::move(name), options));
  if (code != SQLITE_OK) return db->Error("cannot open the database", code);
  MUSTER_RETURN_IF_ERROR(db->Configure(options));
  return db;
}

absl::Status SqliteDatabase::Configure(const Options& options) {
  sqlite3_busy_timeout(db_, static_cast<int>(absl::ToInt64Milliseconds(busy_timeout_)));
  // The hook replaces SQLite's automatic checkpoint, which would run on whoever happens to commit.
  sqlite3_wal_hook(db_, &RememberWalFrames, &wal_frames_);
  KeepWalOnClose();  // Until it is known that the database can be used.
  // A damaged schema must not be able to run code, and a damaged cell must not be read past its end.
  MUSTER_RETURN_IF_ERROR(Exec("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON"));
  if (options.mode == Mode::kReadOnly) return Exec("PRAGMA query_only=ON");  // Readers never checkpoint.
  MUSTER_RETURN_IF_ERROR(Exec(absl::StrCat("PRAGMA page_size=", options.page_bytes)));
  MUSTER_RETURN_IF_ERROR(TurnOnWriteAheadLog());
  MUSTER_RETURN_IF_ERROR(
      Exec(options.synchronous == Synchronous::kFull ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF"));
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  return absl::OkStatus();
}

absl::Status SqliteDatabase::TurnOnWriteAheadLog() {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement journal, Prepare("PRAGMA journal_mode=WAL"));
  MUSTER_ASSIGN_OR_RETURN(const bool row, journal.Step());
  if (!row || journal.ColumnText(0) != "wal") {
    return absl::FailedPreconditionError(
        absl::StrCat(path_, ": the file system does not support a write-ahead log (shared memory, as on NFS); "
                            "put the data directory on a local disk"));
  }
  // The row comes before the commit of the change. Were that to fail unnoticed, the database would go on with a
  // rollback journal, whose deletion, which is the commit, is not synced.
  return journal.Step().status();
}

SqliteDatabase::~SqliteDatabase() { sqlite3_close_v2(db_); }

absl::Status SqliteDatabase::Error(absl::string_view attempted, int code) const {
  return SqliteCodeToStatus(code, absl::StrCat(path_, ": ", attempted, ": ", sqlite3_errmsg(db_)));
}

absl::Status SqliteDatabase::Exec(absl::string_view sql) {
  const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  return Error(absl::StrCat("\"", sql, "\" failed"), code);
}

absl::StatusOr<SqliteStatement> SqliteDatabase::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return Error(absl::StrCat("cannot prepare \"", sql, "\""), code);
  return SqliteStatement(statement, path_);
}

absl::StatusOr<int64_t> SqliteDatabase::QueryInt64(absl::string_view sql) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  MUSTER_ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::NotFoundError(absl::StrCat(path_, ": \"", sql, "\" found no row"));
  return statement.ColumnInt64(0);
}

absl::StatusOr<SqliteDatabase::CheckpointResult> SqliteDatabase::Checkpoint(CheckpointMode mode, absl::Duration wait) {
  int sqlite_mode = SQLITE_CHECKPOINT_PASSIVE;
  if (mode == CheckpointMode::kRestart) sqlite_mode = SQLITE_CHECKPOINT_RESTART;
  if (mode == CheckpointMode::kTruncate) sqlite_mode = SQLITE_CHECKPOINT_TRUNCATE;
  CheckpointResult result;
  sqlite3_busy_timeout(db_, static_cast<int>(absl::ToInt64Milliseconds(wait)));
  const int code =
      sqlite3_wal_checkpoint_v2(db_, nullptr, sqlite_mode, &result.wal_frames, &result.checkpointed_frames);
  const absl::Status status = Error("checkpoint failed", code);
  sqlite3_busy_timeout(db_, static_cast<int>(absl::ToInt64Milliseconds(busy_timeout_)));
  if (!status.ok()) return status;
  return result;
}

int64_t SqliteDatabase::changes() const { return sqlite3_changes64(db_); }

bool SqliteDatabase::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

void SqliteDatabase::KeepWalOnClose() {
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

// ---- SqliteTransaction ----

SqliteTransaction::~SqliteTransaction() {
  // Nothing to do with an error: SQLite has rolled back already, or closing the connection will.
  if (open_ && db_->in_transaction()) db_->Exec("ROLLBACK").IgnoreError();
}

absl::Status SqliteTransaction::Begin() {
  MUSTER_RETURN_IF_ERROR(db_->Exec("BEGIN IMMEDIATE"));
  open_ = true;
  return absl::OkStatus();
}

absl::Status SqliteTransaction::Commit() {
  const absl::Status status = db_->Exec("COMMIT");
  if (!status.ok() && db_->in_transaction()) db_->Exec("ROLLBACK").IgnoreError();
  open_ = false;
  return status;
}

}  // namespace muster
