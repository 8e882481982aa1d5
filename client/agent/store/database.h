// The one SQLite database under the store: one connection, one lock, one key, one schema.
//
//   MUSTER_RETURN_IF_ERROR(db->Change([&](Session& session) {
//     return session.Run("INSERT INTO t VALUES(?1, ?2)", 17, Blob{session.sealer().Seal(body, "t/17")});
//   }));
//
// Threading: thread-safe. mu_ is held while a lambda given to Change or Read runs; lambdas must not call back into the
// Database, and take no lock but leaves.
#ifndef MUSTER_CLIENT_AGENT_STORE_DATABASE_H_
#define MUSTER_CLIENT_AGENT_STORE_DATABASE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "client/agent/store/sealer.h"
#include "client/agent/store/secret.h"
#include "client/agent/store/unlock_key.h"
#include "common/sqlite.h"
#include "common/status_macros.h"

namespace muster::agent {

// How an argument of a statement says that it is bytes and not text.
struct Blob {
  absl::string_view bytes;
};

// The rows that a statement finds. The statement is free for the next use when this goes.
class Rows {
 public:
  explicit Rows(SqliteStatement* statement) : statement_(statement) {}
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  // True: a row is there to be read. False: there are no more.
  absl::StatusOr<bool> Next() { return statement_->Step(); }

  // Of the current row. Views are valid until the next Next.
  int64_t Int(int column) const { return statement_->ColumnInt64(column); }
  uint64_t Number(int column) const { return static_cast<uint64_t>(statement_->ColumnInt64(column)); }
  absl::string_view Text(int column) const { return statement_->ColumnText(column); }
  absl::string_view Bytes(int column) const { return statement_->ColumnBlob(column); }
  bool IsNull(int column) const { return statement_->ColumnIsNull(column); }

 private:
  SqliteStatement* statement_;
};

// What a lambda given to Change or Read works with, while it runs.
class Session {
 public:
  Session(SqliteDatabase* db, const Sealer* sealer) : db_(db), sealer_(sealer) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Binds `arguments` to ?1, ?2 ...: integers, text (absl::string_view, std::string) or Blob. Statements are prepared
  // once; the same one must not be used again before the Rows of its last use are gone.
  template <typename... Arguments>
  absl::StatusOr<Rows> Query(const char* sql, const Arguments&... arguments) {
    MUSTER_ASSIGN_OR_RETURN(SqliteStatement* const statement, Prepared(sql));
    int parameter = 0;
    (Bind(statement, ++parameter, arguments), ...);
    return Rows(statement);
  }

  // Runs to the end, ignoring rows: for INSERT, UPDATE, DELETE.
  template <typename... Arguments>
  absl::Status Run(const char* sql, const Arguments&... arguments) {
    MUSTER_ASSIGN_OR_RETURN(Rows rows, Query(sql, arguments...));
    absl::StatusOr<bool> row = rows.Next();
    while (row.ok() && *row) row = rows.Next();
    return row.status();
  }

  // The first column of the first row; `otherwise` when there is none, or it is NULL.
  template <typename... Arguments>
  absl::StatusOr<int64_t> Value(int64_t otherwise, const char* sql, const Arguments&... arguments) {
    MUSTER_ASSIGN_OR_RETURN(Rows rows, Query(sql, arguments...));
    MUSTER_ASSIGN_OR_RETURN(const bool found, rows.Next());
    return found && !rows.IsNull(0) ? rows.Int(0) : otherwise;
  }

  // Rows changed by the last Run.
  int64_t changes() const { return db_->changes(); }
  const Sealer& sealer() const { return *sealer_; }
  const std::string& path() const { return db_->path(); }

 private:
  template <typename Argument>
  static void Bind(SqliteStatement* statement, int parameter, const Argument& argument) {
    if constexpr (std::is_same_v<Argument, Blob>) {
      statement->BindBlob(parameter, argument.bytes);
    } else if constexpr (std::is_integral_v<Argument>) {
      statement->BindInt64(parameter, static_cast<int64_t>(argument));
    } else {
      statement->BindText(parameter, argument);
    }
  }
  absl::StatusOr<SqliteStatement*> Prepared(const char* sql);

  SqliteDatabase* const db_;
  const Sealer* const sealer_;
  std::map<std::string, SqliteStatement, std::less<>> statements_;  // By their text; addresses stay.
};

class Database {
 public:
  // Opens or creates the database at `path`, whose folder exists and is locked by us. Makes durable what an earlier
  // process committed without being sure of it.
  //
  // Errors: PERMISSION_DENIED `key` does not open it; DATA_LOSS it is damaged; FAILED_PRECONDITION a newer muster-agent
  //         wrote it; otherwise as common/sqlite.h.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path, const std::string& sqlite_vfs,
                                                        const UnlockKey& key);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs `change` in one write transaction and returns once it is durable; then `committed`, before any other lambda
  // runs. When `change` fails nothing is written, and its error is returned.
  //
  // Errors of its own: RESOURCE_EXHAUSTED the disk is full, nothing was written.
  //                    UNKNOWN            the fate is unknown: failed() from now on, and every later Change returns it.
  absl::Status Change(
      absl::FunctionRef<absl::Status(Session&)> change, absl::FunctionRef<void()> committed = [] {});

  // Runs `read`, which changes nothing.
  absl::Status Read(absl::FunctionRef<absl::Status(Session&)> read) const;

  // Wraps the data key anew, and leaves nothing behind of how it was wrapped before.
  absl::Status ChangeUnlockKey(const UnlockKey& key);

  // Copies the write-ahead log into the database and empties it. RESOURCE_EXHAUSTED when there is no room: it stays as
  // it is.
  absl::Status CopyWal();

  // OK, or DATA_LOSS with what `PRAGMA quick_check` says first.
  absl::Status QuickCheck() const;

  absl::Status failed() const;
  const Sealer& sealer() const { return sealer_; }

 private:
  Database(std::unique_ptr<SqliteDatabase> db, Secret data_key);
  absl::Status CopyWalLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Fail(const absl::Status& cause) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Secret data_key_;
  const Sealer sealer_;
  mutable absl::Mutex mu_;
  const std::unique_ptr<SqliteDatabase> db_ ABSL_PT_GUARDED_BY(mu_);
  mutable Session session_ ABSL_GUARDED_BY(mu_);
  absl::Status failed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_DATABASE_H_
