// Every delivery of the agency's feed that has arrived here, in order.
//
// The cursor to go on from is that of the last delivery stored: there is no other, so it cannot run ahead of what is
// durable.
//
// Threading: thread-safe. Errors of the storage as in outbox.h.
#ifndef MUSTER_CLIENT_AGENT_STORE_INBOX_H_
#define MUSTER_CLIENT_AGENT_STORE_INBOX_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/agent/store/mirror.h"
#include "common/revision.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class Database;

class Inbox {
 public:
  // A delivery with its place here: 1, 2, 3 ... without gaps but for what Maintain removed at the beginning.
  struct Stored {
    uint64_t row = 0;
    muster::v1::Delivery delivery;
    absl::Time received_at;
  };

  explicit Inbox(Database* db);  // Not owned; outlives this.

  // Stores `deliveries` and what they say about reads (`answers`), in one commit. The first must follow cursor(),
  // unless that is empty. The first gets the row last_row() + 1.
  //
  // Errors: DATA_LOSS  a delivery does not follow the one before it; nothing was stored. See NoteGap.
  absl::Status Append(absl::Span<const muster::v1::Delivery> deliveries, absl::Span<const MirrorAnswer> answers,
                      absl::Time now);

  // The brokers cannot supply what follows cursor(): the gap is on record for ever, and the next delivery is to follow
  // `next_cursor` (empty: whatever comes, from the beginning).
  absl::Status NoteGap(const v1::FeedGap& gap);

  // The cursor of the last delivery stored, or where NoteGap said to go on. Empty: from the beginning.
  std::string cursor() const;
  // The row of the last delivery; 0 before the first.
  uint64_t last_row() const;
  absl::StatusOr<v1::InboxStatus> Status() const;  // Of what is kept; without caught_up; at most the last 100 gaps.

  // At most `count_max` and about 1 MiB of deliveries after `row`.
  absl::StatusOr<std::vector<Stored>> After(uint64_t row, size_t count_max) const;
  // Where a reader goes on who has this cursor (empty: the beginning). OUT_OF_RANGE (HISTORY_TRIMMED) when it is older
  // than what is kept; DATA_LOSS (CURSOR_NOT_OURS) when it is none of ours. Once something has been removed the two
  // cannot be told apart, and the first is said.
  absl::StatusOr<uint64_t> RowOf(absl::string_view cursor) const;

  // The last row for which the hook is done. Never goes back. INVALID_ARGUMENT beyond last_row().
  uint64_t hook_row() const;
  absl::Status SetHookRow(uint64_t row);

  // Bumped by every Append and NoteGap.
  const Revision& revision() const { return revision_; }
  // Bumps the revision though nothing has changed, for those who wait for that and for something else.
  void Wake() { revision_.Bump(); }

 private:
  friend class Store;

  // Where the feed stands: what the database says, kept at hand.
  struct Position {
    std::string cursor;
    uint64_t last_row = 0;
    uint64_t hook_row = 0;
  };

  // Reads the position. Once, before anything else.
  absl::Status Load();
  // Removes at most `count_max` rows received before `before`, from the first on, but for the last and what the hook
  // has not seen. How many it removed.
  absl::StatusOr<int64_t> RemoveBefore(absl::Time before, int64_t count_max);
  Position position() const;
  void SetPosition(Position position);

  Database* const db_;
  Revision revision_;
  mutable absl::Mutex mu_;  // A leaf.
  Position position_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_INBOX_H_
