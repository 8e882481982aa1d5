#include "server/broker/feed_tables.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// Both become one instruction where the machine is little-endian.
template <typename Number>
void PutLittleEndian(Number value, char* to) {
  for (size_t i = 0; i < sizeof(Number); ++i) to[i] = static_cast<char>(value >> (8 * i));
}

template <typename Number>
Number GetLittleEndian(const char* from) {
  Number value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i)
    value |= static_cast<Number>(static_cast<unsigned char>(from[i])) << 8 * i;
  return value;
}

// The statement's reading ends when this goes out of scope.
class Resetter {
 public:
  explicit Resetter(SqliteStatement* statement) : statement_(statement) {}
  ~Resetter() { statement_->Reset(); }
  Resetter(const Resetter&) = delete;
  Resetter& operator=(const Resetter&) = delete;

 private:
  SqliteStatement* const statement_;
};

uint64_t LengthOfAll(absl::string_view places) {
  uint64_t length = 0;
  for (size_t i = 0; i < places.size() / kFeedPlaceBytes; ++i) length += PlaceAt(places, i).length;
  return length;
}

}  // namespace

void AppendPlace(const FeedRow& row, std::string* places) {
  char place[kFeedPlaceBytes];
  PutLittleEndian<uint64_t>(row.sequence, place);
  PutLittleEndian<uint64_t>(row.rank, place + 8);
  PutLittleEndian<uint32_t>(row.audience, place + 16);
  PutLittleEndian<uint32_t>(static_cast<uint32_t>(row.bytes.size()), place + 20);
  places->append(place, sizeof(place));
}

FeedPlace PlaceAt(absl::string_view places, size_t index) {
  const char* place = places.data() + index * kFeedPlaceBytes;
  return {GetLittleEndian<uint64_t>(place), GetLittleEndian<uint64_t>(place + 8), GetLittleEndian<uint32_t>(place + 16),
          GetLittleEndian<uint32_t>(place + 20)};
}

std::string EncodeRanks(absl::Span<const uint64_t> ranks) {
  std::string bytes(ranks.size() * 8, '\0');
  for (size_t i = 0; i < ranks.size(); ++i) PutLittleEndian<uint64_t>(ranks[i], &bytes[i * 8]);
  return bytes;
}

absl::StatusOr<FeedTables> FeedTables::Prepare(SqliteDatabase* db) {
  FeedTables tables(db->path());
  MUSTER_ASSIGN_OR_RETURN(
      tables.read_ends_,
      db->Prepare("SELECT min(number), max(number), (SELECT through_id FROM milestone ORDER BY number LIMIT 1),"
                  "  (SELECT last_id FROM meta), (SELECT last_sequence FROM meta) FROM milestone"));
  MUSTER_ASSIGN_OR_RETURN(tables.read_trimmed_,
                          db->Prepare("SELECT through_id FROM milestone ORDER BY number LIMIT 1"));
  MUSTER_ASSIGN_OR_RETURN(tables.read_segment_,
                          db->Prepare("SELECT first_id, last_id, places_crc, places, bytes_crc, bytes FROM segment"
                                      " WHERE first_id <= ?1 ORDER BY first_id DESC LIMIT 1"));
  MUSTER_ASSIGN_OR_RETURN(tables.read_places_, db->Prepare("SELECT first_id, last_id, places_crc, places FROM segment"
                                                           " WHERE first_id <= ?1 ORDER BY first_id DESC LIMIT 1"));
  MUSTER_ASSIGN_OR_RETURN(tables.read_milestone_,
                          db->Prepare("SELECT through_id, ranks_crc, ranks FROM milestone WHERE number = ?1"));
  MUSTER_ASSIGN_OR_RETURN(tables.read_milestone_id_, db->Prepare("SELECT through_id FROM milestone WHERE number = ?1"));
  MUSTER_ASSIGN_OR_RETURN(
      tables.find_milestone_,
      db->Prepare("SELECT number FROM milestone WHERE through_id <= ?1 ORDER BY through_id DESC LIMIT 1"));
  return tables;
}

absl::Status FeedTables::Damaged(absl::string_view what) const {
  return absl::DataLossError(absl::StrCat(path_, ": ", what,
                                          "; stop the broker and delete the file, it builds it again "
                                          "from the event log"));
}

absl::StatusOr<FeedTables::Ends> FeedTables::ReadEnds() {
  const Resetter resetter(&read_ends_);
  MUSTER_ASSIGN_OR_RETURN(const bool found, read_ends_.Step());
  if (!found || read_ends_.ColumnIsNull(0)) return Damaged("its first milestone is missing");
  if (read_ends_.ColumnIsNull(3)) return Damaged("its row of totals is missing");
  const auto column = [this](int index) { return static_cast<uint64_t>(read_ends_.ColumnInt64(index)); };
  return Ends{column(0), column(1), column(2), column(3), column(4)};
}

absl::StatusOr<FeedId> FeedTables::ReadTrimmedId() {
  const Resetter resetter(&read_trimmed_);
  MUSTER_ASSIGN_OR_RETURN(const bool found, read_trimmed_.Step());
  if (!found) return Damaged("its first milestone is missing");
  return static_cast<FeedId>(read_trimmed_.ColumnInt64(0));
}

absl::StatusOr<FeedSegment> FeedTables::ReadSegmentBy(SqliteStatement* statement, FeedId id) {
  const Resetter resetter(statement);
  statement->BindInt64(1, static_cast<int64_t>(id));
  MUSTER_ASSIGN_OR_RETURN(const bool found, statement->Step());
  FeedSegment segment;
  if (found) {
    segment.first_id = static_cast<FeedId>(statement->ColumnInt64(0));
    segment.last_id = static_cast<FeedId>(statement->ColumnInt64(1));
  }
  if (!segment.Has(id)) return Damaged(absl::StrCat("notice ", id, " is missing"));
  const absl::string_view places = statement->ColumnBlob(3);
  bool sound = places.size() == (segment.last_id - segment.first_id + 1) * kFeedPlaceBytes &&
               Crc32(places) == statement->ColumnInt64(2);
  segment.places.assign(places.data(), places.size());
  if (statement == &read_segment_ && sound) {
    const absl::string_view bytes = statement->ColumnBlob(5);
    sound = bytes.size() == LengthOfAll(places) && Crc32(bytes) == statement->ColumnInt64(4);
    segment.block = std::make_shared<const std::string>(bytes.data(), bytes.size());
  }
  if (!sound) return Damaged(absl::StrCat("notices ", segment.first_id, " to ", segment.last_id, " are damaged"));
  return segment;
}

absl::StatusOr<FeedMilestone> FeedTables::ReadMilestone(uint64_t number) {
  const Resetter resetter(&read_milestone_);
  read_milestone_.BindInt64(1, static_cast<int64_t>(number));
  MUSTER_ASSIGN_OR_RETURN(const bool found, read_milestone_.Step());
  if (!found) return Damaged(absl::StrCat("milestone ", number, " is missing"));
  const absl::string_view ranks = read_milestone_.ColumnBlob(2);
  if (Crc32(ranks) != read_milestone_.ColumnInt64(1)) {
    return Damaged(absl::StrCat("milestone ", number, " is damaged"));
  }
  FeedMilestone milestone;
  milestone.number = number;
  milestone.through_id = static_cast<FeedId>(read_milestone_.ColumnInt64(0));
  milestone.ranks.resize(ranks.size() / 8);
  for (size_t i = 0; i < milestone.ranks.size(); ++i) milestone.ranks[i] = GetLittleEndian<uint64_t>(&ranks[i * 8]);
  return milestone;
}

absl::StatusOr<FeedId> FeedTables::ReadMilestoneId(uint64_t number) {
  const Resetter resetter(&read_milestone_id_);
  read_milestone_id_.BindInt64(1, static_cast<int64_t>(number));
  MUSTER_ASSIGN_OR_RETURN(const bool found, read_milestone_id_.Step());
  if (!found) return Damaged(absl::StrCat("milestone ", number, " is missing"));
  return static_cast<FeedId>(read_milestone_id_.ColumnInt64(0));
}

absl::StatusOr<uint64_t> FeedTables::FindMilestone(FeedId id) {
  const Resetter resetter(&find_milestone_);
  find_milestone_.BindInt64(1, static_cast<int64_t>(id));
  MUSTER_ASSIGN_OR_RETURN(const bool found, find_milestone_.Step());
  if (!found) return Damaged(absl::StrCat("no milestone is before notice ", id));
  return static_cast<uint64_t>(find_milestone_.ColumnInt64(0));
}

absl::Status FeedTables::Advance(FeedId through_id, FeedMilestone* milestone) {
  while (milestone->through_id < through_id) {
    const FeedId next = milestone->through_id + 1;
    MUSTER_ASSIGN_OR_RETURN(const FeedSegment segment, ReadPlaces(next));
    const FeedId last = std::min(segment.last_id, through_id);
    for (FeedId id = next; id <= last; ++id) {
      const FeedPlace place = PlaceAt(segment.places, id - segment.first_id);
      if (place.rank != milestone->RankOf(place.audience) + 1) {
        return Damaged(absl::StrCat("the notices of audience ", place.audience, " have a gap at notice ", id));
      }
      if (place.audience >= milestone->ranks.size()) milestone->ranks.resize(place.audience + 1, 0);
      milestone->ranks[place.audience] = place.rank;
    }
    milestone->through_id = last;
  }
  return absl::OkStatus();
}

}  // namespace muster
