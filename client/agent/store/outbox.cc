#include "client/agent/store/outbox.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/agent/store/database.h"
#include "client/agent/store/encoding.h"
#include "client/agent/store/outbox_rows.h"
#include "client/agent/store/outbox_take.h"
#include "client/agent/store/submission_facts.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/failpoint.h"
#include "common/status_macros.h"
#include "common/uuid.h"
#include "common/validation.h"

namespace muster::agent {
namespace {

constexpr size_t kSendBytesMax = 1 << 20;

std::string BodyFingerprint(const Sealer& sealer, const muster::v1::Submission& submission) {
  return sealer.Fingerprint(absl::StrCat("body ", EncodedBody(submission)));
}

absl::Status IdReused(const std::string& submission_id) {
  return Refusal(muster::v1::ERROR_REASON_SUBMISSION_ID_REUSED,
                 absl::StrCat("submission_id ", submission_id,
                              " stands for another submission in this outbox already; use a new id for a new one"));
}

// Whether an id that is not known here may have been known before Maintain removed it.
absl::Status CheckNotForgotten(Session& session, const std::string& submission_id) {
  MUSTER_ASSIGN_OR_RETURN(const int64_t removed_through,
                          session.Value(0, "SELECT outbox_removed_through FROM progress"));
  MUSTER_ASSIGN_OR_RETURN(const absl::Time made_at, UuidV7Time(submission_id));
  if (made_at > FromColumn(removed_through)) return absl::OkStatus();
  return Refusal(
      muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD,
      absl::StrCat("submission_id ", submission_id, " was made at ", absl::FormatTime(made_at, absl::UTCTimeZone()),
                   " or before, and what was sent then is no longer kept here; look whether it is there, and if not, "
                   "submit it under a new id"));
}

// Of settled items whose state is from before `before`, but for the last item.
absl::StatusOr<std::vector<std::string>> RemovableIds(Session& session, absl::Time before, int64_t count_max) {
  std::vector<std::string> ids;
  MUSTER_ASSIGN_OR_RETURN(
      Rows rows, session.Query("SELECT submission_id FROM outbox WHERE state <> ?1 AND state_at < ?2 AND "
                               "number < (SELECT max(number) FROM outbox) LIMIT ?3",
                               static_cast<int64_t>(v1::DELIVERY_STATE_SAVED_HERE), ToColumn(before), count_max));
  MUSTER_ASSIGN_OR_RETURN(bool found, rows.Next());
  while (found) {
    ids.emplace_back(rows.Text(0));
    MUSTER_ASSIGN_OR_RETURN(found, rows.Next());
  }
  return ids;
}

// `newest_id` is the last of the ids removed, which sort by when they were made. It and not the time of the removal is
// noted: a clock that was wrong for a while then refuses nothing for ever after.
absl::Status NoteRemoved(Session& session, const std::string& newest_id) {
  MUSTER_ASSIGN_OR_RETURN(const absl::Time made_at, UuidV7Time(newest_id));
  return session.Run("UPDATE progress SET outbox_removed_through = max(outbox_removed_through, ?1)", ToColumn(made_at));
}

// Saves `submission`, whose id is not known here.
absl::StatusOr<OutboxRow> SaveNew(Session& session, muster::v1::Submission submission, absl::Time now) {
  submission.clear_outbox_number();
  OutboxRow row;
  row.item.set_submission_id(submission.submission_id());
  row.item.set_kind(KindOf(submission));
  row.item.set_operation_id(SubjectOf(submission));
  row.item.set_state(v1::DELIVERY_STATE_SAVED_HERE);
  *row.item.mutable_saved_at() = ToProto(now);
  *row.item.mutable_state_at() = ToProto(now);
  row.fingerprint = BodyFingerprint(session.sealer(), submission);
  row.due = true;
  MUSTER_RETURN_IF_ERROR(InsertRow(session, &row, submission));
  return row;
}

// The id of `outbox`, which something is due in, and what it may confirm.
absl::StatusOr<muster::v1::OutboxNumber> PlaceIn(Session& session, uint64_t outbox) {
  muster::v1::OutboxNumber place;
  MUSTER_ASSIGN_OR_RETURN(*place.mutable_outbox_id(), ReadOutboxId(session, outbox));
  MUSTER_ASSIGN_OR_RETURN(const std::optional<OutboxRow> first, FirstDue(session, outbox));
  if (first.has_value()) place.set_confirmed_through(first->sent_as - 1);
  return place;
}

absl::StatusOr<OutboxRow> FindNamed(Session& session, const v1::OutboxItemName& name) {
  absl::StatusOr<std::optional<OutboxRow>> row = name.name_case() == v1::OutboxItemName::kSubmissionId
                                                     ? FindRow(session, name.submission_id())
                                                     : FindRow(session, name.number());
  if (!row.ok()) return row.status();
  if (row->has_value()) return **std::move(row);
  return Refusal(muster::v1::ERROR_REASON_NOT_FOUND,
                 absl::StrCat("there is no outbox item ",
                              name.name_case() == v1::OutboxItemName::kSubmissionId ? name.submission_id()
                                                                                    : absl::StrCat(name.number()),
                              "; `muster outbox ls` shows those that there are"));
}

void Settle(OutboxRow* row, v1::DeliveryState state, absl::Time now) {
  row->item.set_state(state);
  *row->item.mutable_state_at() = ToProto(now);
  row->due = false;
}

bool IsHeld(const OutboxRow& row) { return row.item.state() == v1::DELIVERY_STATE_SAVED_HERE && !row.due; }

absl::Status CheckDropReason(const std::string& reason) {
  muster::v1::WithdrawSubmission withdrawal;
  withdrawal.set_reason(reason);
  return Validate(withdrawal);
}

// The new item that Retry makes of `old`, which is rejected, dropped or held.
absl::StatusOr<OutboxRow> SaveAgain(Session& session, OutboxRow old, absl::Time now) {
  MUSTER_ASSIGN_OR_RETURN(muster::v1::Submission submission, ReadSubmission(session, old.item));
  submission.set_submission_id(NewUuidV7(now));
  MUSTER_ASSIGN_OR_RETURN(OutboxRow made, SaveNew(session, std::move(submission), now));
  if (IsHeld(old)) {
    Settle(&old, v1::DELIVERY_STATE_DROPPED, now);
    old.item.set_drop_reason(absl::StrCat("sent anew as item ", made.item.number()));
  }
  old.item.set_retried_as(made.item.number());
  MUSTER_RETURN_IF_ERROR(UpdateRow(session, old));
  return made;
}

}  // namespace

Outbox::Outbox(Database* db) : db_(db) {}

absl::Status Outbox::Load() {
  OutboxInUse in_use;
  int64_t last = 0;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(in_use, ReadOutboxInUse(session));
    MUSTER_ASSIGN_OR_RETURN(last, session.Value(0, "SELECT max(number) FROM outbox"));
    return absl::OkStatus();
  }));
  absl::MutexLock lock(&mu_);
  new_after_ = static_cast<uint64_t>(last);
  outbox_id_ = std::move(in_use.outbox_id);
  return absl::OkStatus();
}

absl::Status Outbox::Change(absl::FunctionRef<absl::StatusOr<bool>(Session&)> change,
                            absl::FunctionRef<void()> committed) {
  bool changed = false;
  OutboxInUse in_use;
  return db_->Change(
      [&](Session& session) -> absl::Status {
        MUSTER_ASSIGN_OR_RETURN(changed, change(session));
        MUSTER_ASSIGN_OR_RETURN(in_use, ReadOutboxInUse(session));
        return absl::OkStatus();
      },
      [&] {
        committed();
        {
          absl::MutexLock lock(&mu_);
          outbox_id_ = std::move(in_use.outbox_id);
        }
        if (changed) revision_.Bump();
      });
}

absl::StatusOr<v1::OutboxItem> Outbox::Save(muster::v1::Submission submission, absl::Time now) {
  OutboxRow row;
  const absl::Status status = Change(
      [&](Session& session) -> absl::StatusOr<bool> {
        MUSTER_ASSIGN_OR_RETURN(std::optional<OutboxRow> known, FindRow(session, submission.submission_id()));
        if (known.has_value()) {
          if (known->fingerprint != BodyFingerprint(session.sealer(), submission)) {
            return IdReused(submission.submission_id());
          }
          row = *std::move(known);
          return false;
        }
        MUSTER_RETURN_IF_ERROR(CheckNotForgotten(session, submission.submission_id()));
        MUSTER_ASSIGN_OR_RETURN(row, SaveNew(session, std::move(submission), now));
        MUSTER_FAILPOINT("agent.save.before_commit");
        return true;
      },
      [] { MUSTER_FAILPOINT("agent.save.after_commit"); });
  if (!status.ok()) return status;
  return std::move(row.item);
}

absl::StatusOr<std::vector<Outbox::Due>> Outbox::ToSend(uint64_t after_number, size_t count_max) const {
  std::vector<Due> due;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, DueRows(session, after_number, count_max));
    std::map<uint64_t, muster::v1::OutboxNumber> places;  // By outbox, without the number.
    size_t bytes = 0;
    for (const OutboxRow& row : rows) {
      muster::v1::Submission submission = WithdrawalOf(row.item);
      if (!WithdrawalIsDue(row.item)) {
        MUSTER_ASSIGN_OR_RETURN(submission, ReadSubmission(session, row.item));
      }
      bytes += submission.ByteSizeLong();
      if (!due.empty() && bytes > kSendBytesMax) break;
      if (places.find(row.outbox) == places.end()) {
        MUSTER_ASSIGN_OR_RETURN(places[row.outbox], PlaceIn(session, row.outbox));
      }
      *submission.mutable_outbox_number() = places[row.outbox];
      submission.mutable_outbox_number()->set_number(row.sent_as);
      due.push_back({row.item.number(), std::move(submission)});
    }
    return absl::OkStatus();
  }));
  return due;
}

absl::Status Outbox::Take(absl::Span<const muster::v1::SubmissionAnswer> answers, absl::Time now) {
  return Change(
      [&](Session& session) -> absl::StatusOr<bool> {
        absl::MutexLock lock(&mu_);
        MUSTER_ASSIGN_OR_RETURN(const bool changed, TakeAnswers(session, answers, now, new_after_, &gap_at_));
        MUSTER_FAILPOINT("agent.take.before_commit");
        return changed;
      },
      [] { MUSTER_FAILPOINT("agent.take.after_commit"); });
}

// The state, and so the time of it, changes only when its fate is settled.
absl::Status Outbox::Refuse(uint64_t number, const muster::v1::Rejected& why, absl::Time /*now*/) {
  return Change(
      [&](Session& session) -> absl::StatusOr<bool> {
        MUSTER_ASSIGN_OR_RETURN(std::optional<OutboxRow> row, FindRow(session, number));
        return row.has_value() ? NoteRefusal(session, *std::move(row), why) : false;
      },
      [] {});
}

absl::StatusOr<v1::OutboxItem> Outbox::Drop(const v1::OutboxItemName& name, const std::string& reason, absl::Time now) {
  MUSTER_RETURN_IF_ERROR(CheckDropReason(reason));
  OutboxRow row;
  const absl::Status status = Change(
      [&](Session& session) -> absl::StatusOr<bool> {
        MUSTER_ASSIGN_OR_RETURN(row, FindNamed(session, name));
        if (row.item.state() != v1::DELIVERY_STATE_SAVED_HERE) {
          return absl::FailedPreconditionError(absl::StrCat("outbox item ", row.item.number(),
                                                            " is decided already; `muster outbox show ",
                                                            row.item.number(), "` says how"));
        }
        if (!row.item.drop_reason().empty() && !IsHeld(row)) return false;
        row.item.set_drop_reason(reason);
        if (IsHeld(row)) Settle(&row, v1::DELIVERY_STATE_DROPPED, now);
        MUSTER_RETURN_IF_ERROR(UpdateRow(session, row));
        return true;
      },
      [] {});
  if (!status.ok()) return status;
  return std::move(row.item);
}

absl::StatusOr<v1::OutboxItem> Outbox::Retry(const v1::OutboxItemName& name, absl::Time now) {
  OutboxRow row;
  const absl::Status status = Change(
      [&](Session& session) -> absl::StatusOr<bool> {
        MUSTER_ASSIGN_OR_RETURN(row, FindNamed(session, name));
        if (row.item.state() == v1::DELIVERY_STATE_ACCEPTED) {
          return absl::FailedPreconditionError(
              absl::StrCat("outbox item ", row.item.number(), " was accepted; to do it again, submit it anew"));
        }
        if (row.due) return false;
        if (row.item.retried_as() != 0) {
          v1::OutboxItemName made;
          made.set_number(row.item.retried_as());
          MUSTER_ASSIGN_OR_RETURN(row, FindNamed(session, made));
          return false;
        }
        MUSTER_ASSIGN_OR_RETURN(row, SaveAgain(session, std::move(row), now));
        return true;
      },
      [] {});
  if (!status.ok()) return status;
  return std::move(row.item);
}

absl::StatusOr<v1::OutboxItem> Outbox::Get(const v1::OutboxItemName& name) const {
  OutboxRow row;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(row, FindNamed(session, name));
    MUSTER_ASSIGN_OR_RETURN(*row.item.mutable_submission(), ReadSubmission(session, row.item));
    return absl::OkStatus();
  }));
  return std::move(row.item);
}

absl::StatusOr<std::vector<v1::OutboxItem>> Outbox::List(absl::Span<const v1::DeliveryState> states,
                                                         uint64_t after_number, size_t count_max) const {
  std::vector<v1::OutboxItem> items;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(std::vector<OutboxRow> rows, ListRows(session, states, after_number, count_max));
    for (OutboxRow& row : rows) items.push_back(std::move(row.item));
    return absl::OkStatus();
  }));
  return items;
}

absl::StatusOr<v1::OutboxStatus> Outbox::Counts() const {
  v1::OutboxStatus status;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    const auto count = [&session](v1::DeliveryState state) {
      return session.Value(0, "SELECT count(*) FROM outbox WHERE state = ?1", static_cast<int64_t>(state));
    };
    MUSTER_ASSIGN_OR_RETURN(const int64_t saved_here, count(v1::DELIVERY_STATE_SAVED_HERE));
    MUSTER_ASSIGN_OR_RETURN(const int64_t accepted, count(v1::DELIVERY_STATE_ACCEPTED));
    MUSTER_ASSIGN_OR_RETURN(const int64_t rejected, count(v1::DELIVERY_STATE_REJECTED));
    MUSTER_ASSIGN_OR_RETURN(const int64_t dropped, count(v1::DELIVERY_STATE_DROPPED));
    status.set_saved_here(static_cast<uint64_t>(saved_here));
    status.set_accepted(static_cast<uint64_t>(accepted));
    status.set_rejected(static_cast<uint64_t>(rejected));
    status.set_dropped(static_cast<uint64_t>(dropped));
    MUSTER_ASSIGN_OR_RETURN(const std::vector<OutboxRow> oldest,
                            ListRows(session, {v1::DELIVERY_STATE_SAVED_HERE}, 0, 1));
    if (!oldest.empty()) *status.mutable_oldest_saved_at() = oldest.front().item.saved_at();
    return absl::OkStatus();
  }));
  return status;
}

absl::Status Outbox::NoteSeen(uint64_t number, const v1::SeenBy& seen) {
  return Change(
      [&](Session& session) -> absl::StatusOr<bool> {
        MUSTER_ASSIGN_OR_RETURN(std::optional<OutboxRow> row, FindRow(session, number));
        if (!row.has_value() || EncodeDeterministically(row->item.seen()) == EncodeDeterministically(seen))
          return false;
        *row->item.mutable_seen() = seen;
        MUSTER_RETURN_IF_ERROR(UpdateRow(session, *row));
        return true;
      },
      [] {});
}

std::string Outbox::outbox_id() const {
  absl::MutexLock lock(&mu_);
  return outbox_id_;
}

absl::StatusOr<int64_t> Outbox::RemoveBefore(absl::Time before, int64_t count_max) {
  int64_t removed = 0;
  const absl::Status status = db_->Change([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(const std::vector<std::string> ids, RemovableIds(session, before, count_max));
    removed = static_cast<int64_t>(ids.size());
    for (const std::string& id : ids) {
      MUSTER_RETURN_IF_ERROR(session.Run("DELETE FROM outbox WHERE submission_id = ?1", id));
    }
    return ids.empty() ? absl::OkStatus() : NoteRemoved(session, *std::max_element(ids.begin(), ids.end()));
  });
  if (!status.ok()) return status;
  return removed;
}

}  // namespace muster::agent
