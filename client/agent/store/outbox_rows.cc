#include "client/agent/store/outbox_rows.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/agent/store/encoding.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster::agent {
namespace {

// What every reading statement selects, in the order that ReadRow expects.
#define MUSTER_OUTBOX_COLUMNS \
  "SELECT number, outbox, sent_as, submission_id, fingerprint, state, due, item FROM outbox "

std::string ItemPlace(uint64_t number, absl::string_view fingerprint) {
  return absl::StrCat("outbox/", number, "/item/", absl::BytesToHexString(fingerprint));
}

std::string SubmissionPlace(uint64_t number, absl::string_view submission_id) {
  return absl::StrCat("outbox/", number, "/submission/", submission_id);
}

absl::StatusOr<OutboxRow> ReadRow(const Session& session, const Rows& rows) {
  OutboxRow row;
  const uint64_t number = rows.Number(0);
  row.outbox = rows.Number(1);
  row.sent_as = rows.Number(2);
  row.fingerprint = std::string(rows.Bytes(4));
  row.due = rows.Int(6) != 0;
  MUSTER_RETURN_IF_ERROR(OpenMessage(session.sealer(), rows.Bytes(7), ItemPlace(number, row.fingerprint), &row.item));
  if (row.item.number() != number || row.item.submission_id() != rows.Text(3) || row.item.state() != rows.Int(5)) {
    return absl::DataLossError(absl::StrCat("outbox/", number,
                                            ": its plain columns are not those that were sealed with it; somebody has "
                                            "changed the database. Restore it from a backup"));
  }
  return row;
}

absl::StatusOr<std::vector<OutboxRow>> ReadRows(const Session& session, absl::StatusOr<Rows> rows) {
  if (!rows.ok()) return rows.status();
  std::vector<OutboxRow> result;
  MUSTER_ASSIGN_OR_RETURN(bool found, rows->Next());
  while (found) {
    MUSTER_ASSIGN_OR_RETURN(OutboxRow row, ReadRow(session, *rows));
    result.push_back(std::move(row));
    MUSTER_ASSIGN_OR_RETURN(found, rows->Next());
  }
  return result;
}

absl::StatusOr<std::optional<OutboxRow>> ReadOneRow(const Session& session, absl::StatusOr<Rows> rows) {
  MUSTER_ASSIGN_OR_RETURN(std::vector<OutboxRow> found, ReadRows(session, std::move(rows)));
  if (found.empty()) return std::optional<OutboxRow>();
  return std::optional<OutboxRow>(std::move(found.front()));
}

std::string SealItem(const Session& session, const OutboxRow& row) {
  return SealMessage(session.sealer(), row.item, ItemPlace(row.item.number(), row.fingerprint));
}

int64_t StateAt(const OutboxRow& row) { return ToColumn(FromProto(row.item.state_at())); }

}  // namespace

absl::Status InsertRow(Session& session, OutboxRow* row, const muster::v1::Submission& submission) {
  MUSTER_ASSIGN_OR_RETURN(const int64_t last, session.Value(0, "SELECT max(number) FROM outbox"));
  MUSTER_ASSIGN_OR_RETURN(const OutboxInUse in_use, ReadOutboxInUse(session));
  MUSTER_RETURN_IF_ERROR(
      session.Run("UPDATE outboxes SET last_sent_as = last_sent_as + 1 WHERE outbox = ?1", in_use.outbox));
  MUSTER_ASSIGN_OR_RETURN(const int64_t sent_as,
                          session.Value(0, "SELECT last_sent_as FROM outboxes WHERE outbox = ?1", in_use.outbox));
  row->item.set_number(static_cast<uint64_t>(last) + 1);
  row->outbox = in_use.outbox;
  row->sent_as = static_cast<uint64_t>(sent_as);
  const std::string sealed_submission =
      SealMessage(session.sealer(), submission, SubmissionPlace(row->item.number(), row->item.submission_id()));
  return session.Run("INSERT INTO outbox VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", row->item.number(),
                     row->outbox, row->sent_as, row->item.submission_id(), Blob{row->fingerprint},
                     static_cast<int64_t>(row->item.state()), row->due, StateAt(*row), Blob{SealItem(session, *row)},
                     Blob{sealed_submission});
}

absl::Status UpdateRow(Session& session, const OutboxRow& row) {
  return session.Run("UPDATE outbox SET state = ?2, due = ?3, state_at = ?4, item = ?5 WHERE number = ?1",
                     row.item.number(), static_cast<int64_t>(row.item.state()), row.due, StateAt(row),
                     Blob{SealItem(session, row)});
}

absl::StatusOr<std::optional<OutboxRow>> FindRow(Session& session, uint64_t number) {
  return ReadOneRow(session, session.Query(MUSTER_OUTBOX_COLUMNS "WHERE number = ?1", number));
}

absl::StatusOr<std::optional<OutboxRow>> FindRow(Session& session, absl::string_view submission_id) {
  return ReadOneRow(session, session.Query(MUSTER_OUTBOX_COLUMNS "WHERE submission_id = ?1", submission_id));
}

absl::StatusOr<std::vector<OutboxRow>> DueRows(Session& session, uint64_t after_number, size_t count_max) {
  return ReadRows(session, session.Query(MUSTER_OUTBOX_COLUMNS
                                         "WHERE state = ?1 AND due = 1 AND number > ?2 ORDER BY number LIMIT ?3",
                                         static_cast<int64_t>(v1::DELIVERY_STATE_SAVED_HERE), after_number, count_max));
}

absl::StatusOr<std::vector<OutboxRow>> ListRows(Session& session, absl::Span<const v1::DeliveryState> states,
                                                uint64_t after_number, size_t count_max) {
  if (states.size() == 1) {  // By the index.
    return ReadRows(session,
                    session.Query(MUSTER_OUTBOX_COLUMNS "WHERE state = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
                                  static_cast<int64_t>(states.front()), after_number, count_max));
  }
  int64_t bits = states.empty() ? -1 : 0;
  for (const v1::DeliveryState state : states) bits |= int64_t{1} << state;
  return ReadRows(
      session, session.Query(MUSTER_OUTBOX_COLUMNS "WHERE (?1 >> state) & 1 AND number > ?2 ORDER BY number LIMIT ?3",
                             bits, after_number, count_max));
}

absl::StatusOr<muster::v1::Submission> ReadSubmission(Session& session, const v1::OutboxItem& item) {
  MUSTER_ASSIGN_OR_RETURN(Rows rows, session.Query("SELECT submission FROM outbox WHERE number = ?1", item.number()));
  MUSTER_ASSIGN_OR_RETURN(const bool found, rows.Next());
  if (!found) return absl::NotFoundError(absl::StrCat("there is no outbox item ", item.number()));
  muster::v1::Submission submission;
  MUSTER_RETURN_IF_ERROR(
      OpenMessage(session.sealer(), rows.Bytes(0), SubmissionPlace(item.number(), item.submission_id()), &submission));
  return submission;
}

absl::StatusOr<OutboxInUse> ReadOutboxInUse(Session& session) {
  MUSTER_ASSIGN_OR_RETURN(Rows rows,
                          session.Query("SELECT outbox, outbox_id FROM outboxes ORDER BY outbox DESC LIMIT 1"));
  MUSTER_ASSIGN_OR_RETURN(const bool found, rows.Next());
  if (!found) return absl::DataLossError(absl::StrCat(session.path(), " has lost the id of its outbox"));
  return OutboxInUse{rows.Number(0), std::string(rows.Text(1))};
}

absl::StatusOr<std::string> ReadOutboxId(Session& session, uint64_t outbox) {
  MUSTER_ASSIGN_OR_RETURN(Rows rows, session.Query("SELECT outbox_id FROM outboxes WHERE outbox = ?1", outbox));
  MUSTER_ASSIGN_OR_RETURN(const bool found, rows.Next());
  if (!found) return absl::DataLossError(absl::StrCat(session.path(), " has lost the id of outbox ", outbox));
  return std::string(rows.Text(0));
}

absl::StatusOr<std::optional<OutboxRow>> FirstDue(Session& session, uint64_t outbox) {
  return ReadOneRow(session, session.Query(MUSTER_OUTBOX_COLUMNS
                                           "WHERE state = ?1 AND due = 1 AND outbox = ?2 ORDER BY number LIMIT 1",
                                           static_cast<int64_t>(v1::DELIVERY_STATE_SAVED_HERE), outbox));
}

absl::Status Renumber(Session& session, uint64_t number, absl::Time now) {
  const auto saved_here = static_cast<int64_t>(v1::DELIVERY_STATE_SAVED_HERE);
  MUSTER_ASSIGN_OR_RETURN(const OutboxInUse in_use, ReadOutboxInUse(session));
  const uint64_t next = in_use.outbox + 1;
  MUSTER_RETURN_IF_ERROR(
      session.Run("UPDATE outbox SET outbox = ?1, sent_as = moved.place FROM "
                  "(SELECT number, row_number() OVER (ORDER BY number) AS place FROM outbox "
                  "WHERE state = ?2 AND due = 1 AND number >= ?3) AS moved WHERE outbox.number = moved.number",
                  next, saved_here, number));
  return session.Run("INSERT INTO outboxes VALUES(?1, ?2, ?3)", next, NewUuidV7(now), session.changes());
}

absl::StatusOr<uint64_t> VerifyRows(Session& session, uint64_t number, size_t count_max) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, ListRows(session, {}, number, count_max));
  for (const OutboxRow& row : rows) MUSTER_RETURN_IF_ERROR(ReadSubmission(session, row.item).status());
  return rows.empty() ? 0 : rows.back().item.number();
}

}  // namespace muster::agent
