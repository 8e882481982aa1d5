#include "server/broker/feed_reader.h"

#include <algorithm>
#include <utility>

#include "common/status_macros.h"

namespace muster {
namespace {

// With blocks of up to 256 KiB: at most 4 MiB.
constexpr size_t kRecentSegments = 16;

// Everything that several statements read is of one moment. Ends when it goes out of scope.
class ReadTransaction {
 public:
  explicit ReadTransaction(SqliteDatabase* db) : db_(db), begun_(db->Exec("BEGIN")) {}
  ~ReadTransaction() {
    if (begun_.ok()) db_->Exec("ROLLBACK").IgnoreError();  // Nothing was written.
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

  const absl::Status& begun() const { return begun_; }

 private:
  SqliteDatabase* const db_;
  const absl::Status begun_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FeedReader>> FeedReader::Open(absl::string_view path, const FeedTail* tail) {
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(path, options));
  MUSTER_ASSIGN_OR_RETURN(FeedTables tables, FeedTables::Prepare(db.get()));
  return std::unique_ptr<FeedReader>(new FeedReader(std::move(db), std::move(tables), tail));
}

absl::StatusOr<FeedId> FeedReader::Seek(absl::Span<const AudienceId> audiences, uint64_t position) {
  const FeedSegment tail = tail_->CopyPlaces();  // First: what is before it can be read from then on.
  const ReadTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.begun());
  return seek_.Find(audiences, position, tail, &tables_);
}

absl::Status FeedReader::ReadAfter(FeedId after, FeedId through, size_t rows_max, Visitor visit) {
  MUSTER_ASSIGN_OR_RETURN(const FeedId trimmed_id, tables_.ReadTrimmedId());
  if (after < trimmed_id) return HistoryTrimmed();
  FeedId last = std::min(through, tail_->last_id());
  if (last > after && last - after > rows_max) last = after + rows_max;
  for (FeedId id = after + 1; id <= last;) {
    MUSTER_ASSIGN_OR_RETURN(const FeedSegment* segment, SegmentOf(id));
    const absl::string_view bytes = *segment->block;
    size_t offset = 0;
    for (FeedId earlier = segment->first_id; earlier < id; ++earlier) {
      offset += PlaceAt(segment->places, earlier - segment->first_id).length;
    }
    for (const FeedId end = std::min(segment->last_id, last); id <= end; ++id) {
      const FeedPlace place = PlaceAt(segment->places, id - segment->first_id);
      const FeedRow row{place.sequence, place.audience, place.rank, bytes.substr(offset, place.length)};
      offset += place.length;
      if (!visit(id, row, segment->block)) return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<const FeedSegment*> FeedReader::SegmentOf(FeedId id) {
  for (const FeedSegment& segment : recent_) {
    if (segment.Has(id)) return &segment;
  }
  FeedSegment segment = tail_->CopyIfHas(id);
  if (!segment.Has(id)) {
    absl::StatusOr<FeedSegment> read = tables_.ReadSegment(id);
    if (!read.ok()) return WhyNotRead(id, read.status());
    segment = *std::move(read);
  }
  if (recent_.size() < kRecentSegments) return &recent_.emplace_back(std::move(segment));
  FeedSegment* const place = &recent_[oldest_];
  oldest_ = (oldest_ + 1) % kRecentSegments;
  *place = std::move(segment);
  return place;
}

// It may have been trimmed since we looked.
absl::Status FeedReader::WhyNotRead(FeedId id, const absl::Status& status) {
  MUSTER_ASSIGN_OR_RETURN(const FeedId trimmed_id, tables_.ReadTrimmedId());
  return id <= trimmed_id ? HistoryTrimmed() : status;
}

}  // namespace muster
