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
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/sqlite.h"
#include "server/log/event_log.h"
#include "server/state/audiences.h"

namespace muster {

// The place of a notice among all notices of this broker: 1, 2, 3 ... without gaps. 0 is before the first. Never leaves
// the broker.
using FeedId = uint64_t;

struct FeedRow {
  Sequence sequence = 0;  // Of the event that it came from.
  AudienceId audience = 0;
  uint64_t rank = 0;        // From 1, among the notices of the audience.
  absl::string_view bytes;  // An encoded v1::Notice. Not owned.
};

class FeedReader {
 public:
  // Opens the feed.db at `path` read-only. A FeedStore must have it open.
  static absl::StatusOr<std::unique_ptr<FeedReader>> Open(absl::string_view path);

  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  // Where to read on for an agency that belongs to `audiences` and has had `position` deliveries: every delivery after
  // that position has a greater id, every one before it does not. 0 for the beginning of untrimmed history.
  //
  // Errors: OUT_OF_RANGE (HISTORY_TRIMMED) some delivery after `position` has been trimmed.
  //         UNAVAILABLE (BEHIND_CURSOR)    the agency has not had so many deliveries here.
  absl::StatusOr<FeedId> Seek(absl::Span<const AudienceId> audiences, uint64_t position);

  // Shows `visit` the notices with `after` < id <= `through`, at most `rows_max` of them, in order, until it returns
  // false. A row's bytes are valid during the call only.
  //
  // Errors: OUT_OF_RANGE (HISTORY_TRIMMED) notices after `after` have been trimmed; nothing was shown. Whether that
  //         matters to a given agency, Seek says.
  using Visitor = std::function<bool(FeedId id, const FeedRow& row)>;
  absl::Status ReadAfter(FeedId after, FeedId through, size_t rows_max, const Visitor& visit);

  // How many notices `audience` had been addressed when the notice `through` was added. Exact from the last trimmed
  // id on.
  absl::StatusOr<uint64_t> RankAt(AudienceId audience, FeedId through);

 private:
  explicit FeedReader(std::unique_ptr<SqliteDatabase> db) : db_(std::move(db)) {}
  absl::Status Prepare();
  absl::StatusOr<FeedId> SeekInTransaction(absl::Span<const AudienceId> audiences, uint64_t position);
  absl::Status ReadInTransaction(FeedId after, FeedId through, size_t rows_max, const Visitor& visit);
  absl::StatusOr<uint64_t> PositionAt(absl::Span<const AudienceId> audiences, FeedId through);

  const std::unique_ptr<SqliteDatabase> db_;  // First: outlives the statements.
  SqliteStatement read_meta_;
  SqliteStatement read_rows_;
  SqliteStatement find_rank_;
  SqliteStatement find_trimmed_rank_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_READER_H_
