#include "server/broker/recovery.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// Feed rows are added in transactions of about this many events.
constexpr uint64_t kFeedBatchEvents = 1000;

absl::Status LogIsShort(Sequence log_end, Sequence seen, absl::string_view by) {
  return absl::DataLossError(absl::StrCat(
      "the event log ends at event ", log_end, ", but ", by, " has seen event ", seen,
      ": acknowledged events are missing. Do not start a broker on this folder. Put back the newest events.db, or, if "
      "those events are lost for good, move the snapshots and feed.db away, tell every agency, and start again"));
}

absl::StatusOr<std::unique_ptr<FeedStore>> OpenFeed(const std::string& data_dir, bool* rebuilt) {
  absl::StatusOr<std::unique_ptr<FeedStore>> feed = FeedStore::Open(data_dir);
  if (feed.ok() || !absl::IsDataLoss(feed.status())) return feed;
  MUSTER_RETURN_IF_ERROR(FeedStore::Remove(data_dir));
  *rebuilt = true;
  return FeedStore::Open(data_dir);
}

// Replays events into a state, and what the feed lacks of their notices into the feed.
class Replay {
 public:
  Replay(State* state, FeedStore* feed) : state_(state), feed_(feed) {}

  absl::Status Apply(Sequence sequence, absl::string_view bytes) {
    MUSTER_ASSIGN_OR_RETURN(const v1::Event event, DecodeEvent(sequence, bytes));
    Applied applied = state_->Apply(event);
    ++events_;
    if (sequence <= feed_->last_sequence()) return absl::OkStatus();
    last_sequence_ = sequence;
    for (AddressedNotice& notice : applied.notices) waiting_.emplace_back(sequence, std::move(notice));
    return sequence % kFeedBatchEvents == 0 ? Flush() : absl::OkStatus();
  }

  absl::Status Flush() {
    if (last_sequence_ == 0) return absl::OkStatus();
    std::vector<FeedRow> rows;
    rows.reserve(waiting_.size());
    for (const auto& [sequence, notice] : waiting_) {
      rows.push_back({sequence, notice.address.audience, notice.address.rank, notice.bytes});
    }
    MUSTER_RETURN_IF_ERROR(feed_->Append(last_sequence_, rows));
    waiting_.clear();
    last_sequence_ = 0;
    return absl::OkStatus();
  }

  uint64_t events() const { return events_; }

 private:
  State* const state_;
  FeedStore* const feed_;
  uint64_t events_ = 0;
  Sequence last_sequence_ = 0;  // Of what waits; 0 when nothing does.
  std::vector<std::pair<Sequence, AddressedNotice>> waiting_;
};

}  // namespace

EncodedEvent GenesisEvent(const v1::Genesis& genesis, const Clock& clock) {
  v1::Event event;
  event.set_sequence(1);
  *event.mutable_accepted_at() = ToProto(clock.Now());
  event.set_rules_version(kRulesVersion);
  *event.mutable_genesis() = genesis;
  return {1, event.SerializeAsString()};
}

absl::StatusOr<v1::Event> DecodeEvent(Sequence sequence, absl::string_view bytes) {
  v1::Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || event.sequence() != sequence) {
    return absl::DataLossError(absl::StrCat("event ", sequence,
                                            " of the log is not a readable event of that sequence; "
                                            "restore the log from a copy"));
  }
  if (event.rules_version() > kRulesVersion) {
    return absl::FailedPreconditionError(absl::StrCat("event ", sequence, " was decided by rules version ",
                                                      event.rules_version(), ", this musterd knows ", kRulesVersion,
                                                      "; install a newer musterd"));
  }
  return event;
}

absl::StatusOr<Recovered> Recover(const std::string& data_dir, const SnapshotStore& snapshots,
                                  const v1::Genesis& genesis, const Clock& clock, EventLog* log) {
  Recovered recovered;
  RecoveryReport& report = recovered.report;
  MUSTER_ASSIGN_OR_RETURN(std::optional<SnapshotStore::Snapshot> snapshot,
                          snapshots.LoadNewest(&report.damaged_snapshots));
  MUSTER_ASSIGN_OR_RETURN(recovered.feed, OpenFeed(data_dir, &report.feed_rebuilt));
  const Sequence log_end = log->last_sequence();
  if (snapshot.has_value() && snapshot->image.sequence() > log_end) {
    return LogIsShort(log_end, snapshot->image.sequence(), "a snapshot");
  }
  if (recovered.feed->last_sequence() > log_end) {
    return LogIsShort(log_end, recovered.feed->last_sequence(), "the feed");
  }
  if (log_end == 0) {
    const EncodedEvent first = GenesisEvent(genesis, clock);
    MUSTER_RETURN_IF_ERROR(log->Append(absl::MakeConstSpan(&first, 1)));
  }

  recovered.state = std::make_unique<State>();
  if (snapshot.has_value() && recovered.feed->last_sequence() >= snapshot->image.sequence()) {
    recovered.state->FromImage(snapshot->image, snapshot->load);
    report.from_snapshot = snapshot->image.sequence();
  } else if (snapshot.has_value()) {
    report.feed_rebuilt = true;  // The snapshot is ahead of the feed: what lies between comes from the log.
  }
  Replay replay(recovered.state.get(), recovered.feed.get());
  MUSTER_RETURN_IF_ERROR(log->Read(recovered.state->sequence() + 1, [&](Sequence sequence, absl::string_view bytes) {
    return replay.Apply(sequence, bytes);
  }));
  MUSTER_RETURN_IF_ERROR(replay.Flush());
  report.events_replayed = replay.events();
  return recovered;
}

}  // namespace muster
