// How feed.db keeps notices, and the reading of it that FeedStore and FeedReader share.
//
// Table `segment`: notices that were written together. The rows follow each other without a gap.
//   first_id, last_id        the notices in it
//   places                   24 bytes a notice: sequence u64 | rank u64 | audience u32 | length u32, little-endian
//   bytes                    the notices, one behind the other
//   places_crc, bytes_crc    CRC-32 (zlib) of either
//
// Table `milestone`: the rank that every audience had reached at certain ids, so that a position is found by reading
// the places from one milestone to the next, however long the history. Trimmed history ends at the first milestone,
// which is at 0 in the beginning.
//   number                   one more than that of the milestone before
//   through_id               the last id of a segment, or the last one trimmed
//   ranks                    8 bytes an audience, by audience id, little-endian; those beyond the end have rank 0
//   ranks_crc
//
// Table `meta`: one row, with the last notice in the tables and the last event whose notices are there.
#ifndef MUSTER_SERVER_BROKER_FEED_TABLES_H_
#define MUSTER_SERVER_BROKER_FEED_TABLES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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

// All that a row of `segment` says of one notice but its bytes.
struct FeedPlace {
  Sequence sequence = 0;
  uint64_t rank = 0;
  AudienceId audience = 0;
  uint32_t length = 0;
};

constexpr size_t kFeedPlaceBytes = 24;

void AppendPlace(const FeedRow& row, std::string* places);
FeedPlace PlaceAt(absl::string_view places, size_t index);
std::string EncodeRanks(absl::Span<const uint64_t> ranks);

struct FeedSegment {
  FeedId first_id = 1;
  FeedId last_id = 0;
  std::string places;
  std::shared_ptr<const std::string> block;  // The notices' bytes. Null when only the places were read.

  bool Has(FeedId id) const { return first_id <= id && id <= last_id; }
};

struct FeedMilestone {
  uint64_t number = 0;
  FeedId through_id = 0;
  std::vector<uint64_t> ranks;  // By audience.

  uint64_t RankOf(AudienceId audience) const { return audience < ranks.size() ? ranks[audience] : 0; }
};

// The statements that read. Threading: its connection's.
//
// Errors, of every call: DATA_LOSS what was read is not what was written. Otherwise as common/sqlite.h.
class FeedTables {
 public:
  FeedTables() = default;
  // `db` outlives this.
  static absl::StatusOr<FeedTables> Prepare(SqliteDatabase* db);

  // The notices that the tables hold are those after `trimmed_id` up to `last_id`.
  struct Ends {
    uint64_t first_milestone = 0;
    uint64_t last_milestone = 0;
    FeedId trimmed_id = 0;
    FeedId last_id = 0;
    Sequence last_sequence = 0;
  };
  absl::StatusOr<Ends> ReadEnds();
  absl::StatusOr<FeedId> ReadTrimmedId();

  // The segment that holds `id`, which the tables must hold: with the notices' bytes, or its places alone.
  absl::StatusOr<FeedSegment> ReadSegment(FeedId id) { return ReadSegmentBy(&read_segment_, id); }
  absl::StatusOr<FeedSegment> ReadPlaces(FeedId id) { return ReadSegmentBy(&read_places_, id); }

  absl::StatusOr<FeedMilestone> ReadMilestone(uint64_t number);
  absl::StatusOr<FeedId> ReadMilestoneId(uint64_t number);
  // The last one that is not beyond `id`.
  absl::StatusOr<uint64_t> FindMilestone(FeedId id);

  // Counts on to `through_id`, which the tables hold.
  absl::Status Advance(FeedId through_id, FeedMilestone* milestone);

 private:
  explicit FeedTables(std::string path) : path_(std::move(path)) {}
  absl::Status Damaged(absl::string_view what) const;
  absl::StatusOr<FeedSegment> ReadSegmentBy(SqliteStatement* statement, FeedId id);

  std::string path_;
  SqliteStatement read_ends_;
  SqliteStatement read_trimmed_;
  SqliteStatement read_segment_;
  SqliteStatement read_places_;
  SqliteStatement read_milestone_;
  SqliteStatement read_milestone_id_;
  SqliteStatement find_milestone_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_TABLES_H_
