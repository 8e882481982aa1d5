#include "client/agent/store/schema.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster::agent {
namespace {

constexpr int64_t kFormat = 1;

// application_id is "MAgt" for file(1). What is sealed is so under a place that holds the row's plain columns, so that
// neither can be exchanged (see the places in the files beside this one).
//
//   outbox.sent_as                   the number in `outbox` under which brokers know the item
//   outbox.due                       1 while there is something to send
//   progress.outbox_removed_through  when the newest id was made that Maintain has removed
//   operations                       the last delivery about each operation, also when that has been removed
constexpr char kSchema[] = R"(
  PRAGMA application_id = 0x4d416774;
  CREATE TABLE store(id INTEGER PRIMARY KEY CHECK(id = 1), format INTEGER NOT NULL, by_passphrase INTEGER NOT NULL,
                     key_salt BLOB NOT NULL, sealed_key BLOB NOT NULL) STRICT;
  CREATE TABLE identity(id INTEGER PRIMARY KEY CHECK(id = 1), agency BLOB NOT NULL, bundle BLOB NOT NULL) STRICT;
  CREATE TABLE outboxes(outbox INTEGER PRIMARY KEY, outbox_id TEXT NOT NULL, last_sent_as INTEGER NOT NULL) STRICT;
  CREATE TABLE outbox(number INTEGER PRIMARY KEY, outbox INTEGER NOT NULL, sent_as INTEGER NOT NULL,
                      submission_id TEXT NOT NULL UNIQUE, fingerprint BLOB NOT NULL, state INTEGER NOT NULL,
                      due INTEGER NOT NULL, state_at INTEGER NOT NULL, item BLOB NOT NULL,
                      submission BLOB NOT NULL) STRICT;
  CREATE INDEX outbox_by_state ON outbox(state, due);
  CREATE TABLE progress(id INTEGER PRIMARY KEY CHECK(id = 1), hook_row INTEGER NOT NULL,
                        outbox_removed_through INTEGER NOT NULL) STRICT;
  CREATE TABLE inbox(row INTEGER PRIMARY KEY, cursor BLOB NOT NULL, received_at INTEGER NOT NULL,
                     delivery BLOB NOT NULL) STRICT;
  CREATE INDEX inbox_by_cursor ON inbox(cursor);
  CREATE TABLE gaps(gap INTEGER PRIMARY KEY, after_row INTEGER NOT NULL, next_cursor BLOB NOT NULL,
                    record BLOB NOT NULL) STRICT;
  CREATE TABLE operations(operation BLOB PRIMARY KEY, last_row INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE mirror(key BLOB PRIMARY KEY, operation BLOB NOT NULL, as_of INTEGER NOT NULL,
                      inbox_row INTEGER NOT NULL, stored INTEGER NOT NULL, response BLOB NOT NULL) STRICT;
  CREATE UNIQUE INDEX mirror_by_stored ON mirror(stored);
  INSERT INTO progress VALUES(1, 0, 0);
)";

}  // namespace

absl::Status CreateSchema(SqliteDatabase* db, const WrappedKey& key) {
  SqliteTransaction transaction(db);
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  MUSTER_RETURN_IF_ERROR(db->Exec(kSchema));
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement store, db->Prepare("INSERT INTO store VALUES(1, ?1, ?2, ?3, ?4)"));
  store.BindInt64(1, kFormat);
  store.BindInt64(2, key.by_passphrase ? 1 : 0);
  store.BindBlob(3, key.salt);
  store.BindBlob(4, key.sealed);
  MUSTER_RETURN_IF_ERROR(store.Run());
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement outbox, db->Prepare("INSERT INTO outboxes VALUES(1, ?1, 0)"));
  outbox.BindText(1, NewUuidV7(SystemClock()->Now()));
  MUSTER_RETURN_IF_ERROR(outbox.Run());
  return transaction.Commit();
}

absl::Status CheckFormat(SqliteDatabase* db) {
  MUSTER_ASSIGN_OR_RETURN(const int64_t format, db->QueryInt64("SELECT format FROM store"));
  if (format <= kFormat) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(db->path(), " has format ", format,
                                                    ", and this muster-agent knows ", kFormat,
                                                    "; install the version that wrote it, or a later one"));
}

absl::StatusOr<WrappedKey> ReadWrappedKey(SqliteDatabase* db) {
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement select, db->Prepare("SELECT by_passphrase, key_salt, sealed_key FROM store"));
  MUSTER_ASSIGN_OR_RETURN(const bool found, select.Step());
  if (!found) return absl::DataLossError(absl::StrCat(db->path(), " has lost the row with its wrapped key"));
  WrappedKey key;
  key.by_passphrase = select.ColumnInt64(0) != 0;
  key.salt = std::string(select.ColumnBlob(1));
  key.sealed = std::string(select.ColumnBlob(2));
  return key;
}

}  // namespace muster::agent
