#include "client/agent/store/inbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/agent/store/database.h"
#include "client/agent/store/encoding.h"
#include "client/agent/store/inbox_rows.h"
#include "client/agent/store/mirror_rows.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/failpoint.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

constexpr size_t kReadBytesMax = 1 << 20;
constexpr size_t kGapsShownMax = 100;

std::string Name(absl::string_view cursor) { return cursor.empty() ? "nothing" : absl::BytesToHexString(cursor); }

// DATA_LOSS unless each delivery follows the one before it, and the first `cursor`.
absl::Status CheckChain(absl::Span<const muster::v1::Delivery> deliveries, std::string cursor) {
  for (const muster::v1::Delivery& delivery : deliveries) {
    if (delivery.cursor().empty()) return absl::DataLossError("a delivery has no cursor; nothing was stored");
    if (!cursor.empty() && delivery.previous_cursor() != cursor) {
      return absl::DataLossError(absl::StrCat("the feed has a gap: the last delivery stored is ", Name(cursor),
                                              ", but delivery ", Name(delivery.cursor()), " says that it follows ",
                                              Name(delivery.previous_cursor()), "; nothing was stored"));
    }
    cursor = delivery.cursor();
  }
  return absl::OkStatus();
}

}  // namespace

Inbox::Inbox(Database* db) : db_(db) {}

absl::Status Inbox::Load() {
  return db_->Read([this](Session& session) -> absl::Status {
    Position position;
    MUSTER_ASSIGN_OR_RETURN(position.cursor, ReadCursor(session));
    MUSTER_ASSIGN_OR_RETURN(const int64_t last_row, session.Value(0, "SELECT max(row) FROM inbox"));
    MUSTER_ASSIGN_OR_RETURN(const int64_t hook_row, session.Value(0, "SELECT hook_row FROM progress"));
    position.last_row = static_cast<uint64_t>(last_row);
    position.hook_row = static_cast<uint64_t>(hook_row);
    SetPosition(std::move(position));
    return absl::OkStatus();
  });
}

absl::Status Inbox::Append(absl::Span<const muster::v1::Delivery> deliveries, absl::Span<const MirrorAnswer> answers,
                           absl::Time now) {
  Position next;
  return db_->Change(
      [&](Session& session) {
        next = position();
        MUSTER_RETURN_IF_ERROR(CheckChain(deliveries, next.cursor));
        for (const muster::v1::Delivery& delivery : deliveries) {
          MUSTER_RETURN_IF_ERROR(InsertDelivery(session, ++next.last_row, delivery, now));
          next.cursor = delivery.cursor();
        }
        for (const MirrorAnswer& answer : answers) MUSTER_RETURN_IF_ERROR(PutMirrorRow(session, answer));
        MUSTER_FAILPOINT("agent.append.before_commit");
        return absl::OkStatus();
      },
      [&] {
        MUSTER_FAILPOINT("agent.append.after_commit");
        SetPosition(std::move(next));
        revision_.Bump();
      });
}

absl::Status Inbox::NoteGap(const v1::FeedGap& gap) {
  Position next;
  return db_->Change(
      [&](Session& session) {
        next = position();
        next.cursor = gap.next_cursor();
        return InsertGap(session, next.last_row, gap);
      },
      [&] {
        SetPosition(std::move(next));
        revision_.Bump();
      });
}

std::string Inbox::cursor() const { return position().cursor; }

uint64_t Inbox::last_row() const { return position().last_row; }

absl::StatusOr<v1::InboxStatus> Inbox::Status() const {
  v1::InboxStatus status;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    const Position at = position();
    status.set_cursor(at.cursor);
    MUSTER_ASSIGN_OR_RETURN(const int64_t first_row, session.Value(1, "SELECT min(row) FROM inbox"));
    status.set_deliveries(at.last_row + 1 - static_cast<uint64_t>(first_row));
    if (at.last_row > 0) {
      MUSTER_ASSIGN_OR_RETURN(const int64_t received_at,
                              session.Value(0, "SELECT received_at FROM inbox WHERE row = ?1", at.last_row));
      *status.mutable_last_delivery_at() = ToProto(FromColumn(received_at));
    }
    MUSTER_ASSIGN_OR_RETURN(std::vector<v1::FeedGap> gaps, ReadGaps(session, kGapsShownMax));
    for (v1::FeedGap& gap : gaps) *status.add_gaps() = std::move(gap);
    return absl::OkStatus();
  }));
  return status;
}

absl::StatusOr<std::vector<Inbox::Stored>> Inbox::After(uint64_t row, size_t count_max) const {
  std::vector<SealedDelivery> sealed;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(sealed, ReadDeliveries(session, row, count_max, kReadBytesMax));
    return absl::OkStatus();
  }));
  // Opened without the lock: nobody waits for it.
  std::vector<Stored> deliveries;
  deliveries.reserve(sealed.size());
  for (const SealedDelivery& one : sealed) {
    MUSTER_ASSIGN_OR_RETURN(Stored stored, OpenDelivery(db_->sealer(), one));
    deliveries.push_back(std::move(stored));
  }
  return deliveries;
}

absl::StatusOr<uint64_t> Inbox::RowOf(absl::string_view cursor) const {
  std::optional<uint64_t> row;
  uint64_t first_row = 1;
  MUSTER_RETURN_IF_ERROR(db_->Read([&](Session& session) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(const int64_t first, session.Value(1, "SELECT min(row) FROM inbox"));
    first_row = static_cast<uint64_t>(first);
    if (cursor.empty()) {
      row = first_row - 1;
      return absl::OkStatus();
    }
    MUSTER_ASSIGN_OR_RETURN(row, FindCursor(session, cursor));
    return absl::OkStatus();
  }));
  if (row.has_value() && *row + 1 >= first_row) return *row;
  if (first_row > 1) {
    return Refusal(
        muster::v1::ERROR_REASON_HISTORY_TRIMMED,
        "what follows the cursor is no longer kept here; read the current state and follow the feed from its "
        "beginning or from now",
        "P2");
  }
  return Refusal(muster::v1::ERROR_REASON_CURSOR_NOT_OURS,
                 absl::StrCat("the cursor ", Name(cursor),
                              " is not of this feed; read the current state, whose answers carry a cursor"));
}

uint64_t Inbox::hook_row() const { return position().hook_row; }

absl::Status Inbox::SetHookRow(uint64_t row) {
  Position next;
  return db_->Change(
      [&](Session& session) -> absl::Status {
        next = position();
        if (row > next.last_row) {
          return absl::InvalidArgumentError(
              absl::StrCat("the hook cannot be done with delivery ", row, ": the last one is ", next.last_row));
        }
        if (row <= next.hook_row) return absl::OkStatus();
        next.hook_row = row;
        return session.Run("UPDATE progress SET hook_row = ?1", row);
      },
      [&] { SetPosition(std::move(next)); });
}

absl::StatusOr<int64_t> Inbox::RemoveBefore(absl::Time before, int64_t count_max) {
  int64_t removed = 0;
  const absl::Status status = db_->Change([&](Session& session) -> absl::Status {
    const Position at = position();
    const uint64_t keep_from = std::min(at.last_row, at.hook_row + 1);
    // From the beginning only: a row that a clock set back made look old goes with those before it, or stays.
    MUSTER_ASSIGN_OR_RETURN(
        const int64_t first_young,
        session.Value(static_cast<int64_t>(at.last_row),
                      "SELECT row FROM inbox WHERE received_at >= ?1 ORDER BY row LIMIT 1", ToColumn(before)));
    MUSTER_RETURN_IF_ERROR(
        session.Run("DELETE FROM inbox WHERE row IN (SELECT row FROM inbox WHERE row < ?1 ORDER BY row LIMIT ?2)",
                    std::min(static_cast<int64_t>(keep_from), first_young), count_max));
    removed = session.changes();
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return removed;
}

Inbox::Position Inbox::position() const {
  absl::MutexLock lock(&mu_);
  return position_;
}

void Inbox::SetPosition(Position position) {
  absl::MutexLock lock(&mu_);
  position_ = std::move(position);
}

}  // namespace muster::agent
