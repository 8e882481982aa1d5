#include "server/broker/feed_reader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

absl::Status HistoryTrimmed() {
  return Refusal(
      v1::ERROR_REASON_HISTORY_TRIMMED,
      "what follows the cursor is no longer kept here; read the current state, whose answers carry a cursor, "
      "and subscribe from that",
      "P2");
}

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

struct Ends {
  FeedId trimmed_id;
  FeedId last_id;
};

absl::StatusOr<Ends> ReadEnds(SqliteStatement* read_meta) {
  const Resetter resetter(read_meta);
  MUSTER_ASSIGN_OR_RETURN(const bool found, read_meta->Step());
  if (!found) return absl::DataLossError("the feed's row of totals is missing; restart the broker to rebuild the feed");
  return Ends{static_cast<FeedId>(read_meta->ColumnInt64(0)), static_cast<FeedId>(read_meta->ColumnInt64(1))};
}

}  // namespace

absl::StatusOr<std::unique_ptr<FeedReader>> FeedReader::Open(absl::string_view path) {
  SqliteDatabase::Options options;
  options.mode = SqliteDatabase::Mode::kReadOnly;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(path, options));
  std::unique_ptr<FeedReader> reader(new FeedReader(std::move(db)));
  MUSTER_RETURN_IF_ERROR(reader->Prepare());
  return reader;
}

absl::Status FeedReader::Prepare() {
  MUSTER_ASSIGN_OR_RETURN(read_meta_, db_->Prepare("SELECT trimmed_id, last_id FROM meta"));
  MUSTER_ASSIGN_OR_RETURN(read_rows_, db_->Prepare("SELECT id, sequence, audience, rank, bytes FROM notice"
                                                   " WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3"));
  MUSTER_ASSIGN_OR_RETURN(
      find_rank_, db_->Prepare("SELECT rank FROM notice WHERE audience = ?1 AND id <= ?2 ORDER BY id DESC LIMIT 1"));
  MUSTER_ASSIGN_OR_RETURN(find_trimmed_rank_, db_->Prepare("SELECT rank FROM trimmed WHERE audience = ?1"));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FeedReader::RankAt(AudienceId audience, FeedId through) {
  {
    const Resetter resetter(&find_rank_);
    find_rank_.BindInt64(1, static_cast<int64_t>(audience));
    find_rank_.BindInt64(2, static_cast<int64_t>(through));
    MUSTER_ASSIGN_OR_RETURN(const bool found, find_rank_.Step());
    if (found) return static_cast<uint64_t>(find_rank_.ColumnInt64(0));
  }
  const Resetter resetter(&find_trimmed_rank_);
  find_trimmed_rank_.BindInt64(1, static_cast<int64_t>(audience));
  MUSTER_ASSIGN_OR_RETURN(const bool found, find_trimmed_rank_.Step());
  return found ? static_cast<uint64_t>(find_trimmed_rank_.ColumnInt64(0)) : 0;
}

absl::StatusOr<uint64_t> FeedReader::PositionAt(absl::Span<const AudienceId> audiences, FeedId through) {
  uint64_t position = 0;
  for (const AudienceId audience : audiences) {
    MUSTER_ASSIGN_OR_RETURN(const uint64_t rank, RankAt(audience, through));
    position += rank;
  }
  return position;
}

absl::StatusOr<FeedId> FeedReader::Seek(absl::Span<const AudienceId> audiences, uint64_t position) {
  const ReadTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.begun());
  return SeekInTransaction(audiences, position);
}

absl::StatusOr<FeedId> FeedReader::SeekInTransaction(absl::Span<const AudienceId> audiences, uint64_t position) {
  MUSTER_ASSIGN_OR_RETURN(const Ends ends, ReadEnds(&read_meta_));
  MUSTER_ASSIGN_OR_RETURN(const uint64_t trimmed, PositionAt(audiences, ends.trimmed_id));
  if (position < trimmed) return HistoryTrimmed();
  MUSTER_ASSIGN_OR_RETURN(const uint64_t last, PositionAt(audiences, ends.last_id));
  if (position > last) {
    return Refusal(v1::ERROR_REASON_BEHIND_CURSOR,
                   "the cursor lies ahead of this broker; try again shortly, and if it stays so tell the broker's "
                   "operator: its log has been restored from an older copy");
  }
  // The least id at which the agency has had `position` deliveries, which lies in [low, high].
  FeedId low = ends.trimmed_id;
  FeedId high = ends.last_id;
  while (low < high) {
    const FeedId middle = low + (high - low) / 2;
    MUSTER_ASSIGN_OR_RETURN(const uint64_t there, PositionAt(audiences, middle));
    if (there >= position) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

absl::Status FeedReader::ReadAfter(FeedId after, FeedId through, size_t rows_max, const Visitor& visit) {
  const ReadTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.begun());
  return ReadInTransaction(after, through, rows_max, visit);
}

absl::Status FeedReader::ReadInTransaction(FeedId after, FeedId through, size_t rows_max, const Visitor& visit) {
  MUSTER_ASSIGN_OR_RETURN(const Ends ends, ReadEnds(&read_meta_));
  if (after < ends.trimmed_id) return HistoryTrimmed();
  const Resetter resetter(&read_rows_);
  read_rows_.BindInt64(1, static_cast<int64_t>(after));
  read_rows_.BindInt64(2, static_cast<int64_t>(through));
  read_rows_.BindInt64(3, static_cast<int64_t>(rows_max));
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool found, read_rows_.Step());
    if (!found) return absl::OkStatus();
    FeedRow row;
    row.sequence = static_cast<Sequence>(read_rows_.ColumnInt64(1));
    row.audience = static_cast<AudienceId>(read_rows_.ColumnInt64(2));
    row.rank = static_cast<uint64_t>(read_rows_.ColumnInt64(3));
    row.bytes = read_rows_.ColumnBlob(4);
    if (!visit(static_cast<FeedId>(read_rows_.ColumnInt64(0)), row)) return absl::OkStatus();
  }
}

}  // namespace muster
