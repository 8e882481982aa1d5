// Reads the feed store: finds where an agency's n-th delivery is, and what follows it.
//
// A feed is not stored per agency. The store holds notices in one global order, each with its audience and its rank
// (the how-many-th of its audience it is), so an agency's position at any id is the sum of the ranks that its audiences
// have reached there. Positions never depend on what others receive (rule P7).
//
// Threading: one thread at a time; any number of readers beside the writing FeedStore, which outlives them.
#ifndef MUSTER_SERVER_BROKER_FEED_READER_H_
#define MUSTER_SERVER_BROKER_FEED_READER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sqlite.h"
#include "server/broker/feed_seek.h"
#include "server/broker/feed_tables.h"
#include "server/broker/feed_tail.h"
#include "server/state/audiences.h"

namespace muster {

class FeedReader {
 public:
  // Opens the feed.db at `path` read-only. `tail` is that of the FeedStore that has it open.
  static absl::StatusOr<std::unique_ptr<FeedReader>> Open(absl::string_view path, const FeedTail* tail);

  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  // Where to read on for an agency that belongs to `audiences` and has had `position` deliveries: every delivery after
  // that position has a greater id, every one before it does not. 0 for the beginning of untrimmed history.
  //
  // Errors: OUT_OF_RANGE (HISTORY_TRIMMED) some delivery after `position` has been trimmed.
  //         UNAVAILABLE (BEHIND_CURSOR)    the agency has not had so many deliveries here.
  absl::StatusOr<FeedId> Seek(absl::Span<const AudienceId> audiences, uint64_t position);

  // Shows `visit` the notices with `after` < id <= `through`, at most `rows_max` of them, in order, until it returns
  // false. A row's bytes lie in `block`, which it shares with its neighbours: who keeps the bytes keeps the block.
  //
  // Errors: OUT_OF_RANGE (HISTORY_TRIMMED) notices after the last one shown have been trimmed. Whether that matters to
  //         a given agency, Seek says.
  //         DATA_LOSS                      the next one is damaged.
  using Block = std::shared_ptr<const std::string>;
  using Visitor = absl::FunctionRef<bool(FeedId id, const FeedRow& row, const Block& block)>;
  absl::Status ReadAfter(FeedId after, FeedId through, size_t rows_max, Visitor visit);

 private:
  FeedReader(std::unique_ptr<SqliteDatabase> db, FeedTables tables, const FeedTail* tail)
      : db_(std::move(db)), tables_(std::move(tables)), tail_(tail) {}
  absl::StatusOr<const FeedSegment*> SegmentOf(FeedId id);
  absl::Status WhyNotRead(FeedId id, const absl::Status& status);

  const std::unique_ptr<SqliteDatabase> db_;  // First: outlives the statements.
  FeedTables tables_;
  const FeedTail* const tail_;  // Not owned.
  FeedSeek seek_;
  // Those read last, in no order: readers that catch up together share their blocks.
  std::vector<FeedSegment> recent_;
  size_t oldest_ = 0;  // Where the next one goes once there are enough.
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_READER_H_
