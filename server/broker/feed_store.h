// Every notice ever addressed, in one order, so that a reader can be given what it has missed. feed.db, SQLite.
//
// Derived data: replaying the event log through State makes it again, byte for byte. So a commit is not synced: after a
// kill everything committed is there, after a power cut the store may be behind the log (but whole), and if it is
// damaged it is deleted and rebuilt. What has been trimmed stays counted: ranks and ids go on.
//
// FeedStore is the one writing connection; FeedReader (feed_reader.h) is a read-only one.
//
// Threading: one thread at a time (recovery, then the sequencer).
#ifndef MUSTER_SERVER_BROKER_FEED_STORE_H_
#define MUSTER_SERVER_BROKER_FEED_STORE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sqlite.h"
#include "server/broker/feed_reader.h"
#include "server/log/event_log.h"
#include "server/state/audiences.h"

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

  // Adds the notices of one committed batch that ends with event `last_sequence` (`rows` may be empty), in one
  // transaction. Rows get the ids last_id() + 1 and on. Readers see them when this returns; not synced.
  //
  // Errors: INVALID_ARGUMENT last_sequence is not beyond last_sequence(). Otherwise as common/sqlite.h; nothing was
  //         added, or (UNKNOWN) it is not known: open the store again.
  absl::Status Append(Sequence last_sequence, absl::Span<const FeedRow> rows);

  // Makes everything so far durable. Waits for readers' slices, and for the disk. To be called before anything durable
  // that relies on the store (a snapshot of state) is recorded. UNAVAILABLE: a reader holds on too long; try later.
  absl::Status Sync();

  // Deletes the oldest notices so that `rows_max` remain, at most 10,000 a call so that the caller is not held up.
  // Returns how many it deleted; fewer than 10,000: done.
  absl::StatusOr<uint64_t> TrimTo(uint64_t rows_max);

  // Reads every page and every count. Slow. DATA_LOSS names what is wrong.
  absl::Status Verify();

  absl::StatusOr<std::unique_ptr<FeedReader>> NewReader() const;

  // The last event whose notices are here.
  Sequence last_sequence() const { return meta_.last_sequence; }
  // The last notice ever added, and the last one trimmed: the store holds the ids between.
  FeedId last_id() const { return meta_.last_id; }
  FeedId trimmed_id() const { return meta_.trimmed_id; }

 private:
  // The one row of table `meta`.
  struct Meta {
    Sequence last_sequence = 0;
    FeedId last_id = 0;
    FeedId trimmed_id = 0;
  };

  explicit FeedStore(std::unique_ptr<SqliteDatabase> db) : db_(std::move(db)) {}
  absl::Status Prepare();
  absl::Status CheckMeta();
  absl::Status WriteMeta(const Meta& meta);
  absl::Status Damaged(absl::string_view what) const;

  const std::unique_ptr<SqliteDatabase> db_;  // First: outlives the statements.
  SqliteStatement insert_notice_;
  SqliteStatement write_meta_;
  Meta meta_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_STORE_H_
