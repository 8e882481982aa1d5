// Finds the place in the feed store where an agency's n-th delivery is.
//
// A position is the sum of the ranks that the agency's audiences have reached. The milestones before and after it are
// found by halving, and the rest by counting along the notices between; these are kept, because the readers that come
// back after a break all look in the same stretch.
//
// Threading: its reader's.
#ifndef MUSTER_SERVER_BROKER_FEED_SEEK_H_
#define MUSTER_SERVER_BROKER_FEED_SEEK_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "server/broker/audience_set.h"
#include "server/broker/feed_tables.h"

namespace muster {

// OUT_OF_RANGE (HISTORY_TRIMMED): what follows a cursor is no longer kept.
absl::Status HistoryTrimmed();

class FeedSeek {
 public:
  // As FeedReader::Seek; to be called in a read transaction on the connection of `tables`, which hold all that is
  // before `tail`.
  absl::StatusOr<FeedId> Find(absl::Span<const AudienceId> audiences, uint64_t position, const FeedSegment& tail,
                              FeedTables* tables);

 private:
  // The audiences of the notices that follow one milestone, up to the next one or to where it was last looked at.
  struct Stretch {
    FeedMilestone start;
    std::vector<AudienceId> audiences;

    FeedId last_id() const { return start.through_id + audiences.size(); }
  };

  // Makes stretch_ the one whose milestone is the last before `position`. False: `position` is where the history
  // begins.
  absl::StatusOr<bool> Enter(absl::Span<const AudienceId> audiences, uint64_t position, const FeedTables::Ends& ends,
                             FeedTables* tables);
  absl::Status Extend(const FeedTables::Ends& ends, const FeedSegment& tail, FeedTables* tables);
  void Add(const FeedSegment& segment);
  std::optional<FeedId> Count(const AudienceSet& memberships, uint64_t deliveries) const;

  Stretch stretch_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_SEEK_H_
