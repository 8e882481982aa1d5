// A thin RAII wrapper over SQLite for the databases Muster keeps: the event log, the feed store, the agent's outbox.
//
// The rule that makes it safe: ONE connection does all writes and all checkpoints of a database; every other connection
// is opened read-only. SQLite before 3.51.3 (Debian 12 has 3.40.1) can lose a transaction when two connections write or
// checkpoint at once around a reset of the write-ahead log ("WAL-reset bug", sqlite.org/wal.html). Nothing here
// checkpoints by itself while a database is open: the owner of the writing connection calls Checkpoint when it suits.
//
//   MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open("/var/lib/x.db", {}));
//   MUSTER_RETURN_IF_ERROR(db->Exec("CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body BLOB) STRICT"));
//   MUSTER_ASSIGN_OR_RETURN(SqliteStatement insert, db->Prepare("INSERT INTO t VALUES(?1, ?2)"));
//   SqliteTransaction transaction(db.get());
//   MUSTER_RETURN_IF_ERROR(transaction.Begin());
//   insert.BindInt64(1, 7);
//   insert.BindBlob(2, bytes);
//   MUSTER_RETURN_IF_ERROR(insert.Run());
//   MUSTER_RETURN_IF_ERROR(transaction.Commit());
//
// Threading: a connection and its statements belong to one thread at a time (SQLite runs them without its own mutex).
//
// Errors, for every call here: RESOURCE_EXHAUSTED  the disk is full (SQLITE_FULL), or a value exceeds 10^9 bytes.
//                                                  A failed COMMIT wrote nothing that a reader or recovery will see.
//                              DATA_LOSS           the file is damaged or not a database (SQLITE_CORRUPT, NOTADB).
//                              UNAVAILABLE         another connection holds the lock past busy_timeout (BUSY, LOCKED).
//                              ALREADY_EXISTS      a UNIQUE or PRIMARY KEY constraint; FAILED_PRECONDITION any other.
//                              NOT_FOUND           the file cannot be opened (SQLITE_CANTOPEN).
//                              PERMISSION_DENIED   a write to a read-only connection or file.
//                              UNKNOWN             an I/O error, no memory: after a failed COMMIT its fate is unknown.
//                              INTERNAL            anything else, such as bad SQL.
// Messages hold the path, what was attempted, SQLite's message and the extended result code by name.
#ifndef MUSTER_COMMON_SQLITE_H_
#define MUSTER_COMMON_SQLITE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace muster {

// The status of an extended SQLite result code. OK for SQLITE_OK, SQLITE_ROW and SQLITE_DONE.
absl::Status SqliteCodeToStatus(int extended_code, absl::string_view message);

// One prepared statement. Movable; must not outlive the database that prepared it.
//
// Parameters count from 1 and columns from 0, as in SQLite. A failed bind is reported by the next Step or Run.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&& other) noexcept;
  ~SqliteStatement();

  // Text and blobs are copied.
  void BindInt64(int parameter, int64_t value);
  void BindText(int parameter, absl::string_view text);
  void BindBlob(int parameter, absl::string_view bytes);
  void BindNull(int parameter);
  // As BindBlob without the copy: `bytes` must stay until the next Reset, Run, or bind of this parameter.
  void BindBlobUnowned(int parameter, absl::string_view bytes);

  // True: a row is there to be read. False: done. Ends in Reset, or in the end of the statement's life.
  absl::StatusOr<bool> Step();

  // Runs to the end, ignoring rows, and resets: for INSERT, UPDATE, DELETE.
  absl::Status Run();

  // Makes the statement ready to run again, with no parameter bound, and ends the read it held open.
  void Reset();

  // The current row. Views are valid until the next Step, Run or Reset. NULL reads as 0 or as empty.
  int64_t ColumnInt64(int column) const;
  absl::string_view ColumnText(int column) const;
  absl::string_view ColumnBlob(int column) const;
  bool ColumnIsNull(int column) const;

 private:
  friend class SqliteDatabase;
  SqliteStatement(sqlite3_stmt* statement, std::string path) : statement_(statement), path_(std::move(path)) {}
  void NoteBind(int code);
  absl::Status Error(int code) const;

  sqlite3_stmt* statement_ = nullptr;
  std::string path_;
  int bind_code_ = 0;  // The first failed bind since the last Reset.
};

// One connection to one database file in WAL mode.
class SqliteDatabase {
 public:
  enum class Mode { kReadWriteCreate, kReadOnly };
  // kFull: a commit is durable when it returns, by one fsync. kOff: durable at the next checkpoint or not at all; for
  // data that can be rebuilt.
  enum class Synchronous { kFull, kOff };

  struct Options {
    Mode mode = Mode::kReadWriteCreate;
    Synchronous synchronous = Synchronous::kFull;
    int page_bytes = 4096;  // Of a new database; an existing one keeps its own.
    absl::Duration busy_timeout = absl::Seconds(5);
    std::string vfs;  // The SQLite VFS, by name; empty: the system's. Tests inject faults here.
  };

  enum class CheckpointMode {
    kPassive,   // Copies what no reader prevents; never waits.
    kRestart,   // As kPassive, and the next writer starts the write-ahead log over. UNAVAILABLE if it cannot.
    kTruncate,  // As kRestart, and the write-ahead log becomes 0 bytes long.
  };

  struct CheckpointResult {
    int wal_frames = 0;           // Frames in the write-ahead log.
    int checkpointed_frames = 0;  // Of these, how many are in the database now.
  };

  // Opens or (kReadWriteCreate) creates the database at `path` with file mode 0600.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(absl::string_view path, const Options& options);

  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // Closes. A writing connection that is the last one checkpoints and removes the write-ahead log (but KeepWalOnClose).
  ~SqliteDatabase();

  // Runs one or more statements without parameters, ignoring rows.
  absl::Status Exec(absl::string_view sql);

  absl::StatusOr<SqliteStatement> Prepare(absl::string_view sql);

  // The first column of the first row; NOT_FOUND when there is no row.
  absl::StatusOr<int64_t> QueryInt64(absl::string_view sql);

  // Copies committed frames into the database file and syncs it. Only on the one writing connection. Waits for readers
  // up to `wait`, whatever busy_timeout is.
  absl::StatusOr<CheckpointResult> Checkpoint(CheckpointMode mode, absl::Duration wait = absl::ZeroDuration());

  // Frames in the write-ahead log after the last commit of this connection; 0 before the first.
  int wal_frames() const { return wal_frames_; }

  // Rows changed by the last INSERT, UPDATE or DELETE.
  int64_t changes() const;

  // Whether BEGIN was run and neither COMMIT nor ROLLBACK, also not by SQLite itself (which rolls back on some errors).
  bool in_transaction() const;

  // Closing will leave the write-ahead log as it is: neither read, synced nor removed. After a failed sync.
  void KeepWalOnClose();

  const std::string& path() const { return path_; }

 private:
  SqliteDatabase(sqlite3* db, std::string path, const Options& options);
  absl::Status Configure(const Options& options);
  absl::Status TurnOnWriteAheadLog();
  absl::Status Error(absl::string_view attempted, int code) const;

  const std::string path_;
  const absl::Duration busy_timeout_;
  sqlite3* const db_;
  int wal_frames_ = 0;
};

// A write transaction that is rolled back unless Commit succeeds. The database is not owned and must outlive it.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase* db) : db_(db) {}
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  ~SqliteTransaction();

  // BEGIN IMMEDIATE: takes the write lock now, so that later statements cannot fail for want of it.
  absl::Status Begin();

  // After an error the transaction is rolled back in this process; what is on disk is what the error says.
  absl::Status Commit();

 private:
  SqliteDatabase* const db_;
  bool open_ = false;
};

}  // namespace muster

#endif  // MUSTER_COMMON_SQLITE_H_
