#include "server/broker/feed_seek.h"

#include <algorithm>
#include <utility>

#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

absl::Status BehindCursor() {
  return Refusal(v1::ERROR_REASON_BEHIND_CURSOR,
                 "the cursor lies ahead of this broker; try again shortly, and if it stays so tell the broker's "
                 "operator: its log has been restored from an older copy");
}

uint64_t PositionAt(const FeedMilestone& milestone, absl::Span<const AudienceId> audiences) {
  uint64_t position = 0;
  for (const AudienceId audience : audiences) position += milestone.RankOf(audience);
  return position;
}

}  // namespace

absl::Status HistoryTrimmed() {
  return Refusal(
      v1::ERROR_REASON_HISTORY_TRIMMED,
      "what follows the cursor is no longer kept here; read the current state, whose answers carry a cursor, "
      "and subscribe from that",
      "P2");
}

absl::StatusOr<FeedId> FeedSeek::Find(absl::Span<const AudienceId> audiences, uint64_t position,
                                      const FeedSegment& tail, FeedTables* tables) {
  MUSTER_ASSIGN_OR_RETURN(const FeedTables::Ends ends, tables->ReadEnds());
  AudienceSet memberships;
  for (const AudienceId audience : audiences) memberships.Add(audience);
  if (stretch_.start.number != 0 && stretch_.start.through_id >= ends.trimmed_id) {
    if (const uint64_t before = PositionAt(stretch_.start, audiences); before < position) {
      const std::optional<FeedId> found = Count(memberships, position - before);
      if (found.has_value()) return *found;
    }
  }
  MUSTER_ASSIGN_OR_RETURN(const bool beyond_trimmed, Enter(audiences, position, ends, tables));
  if (!beyond_trimmed) return ends.trimmed_id;
  MUSTER_RETURN_IF_ERROR(Extend(ends, tail, tables));
  const std::optional<FeedId> found = Count(memberships, position - PositionAt(stretch_.start, audiences));
  return found.has_value() ? absl::StatusOr<FeedId>(*found) : BehindCursor();
}

absl::StatusOr<bool> FeedSeek::Enter(absl::Span<const AudienceId> audiences, uint64_t position,
                                     const FeedTables::Ends& ends, FeedTables* tables) {
  MUSTER_ASSIGN_OR_RETURN(FeedMilestone best, tables->ReadMilestone(ends.first_milestone));
  const uint64_t trimmed = PositionAt(best, audiences);
  if (position < trimmed) return HistoryTrimmed();
  if (position == trimmed) return false;
  uint64_t high = ends.last_milestone;  // `best` lies before `position`, those beyond `high` do not.
  while (best.number < high) {
    const uint64_t middle = best.number + (high - best.number + 1) / 2;
    MUSTER_ASSIGN_OR_RETURN(FeedMilestone milestone, tables->ReadMilestone(middle));
    if (PositionAt(milestone, audiences) < position) {
      best = std::move(milestone);
    } else {
      high = middle - 1;
    }
  }
  // Trimming moves a milestone, so its number alone does not tell.
  if (best.number != stretch_.start.number || best.through_id != stretch_.start.through_id) {
    stretch_ = {std::move(best), {}};
  }
  return true;
}

absl::Status FeedSeek::Extend(const FeedTables::Ends& ends, const FeedSegment& tail, FeedTables* tables) {
  FeedId end = std::max(ends.last_id, tail.last_id);
  if (stretch_.start.number < ends.last_milestone) {
    MUSTER_ASSIGN_OR_RETURN(end, tables->ReadMilestoneId(stretch_.start.number + 1));
  }
  while (stretch_.last_id() < end) {
    const FeedId next = stretch_.last_id() + 1;
    if (tail.Has(next)) {
      Add(tail);
    } else {
      MUSTER_ASSIGN_OR_RETURN(const FeedSegment segment, tables->ReadPlaces(next));
      Add(segment);
    }
  }
  return absl::OkStatus();
}

void FeedSeek::Add(const FeedSegment& segment) {
  for (FeedId id = stretch_.last_id() + 1; id <= segment.last_id; ++id) {
    stretch_.audiences.push_back(PlaceAt(segment.places, id - segment.first_id).audience);
  }
}

// The id of the `deliveries`-th notice, from 1, of the stretch that goes to one of `memberships`.
std::optional<FeedId> FeedSeek::Count(const AudienceSet& memberships, uint64_t deliveries) const {
  FeedId id = stretch_.start.through_id;
  for (const AudienceId audience : stretch_.audiences) {
    ++id;
    if (memberships.Has(audience) && --deliveries == 0) return id;
  }
  return std::nullopt;
}

}  // namespace muster
