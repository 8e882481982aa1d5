#include "server/broker/feed_store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32.h"
#include "common/status_macros.h"

namespace muster {
namespace {

constexpr char kFileName[] = "feed.db";
constexpr int64_t kFormatVersion = 2;
constexpr int kPageBytes = 32768;
// Where Append checkpoints if nobody called Sync for long: 8 MiB, so that the caller is not held up for long.
constexpr int kWalFramesMax = 256;
constexpr uint64_t kTrimRowsMax = 10'000;
constexpr uint64_t kTrimShare = 64;

// What has been appended is written when it is about this much, and a large commit is cut into segments of it: a reader
// holds a few, and shares each as one block.
constexpr size_t kSegmentBytes = 128 << 10;

// Finding a position reads the places from one milestone to the next. More audiences make a milestone larger, so rarer.
constexpr uint64_t kMilestoneNoticesMin = 4096;

constexpr char kSchema[] =
    "CREATE TABLE segment(first_id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL,"
    "  places_crc INTEGER NOT NULL, bytes_crc INTEGER NOT NULL, places BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;"
    "CREATE TABLE milestone(number INTEGER PRIMARY KEY, through_id INTEGER NOT NULL UNIQUE,"
    "  ranks_crc INTEGER NOT NULL, ranks BLOB NOT NULL) STRICT;"
    "INSERT INTO milestone VALUES(1, 0, 0, x'');"
    "CREATE TABLE meta(one INTEGER PRIMARY KEY CHECK (one = 1), last_id INTEGER NOT NULL,"
    "  last_sequence INTEGER NOT NULL) STRICT;"
    "INSERT INTO meta VALUES(1, 0, 0);";

std::string PathIn(absl::string_view dir) { return absl::StrCat(dir, "/", kFileName); }

}  // namespace

absl::StatusOr<std::unique_ptr<FeedStore>> FeedStore::Open(absl::string_view dir) {
  SqliteDatabase::Options options;
  options.synchronous = SqliteDatabase::Synchronous::kOff;
  options.page_bytes = kPageBytes;
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db, SqliteDatabase::Open(PathIn(dir), options));
  std::unique_ptr<FeedStore> store(new FeedStore(std::move(db)));
  MUSTER_RETURN_IF_ERROR(store->Prepare());
  MUSTER_RETURN_IF_ERROR(store->CheckEnds());
  return store;
}

FeedStore::~FeedStore() { WriteTail().IgnoreError(); }  // What is missing, the next start makes again.

absl::Status FeedStore::Remove(absl::string_view dir) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string path = absl::StrCat(PathIn(dir), suffix);
    if (std::remove(path.c_str()) != 0 && errno != ENOENT) {
      return absl::UnknownError(absl::StrCat("cannot delete ", path, ": ", std::strerror(errno),
                                             "; delete it by hand, the broker builds it again from the event log"));
    }
  }
  return absl::OkStatus();
}

absl::Status FeedStore::Damaged(absl::string_view what) const {
  return absl::DataLossError(
      absl::StrCat(db_->path(), ": ", what, "; delete the file, the broker builds it again from the event log"));
}

absl::Status FeedStore::Prepare() {
  // NORMAL: a commit is not synced, a checkpoint is, in the order that keeps the file whole through a power cut.
  MUSTER_RETURN_IF_ERROR(db_->Exec("PRAGMA synchronous=NORMAL"));
  MUSTER_ASSIGN_OR_RETURN(const int64_t version, db_->QueryInt64("PRAGMA user_version"));
  if (version != 0 && version != kFormatVersion) {
    return Damaged(absl::StrCat("is of format ", version, ", this broker writes format ", kFormatVersion));
  }
  if (version == 0) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t tables, db_->QueryInt64("SELECT count(*) FROM sqlite_schema"));
    if (tables != 0) return Damaged("holds tables that are not a feed's");
    SqliteTransaction transaction(db_.get());
    MUSTER_RETURN_IF_ERROR(transaction.Begin());
    MUSTER_RETURN_IF_ERROR(db_->Exec(absl::StrCat(kSchema, "PRAGMA user_version=", kFormatVersion)));
    MUSTER_RETURN_IF_ERROR(transaction.Commit());
  }
  MUSTER_ASSIGN_OR_RETURN(tables_, FeedTables::Prepare(db_.get()));
  MUSTER_ASSIGN_OR_RETURN(write_segment_, db_->Prepare("INSERT INTO segment VALUES(?1, ?2, ?3, ?4, ?5, ?6)"));
  MUSTER_ASSIGN_OR_RETURN(write_milestone_, db_->Prepare("INSERT INTO milestone VALUES(?1, ?2, ?3, ?4)"));
  MUSTER_ASSIGN_OR_RETURN(write_meta_, db_->Prepare("UPDATE meta SET last_id = ?1, last_sequence = ?2"));
  return absl::OkStatus();
}

// Reads the ends of what is there and the ranks at the last: as much as lies behind the last milestone, whatever the
// size of the feed.
absl::Status FeedStore::CheckEnds() {
  MUSTER_ASSIGN_OR_RETURN(ends_, tables_.ReadEnds());
  written_sequence_ = ends_.last_sequence;
  MUSTER_ASSIGN_OR_RETURN(const int64_t first, db_->QueryInt64(absl::StrCat("SELECT ifnull(min(first_id), ",
                                                                            ends_.trimmed_id + 1, ") FROM segment")));
  if (static_cast<FeedId>(first) != ends_.trimmed_id + 1) {
    return Damaged(absl::StrCat("should begin with notice ", ends_.trimmed_id + 1, ", begins with ", first));
  }
  MUSTER_ASSIGN_OR_RETURN(FeedMilestone milestone, tables_.ReadMilestone(ends_.last_milestone));
  milestone_id_ = milestone.through_id;
  if (milestone_id_ > ends_.last_id) return Damaged(absl::StrCat("ends before its milestone ", milestone_id_));
  MUSTER_RETURN_IF_ERROR(tables_.Advance(ends_.last_id, &milestone));
  ranks_ = std::move(milestone.ranks);
  tail_.Clear(ends_.last_id);
  return absl::OkStatus();
}

absl::Status FeedStore::WriteSegment(FeedId first_id, FeedId last_id, absl::string_view places,
                                     absl::string_view bytes) {
  write_segment_.BindInt64(1, static_cast<int64_t>(first_id));
  write_segment_.BindInt64(2, static_cast<int64_t>(last_id));
  write_segment_.BindInt64(3, Crc32(places));
  write_segment_.BindInt64(4, Crc32(bytes));
  write_segment_.BindBlobUnowned(5, places);
  write_segment_.BindBlobUnowned(6, bytes);
  return write_segment_.Run();
}

absl::Status FeedStore::WriteMilestone(uint64_t number, FeedId through_id, absl::Span<const uint64_t> ranks) {
  const std::string bytes = EncodeRanks(ranks);
  write_milestone_.BindInt64(1, static_cast<int64_t>(number));
  write_milestone_.BindInt64(2, static_cast<int64_t>(through_id));
  write_milestone_.BindInt64(3, Crc32(bytes));
  write_milestone_.BindBlobUnowned(4, bytes);
  return write_milestone_.Run();
}

absl::Status FeedStore::Append(Sequence last_sequence, absl::Span<const FeedRow> rows) {
  if (last_sequence <= ends_.last_sequence) {
    return absl::InvalidArgumentError(absl::StrCat("the feed has the notices of event ", ends_.last_sequence,
                                                   ", got those of events to ", last_sequence,
                                                   "; append each event once, in order"));
  }
  if (tail_.places().size() + tail_.bytes().size() >= kSegmentBytes) MUSTER_RETURN_IF_ERROR(WriteTail());
  for (const FeedRow& row : rows) {
    if (row.audience >= ranks_.size()) ranks_.resize(row.audience + 1, 0);
    ranks_[row.audience] = row.rank;
  }
  tail_.Append(rows);
  ends_.last_id += rows.size();
  ends_.last_sequence = last_sequence;
  return absl::OkStatus();
}

absl::Status FeedStore::WriteTail() {
  if (written_sequence_ == ends_.last_sequence) return absl::OkStatus();
  const bool milestone_due = ends_.last_id - milestone_id_ >= std::max<uint64_t>(kMilestoneNoticesMin, ranks_.size());
  SqliteTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  MUSTER_RETURN_IF_ERROR(WriteSegments());
  if (milestone_due) MUSTER_RETURN_IF_ERROR(WriteMilestone(ends_.last_milestone + 1, ends_.last_id, ranks_));
  MUSTER_RETURN_IF_ERROR(WriteMeta());
  MUSTER_RETURN_IF_ERROR(transaction.Commit());
  if (milestone_due) {
    ++ends_.last_milestone;
    milestone_id_ = ends_.last_id;
  }
  written_sequence_ = ends_.last_sequence;
  tail_.Clear(ends_.last_id);
  // The rows are in, so a checkpoint that fails is no failure of this call; Sync will say.
  if (db_->wal_frames() > kWalFramesMax) {
    db_->Checkpoint(SqliteDatabase::CheckpointMode::kPassive).status().IgnoreError();
  }
  return absl::OkStatus();
}

absl::Status FeedStore::WriteSegments() {
  absl::string_view places = tail_.places();
  absl::string_view bytes = tail_.bytes();
  for (FeedId first_id = tail_.first_id(); !places.empty();) {
    size_t count = 0;
    size_t length = 0;
    while (count * kFeedPlaceBytes < places.size() && count * kFeedPlaceBytes + length < kSegmentBytes) {
      length += PlaceAt(places, count++).length;
    }
    MUSTER_RETURN_IF_ERROR(WriteSegment(first_id, first_id + count - 1, places.substr(0, count * kFeedPlaceBytes),
                                        bytes.substr(0, length)));
    places.remove_prefix(count * kFeedPlaceBytes);
    bytes.remove_prefix(length);
    first_id += count;
  }
  return absl::OkStatus();
}

absl::Status FeedStore::WriteMeta() {
  write_meta_.BindInt64(1, static_cast<int64_t>(ends_.last_id));
  write_meta_.BindInt64(2, static_cast<int64_t>(ends_.last_sequence));
  return write_meta_.Run();
}

absl::Status FeedStore::Sync() {
  MUSTER_RETURN_IF_ERROR(WriteTail());
  return db_->Checkpoint(SqliteDatabase::CheckpointMode::kRestart, absl::Seconds(5)).status();
}

absl::StatusOr<uint64_t> FeedStore::TrimTo(uint64_t rows_max) {
  const uint64_t rows = ends_.last_id - ends_.trimmed_id;
  if (rows <= rows_max || rows - rows_max < rows_max / kTrimShare) return 0;
  MUSTER_RETURN_IF_ERROR(WriteTail());
  const uint64_t excess = std::min(rows - rows_max, kTrimRowsMax);
  const FeedId through_id = ends_.trimmed_id + excess;
  MUSTER_ASSIGN_OR_RETURN(const uint64_t number, tables_.FindMilestone(through_id));
  SqliteTransaction transaction(db_.get());
  MUSTER_RETURN_IF_ERROR(transaction.Begin());
  MUSTER_RETURN_IF_ERROR(TrimInTransaction(number, through_id));
  MUSTER_RETURN_IF_ERROR(transaction.Commit());
  ends_.first_milestone = number;
  ends_.trimmed_id = through_id;
  milestone_id_ = std::max(milestone_id_, through_id);
  return excess;
}

// The last milestone that is trimmed, `number`, moves to where the history then begins.
absl::Status FeedStore::TrimInTransaction(uint64_t number, FeedId through_id) {
  MUSTER_ASSIGN_OR_RETURN(FeedMilestone milestone, tables_.ReadMilestone(number));
  MUSTER_RETURN_IF_ERROR(tables_.Advance(through_id, &milestone));
  MUSTER_RETURN_IF_ERROR(CutAfter(through_id));
  MUSTER_RETURN_IF_ERROR(db_->Exec(absl::StrCat("DELETE FROM segment WHERE first_id <= ", through_id,
                                                ";DELETE FROM milestone WHERE through_id <= ", through_id)));
  return WriteMilestone(number, through_id, milestone.ranks);
}

// Makes what its segment holds beyond `id` a segment of its own.
absl::Status FeedStore::CutAfter(FeedId id) {
  MUSTER_ASSIGN_OR_RETURN(const FeedSegment segment, tables_.ReadSegment(id));
  if (segment.last_id == id) return absl::OkStatus();
  size_t length = 0;
  const size_t count = id - segment.first_id + 1;
  for (size_t i = 0; i < count; ++i) length += PlaceAt(segment.places, i).length;
  return WriteSegment(id + 1, segment.last_id, absl::string_view(segment.places).substr(count * kFeedPlaceBytes),
                      absl::string_view(*segment.block).substr(length));
}

absl::Status FeedStore::Verify() {
  MUSTER_RETURN_IF_ERROR(WriteTail());
  MUSTER_RETURN_IF_ERROR(CheckEnds());
  MUSTER_ASSIGN_OR_RETURN(SqliteStatement check, db_->Prepare("PRAGMA integrity_check(1)"));
  MUSTER_ASSIGN_OR_RETURN(const bool said, check.Step());
  if (!said || check.ColumnText(0) != "ok") return Damaged(check.ColumnText(0));
  int64_t segments = 0;
  for (FeedId id = ends_.trimmed_id + 1; id <= ends_.last_id; ++segments) {
    MUSTER_ASSIGN_OR_RETURN(const FeedSegment segment, tables_.ReadSegment(id));
    if (segment.first_id != id) return Damaged(absl::StrCat("notice ", id, " is there twice"));
    id = segment.last_id + 1;
  }
  MUSTER_ASSIGN_OR_RETURN(const int64_t rows, db_->QueryInt64("SELECT count(*) FROM segment"));
  if (rows != segments) return Damaged(absl::StrCat("should have ", segments, " segments, has ", rows));
  return CheckMilestones();
}

absl::Status FeedStore::CheckMilestones() {
  MUSTER_ASSIGN_OR_RETURN(FeedMilestone counted, tables_.ReadMilestone(ends_.first_milestone));
  for (uint64_t number = ends_.first_milestone + 1; number <= ends_.last_milestone; ++number) {
    MUSTER_ASSIGN_OR_RETURN(const FeedMilestone milestone, tables_.ReadMilestone(number));
    MUSTER_RETURN_IF_ERROR(tables_.Advance(milestone.through_id, &counted));
    if (counted.through_id != milestone.through_id || counted.ranks != milestone.ranks) {
      return Damaged(absl::StrCat("milestone ", number, " is not what the notices before it add up to"));
    }
  }
  return tables_.Advance(ends_.last_id, &counted);
}

absl::StatusOr<std::unique_ptr<FeedReader>> FeedStore::NewReader() const {
  return FeedReader::Open(db_->path(), &tail_);
}

}  // namespace muster
