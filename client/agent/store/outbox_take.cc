#include "client/agent/store/outbox_take.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "client/agent/store/submission_facts.h"
#include "client/agent/store/verdict.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "muster/v1/error.pb.h"

namespace muster::agent {
namespace {

v1::DeliveryState StateFor(const muster::v1::Outcome& outcome, const v1::OutboxItem& item) {
  if (outcome.has_accepted()) return v1::DELIVERY_STATE_ACCEPTED;
  const bool withdrawn = outcome.rejected().reason() == muster::v1::ERROR_REASON_WITHDRAWN;
  return withdrawn && !item.drop_reason().empty() ? v1::DELIVERY_STATE_DROPPED : v1::DELIVERY_STATE_REJECTED;
}

absl::StatusOr<bool> Decide(Session& session, OutboxRow row, const muster::v1::Outcome& outcome, absl::Time now) {
  row.item.set_state(StateFor(outcome, row.item));
  *row.item.mutable_state_at() = ToProto(now);
  *row.item.mutable_outcome() = outcome;
  row.due = false;
  MUSTER_RETURN_IF_ERROR(UpdateRow(session, row));
  return true;
}

// No broker can say any more what became of it, not to a withdrawal either: a person must.
absl::StatusOr<bool> Hold(Session& session, OutboxRow row, const muster::v1::Rejected& why) {
  if (!row.due) return false;
  row.due = false;
  *row.item.mutable_refusal() = why;
  MUSTER_RETURN_IF_ERROR(UpdateRow(session, row));
  return true;
}

// Takes the answers one by one.
class Taker {
 public:
  Taker(Session& session, absl::Time now, uint64_t new_after) : session_(session), now_(now), new_after_(new_after) {}

  absl::StatusOr<bool> Take(const muster::v1::SubmissionAnswer& answer) {
    const Verdict verdict = Judge(answer);
    if (verdict == Verdict::kUndecided || verdict == Verdict::kGap) return false;
    MUSTER_ASSIGN_OR_RETURN(std::optional<OutboxRow> row, FindRow(session_, answer.submission_id()));
    if (!row.has_value() || row->item.state() != v1::DELIVERY_STATE_SAVED_HERE) return false;
    switch (verdict) {
      case Verdict::kDecided:
        return Decide(session_, *std::move(row), answer.outcome(), now_);
      case Verdict::kRefused:
        return NoteRefusal(session_, *std::move(row), ObjectionIn(answer));
      case Verdict::kForgotten:
        // What this process has saved and no broker's decision has reached cannot have been confirmed: another used the
        // number, before the store was restored from an old copy.
        if (row->item.number() > new_after_) return RenumberFrom(*row);
        return Hold(session_, *std::move(row), ObjectionIn(answer));
      case Verdict::kNumberTaken:
        return RenumberFrom(*row);
      case Verdict::kUndecided:
      case Verdict::kGap:
        break;
    }
    return false;
  }

 private:
  absl::StatusOr<bool> RenumberFrom(const OutboxRow& row) {
    const uint64_t number = row.item.number();
    // What was moved just now has a new number, which this answer is not about.
    if (!row.due || number >= moved_from_) return false;
    MUSTER_RETURN_IF_ERROR(Renumber(session_, number, now_));
    moved_from_ = number;
    return true;
  }

  Session& session_;
  const absl::Time now_;
  const uint64_t new_after_;
  uint64_t moved_from_ = UINT64_MAX;
};

// The first item that `answers` report a gap before, though nothing before it is to be sent in its outbox; 0 for none.
absl::StatusOr<uint64_t> FindGap(Session& session, absl::Span<const muster::v1::SubmissionAnswer> answers) {
  uint64_t gap_at = 0;
  for (const muster::v1::SubmissionAnswer& answer : answers) {
    if (Judge(answer) != Verdict::kGap) continue;
    MUSTER_ASSIGN_OR_RETURN(const std::optional<OutboxRow> row, FindRow(session, answer.submission_id()));
    if (!row.has_value() || !row->due) continue;
    MUSTER_ASSIGN_OR_RETURN(const std::optional<OutboxRow> first_due, FirstDue(session, row->outbox));
    const uint64_t number = row->item.number();
    if (!first_due.has_value() || first_due->item.number() != number) continue;
    if (gap_at == 0 || number < gap_at) gap_at = number;
  }
  return gap_at;
}

}  // namespace

absl::StatusOr<bool> TakeAnswers(Session& session, absl::Span<const muster::v1::SubmissionAnswer> answers,
                                 absl::Time now, uint64_t new_after, uint64_t* gap_at) {
  // Before anything is settled: a gap may be reported and closed in one go.
  MUSTER_ASSIGN_OR_RETURN(const uint64_t gap_at_now, FindGap(session, answers));
  Taker taker(session, now, new_after);
  bool changed = false;
  for (const muster::v1::SubmissionAnswer& answer : answers) {
    MUSTER_ASSIGN_OR_RETURN(const bool one, taker.Take(answer));
    changed = changed || one;
  }
  const bool gap_stays = !changed && gap_at_now != 0 && gap_at_now == *gap_at;
  *gap_at = changed || gap_stays ? 0 : gap_at_now;
  if (!gap_stays) return changed;
  MUSTER_RETURN_IF_ERROR(Renumber(session, gap_at_now, now));
  return true;
}

absl::StatusOr<bool> NoteRefusal(Session& session, OutboxRow row, const muster::v1::Rejected& why) {
  if (!row.due || WithdrawalIsDue(row.item)) return false;
  *row.item.mutable_refusal() = why;
  MUSTER_RETURN_IF_ERROR(UpdateRow(session, row));
  return true;
}

}  // namespace muster::agent
