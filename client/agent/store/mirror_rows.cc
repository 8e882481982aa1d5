#include "client/agent/store/mirror_rows.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/agent/store/encoding.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

constexpr int64_t kAnswersMax = 10000;

// The plain columns of a row.
struct Columns {
  std::string key;
  std::string operation;
  int64_t as_of = 0;
  int64_t inbox_row = 0;
};

std::string KeyFingerprint(const Sealer& sealer, absl::string_view key) {
  return sealer.Fingerprint(absl::StrCat("mirror ", key));
}

// Holds all the plain columns that matter, so that none can be changed.
std::string Place(const Columns& columns) {
  return absl::StrCat("mirror/", absl::BytesToHexString(columns.key), "/", absl::BytesToHexString(columns.operation),
                      "/", columns.as_of, "/", columns.inbox_row);
}

absl::StatusOr<bool> Superseded(Session& session, const Columns& columns) {
  if (columns.operation.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t last, session.Value(0, "SELECT max(row) FROM inbox"));
    return last > columns.inbox_row;
  }
  MUSTER_ASSIGN_OR_RETURN(const int64_t last, session.Value(0, "SELECT last_row FROM operations WHERE operation = ?1",
                                                            Blob{columns.operation}));
  return last > columns.inbox_row;
}

// Whether what is kept under the key knows more of the feed. The time says nothing: clocks are set.
absl::StatusOr<bool> NewerIsKept(Session& session, const Columns& columns) {
  MUSTER_ASSIGN_OR_RETURN(
      const int64_t newer,
      session.Value(0, "SELECT 1 FROM mirror WHERE key = ?1 AND inbox_row > ?2", Blob{columns.key}, columns.inbox_row));
  return newer != 0;
}

}  // namespace

absl::Status PutMirrorRow(Session& session, const MirrorAnswer& answer) {
  const Columns columns = {KeyFingerprint(session.sealer(), answer.key),
                           OperationFingerprint(session.sealer(), answer.operation_id), ToColumn(answer.as_of),
                           static_cast<int64_t>(answer.inbox_row)};
  MUSTER_ASSIGN_OR_RETURN(const bool newer_is_kept, NewerIsKept(session, columns));
  if (newer_is_kept) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const int64_t stored, session.Value(0, "SELECT max(stored) FROM mirror"));
  MUSTER_RETURN_IF_ERROR(session.Run("INSERT OR REPLACE INTO mirror VALUES(?1, ?2, ?3, ?4, ?5, ?6)", Blob{columns.key},
                                     Blob{columns.operation}, columns.as_of, columns.inbox_row, stored + 1,
                                     Blob{session.sealer().Seal(answer.response, Place(columns))}));
  return session.Run(
      "DELETE FROM mirror WHERE stored <= (SELECT stored FROM mirror ORDER BY stored DESC LIMIT 1 OFFSET ?1)",
      kAnswersMax);
}

absl::StatusOr<std::optional<Mirror::Found>> FindMirrorRow(Session& session, absl::string_view key) {
  Columns columns;
  columns.key = KeyFingerprint(session.sealer(), key);
  std::string sealed;
  {
    MUSTER_ASSIGN_OR_RETURN(
        Rows rows,
        session.Query("SELECT operation, as_of, inbox_row, response FROM mirror WHERE key = ?1", Blob{columns.key}));
    MUSTER_ASSIGN_OR_RETURN(const bool found, rows.Next());
    if (!found) return std::optional<Mirror::Found>();
    columns.operation = std::string(rows.Bytes(0));
    columns.as_of = rows.Int(1);
    columns.inbox_row = rows.Int(2);
    sealed = std::string(rows.Bytes(3));
  }
  Mirror::Found found;
  MUSTER_ASSIGN_OR_RETURN(found.response, session.sealer().Open(sealed, Place(columns)));
  found.as_of = FromColumn(columns.as_of);
  MUSTER_ASSIGN_OR_RETURN(found.superseded, Superseded(session, columns));
  return std::optional<Mirror::Found>(std::move(found));
}

absl::Status RemoveMirrorRow(Session& session, absl::string_view key) {
  return session.Run("DELETE FROM mirror WHERE key = ?1", Blob{KeyFingerprint(session.sealer(), key)});
}

absl::Status RemoveMirrorRowsOf(Session& session, absl::string_view operation_id) {
  return session.Run("DELETE FROM mirror WHERE operation = ?1",
                     Blob{OperationFingerprint(session.sealer(), operation_id)});
}

absl::Status VerifyMirrorRows(Session& session) {
  MUSTER_ASSIGN_OR_RETURN(Rows rows, session.Query("SELECT key, operation, as_of, inbox_row, response FROM mirror"));
  MUSTER_ASSIGN_OR_RETURN(bool found, rows.Next());
  while (found) {
    const Columns columns = {std::string(rows.Bytes(0)), std::string(rows.Bytes(1)), rows.Int(2), rows.Int(3)};
    MUSTER_RETURN_IF_ERROR(session.sealer().Open(rows.Bytes(4), Place(columns)).status());
    MUSTER_ASSIGN_OR_RETURN(found, rows.Next());
  }
  return absl::OkStatus();
}

}  // namespace muster::agent
