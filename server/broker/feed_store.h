// Every notice ever addressed, in one order, so that a reader can be given what it has missed. feed.db, SQLite.
//
// Derived data: replaying the event log through State makes it again, byte for byte. So what is appended is written
// some time later, many commits at once, and synced by Sync alone: after a kill or a power cut the store may be behind
// the log (but whole), and if it is damaged it is deleted and rebuilt. What has been trimmed stays counted: ranks and
// ids go on.
//
// FeedStore is the one writing connection; FeedReader (feed_reader.h) is a read-only one.
//
// Threading: one thread at a time (recovery, then the sequencer).
#ifndef MUSTER_SERVER_BROKER_FEED_STORE_H_
#define MUSTER_SERVER_BROKER_FEED_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sqlite.h"
#include "server/broker/feed_reader.h"
#include "server/broker/feed_tables.h"
#include "server/broker/feed_tail.h"
#include "server/log/event_log.h"

namespace muster {

class FeedStore {
 public:
  // Opens feed.db in `dir`, which must exist; makes it when it is not there.
  //
  // Errors: DATA_LOSS feed.db is damaged, or of another version of Muster: Remove it and replay the log from the start.
  //         Otherwise as common/sqlite.h.
  static absl::StatusOr<std::unique_ptr<FeedStore>> Open(absl::string_view dir);

  // Deletes feed.db in `dir` and what SQLite keeps beside it. No store may be open. OK when there is none.
  static absl::Status Remove(absl::string_view dir);

  FeedStore(const FeedStore&) = delete;
  FeedStore& operator=(const FeedStore&) = delete;
  // Writes what has not been written.
  ~FeedStore();

  // Adds the notices of one committed batch that ends with event `last_sequence` (`rows` may be empty). Rows get the
  // ids last_id() + 1 and on. Readers see them when this returns. They stay in memory until there is a segment's worth.
  //
  // Errors: INVALID_ARGUMENT last_sequence is not beyond last_sequence(). Otherwise as common/sqlite.h, of what had
  // been
  //         appended before; nothing was added.
  absl::Status Append(Sequence last_sequence, absl::Span<const FeedRow> rows);

  // Makes everything so far durable. Waits for readers' slices, and for the disk. To be called before anything durable
  // that relies on the store (a snapshot of state) is recorded. UNAVAILABLE: a reader holds on too long; try later.
  absl::Status Sync();

  // Deletes the oldest notices so that `rows_max` remain, once there is a sixty-fourth more than that; at most 10,000 a
  // call so that the caller is not held up. Returns how many it deleted; fewer than 10,000: done.
  absl::StatusOr<uint64_t> TrimTo(uint64_t rows_max);

  // Reads every page and every notice, and counts the ranks again. Slow. DATA_LOSS names what is wrong.
  absl::Status Verify();

  absl::StatusOr<std::unique_ptr<FeedReader>> NewReader() const;

  // The last event whose notices are here.
  Sequence last_sequence() const { return ends_.last_sequence; }
  // The last notice ever added, and the last one trimmed: the store holds the ids between.
  FeedId last_id() const { return ends_.last_id; }
  FeedId trimmed_id() const { return ends_.trimmed_id; }
  // How many notices each audience has been addressed, by audience id; those beyond the end: none.
  const std::vector<uint64_t>& ranks() const { return ranks_; }

 private:
  explicit FeedStore(std::unique_ptr<SqliteDatabase> db) : db_(std::move(db)) {}
  absl::Status Prepare();
  absl::Status CheckEnds();
  absl::Status CheckMilestones();
  absl::Status WriteTail();
  absl::Status WriteSegments();
  absl::Status WriteSegment(FeedId first_id, FeedId last_id, absl::string_view places, absl::string_view bytes);
  absl::Status WriteMilestone(uint64_t number, FeedId through_id, absl::Span<const uint64_t> ranks);
  absl::Status WriteMeta();
  absl::Status TrimInTransaction(uint64_t number, FeedId through_id);
  absl::Status CutAfter(FeedId id);
  absl::Status Damaged(absl::string_view what) const;

  const std::unique_ptr<SqliteDatabase> db_;  // First: outlives the statements.
  FeedTables tables_;
  SqliteStatement write_segment_;
  SqliteStatement write_milestone_;
  SqliteStatement write_meta_;

  FeedTables::Ends ends_;          // With the tail.
  Sequence written_sequence_ = 0;  // That of the tables.
  FeedId milestone_id_ = 0;        // Where the last milestone is.
  std::vector<uint64_t> ranks_;    // At last_id().
  FeedTail tail_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_STORE_H_
