#include "server/broker/broker.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

#include "common/logging.h"
#include "common/status_macros.h"
#include "server/state/cursor.h"

namespace muster {

namespace {

// What a follower decides at once while it catches up: readers see nothing of it until it is published.
constexpr size_t kFollowedAtOnce = 512;

// About what an event is long in the log.
constexpr uint64_t kEventBytes = 384;

// More than so many events are not left to a restart, whatever that costs now: it replays them in a few seconds.
constexpr uint64_t kEventsToReplayMax = 500'000;

}  // namespace

Broker::Broker(Options options, std::unique_ptr<EventLog> log, const Clock* clock)
    : options_(std::move(options)),
      clock_(clock),
      log_(std::move(log)),
      snapshots_(std::make_unique<SnapshotStore>(options_.data_dir, options_.snapshots_kept)) {}

absl::StatusOr<std::unique_ptr<Broker>> Broker::Open(Options options, std::unique_ptr<EventLog> log,
                                                     const Clock* clock) {
  std::unique_ptr<Broker> broker(new Broker(std::move(options), std::move(log), clock));
  MUSTER_ASSIGN_OR_RETURN(Recovered recovered, Recover(broker->options_.data_dir, *broker->snapshots_,
                                                       broker->options_.genesis, *clock, broker->log_.get()));
  broker->state_ = std::move(recovered.state);
  broker->feed_ = std::move(recovered.feed);
  broker->recovery_ = std::move(recovered.report);
  broker->last_snapshot_ = broker->recovery_.from_snapshot;
  broker->saved_snapshot_ = broker->recovery_.from_snapshot;
  broker->log_id_ = broker->state_->genesis().log_id();
  MUSTER_ASSIGN_OR_RETURN(broker->publisher_, Publisher::Create(broker->feed_.get(), broker->state_->audiences(),
                                                                broker->log_id_, broker->options_.publisher));
  return broker;
}

Broker::~Broker() { Stop(); }

void Broker::Start(Hooks hooks) {
  hooks_ = std::move(hooks);
  applier_ = std::make_unique<Applier>(state_.get(), &state_mu_, publisher_.get(), hooks_.access_changed);
  Sequencer::Hooks sequencer_hooks;
  sequencer_hooks.committed = [this] { TakeSnapshotIfDue(EventsBetweenSnapshots()); };
  sequencer_hooks.idle = [this] { OnIdle(); };
  sequencer_hooks.failed = [this](const absl::Status& why) { OnFailed(why); };
  sequencer_hooks.deposed = hooks_.deposed;
  sequencer_hooks.hand_over = hooks_.hand_over;
  sequencer_ =
      std::make_unique<Sequencer>(options_.sequencer, std::move(sequencer_hooks), log_.get(), applier_.get(), clock_);
  publisher_->Start();
  if (!hooks_.hand_over) Lead(kRulesVersion);
}

absl::Status Broker::Follow() {
  const Sequence first = state_->sequence() + 1;
  if (first > log_->last_sequence()) {
    OnIdle();
    return absl::OkStatus();
  }
  std::vector<v1::Event> events;
  const auto apply = [&]() -> absl::Status {
    if (events.empty()) return absl::OkStatus();
    std::vector<const v1::Event*> in_order;
    for (const v1::Event& event : events) in_order.push_back(&event);
    const absl::Status published = applier_->Publish(events.front().sequence(), applier_->Apply(in_order));
    events.clear();
    TakeSnapshotIfDue(EventsBetweenSnapshots());
    return published;
  };
  absl::Status status = log_->Read(first, [&](Sequence sequence, absl::string_view bytes) -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(events.emplace_back(), DecodeEvent(sequence, bytes));
    return events.size() < kFollowedAtOnce ? absl::OkStatus() : apply();
  });
  if (status.ok()) status = apply();
  if (!status.ok()) OnFailed(status);
  return status;
}

void Broker::Lead(uint32_t rules_version) {
  sequencer_->SetRulesVersion(rules_version);
  sequencer_->Start();
  leads_ = true;
}

void Broker::StopLeading() {
  leads_ = false;
  sequencer_->Stop();
}

void Broker::StopAccepting() {
  if (sequencer_ != nullptr) StopLeading();
}

void Broker::Stop() {
  if (sequencer_ == nullptr) return;
  StopAccepting();
  publisher_->Stop();
  // From here on this thread is the only one, once a snapshot under way is written.
  if (snapshot_thread_.joinable()) snapshot_thread_.join();
  TakeSnapshotIfDue(1);
  if (snapshot_thread_.joinable()) snapshot_thread_.join();
  sequencer_ = nullptr;
}

absl::StatusOr<std::shared_ptr<Subscriber>> Broker::Subscribe(absl::string_view agency_id,
                                                              std::optional<absl::string_view> after,
                                                              Subscriber::Wake wake) {
  std::optional<uint64_t> position;
  if (after.has_value()) {
    MUSTER_ASSIGN_OR_RETURN(position, DecodeCursor(log_id_, *after));
  }
  return publisher_->Subscribe(agency_id, position, std::move(wake));
}

std::string Broker::FeedCursor(absl::string_view agency_id) const {
  return EncodeCursor(log_id_, publisher_->Position(agency_id));
}

BrokerStats Broker::Stats() const {
  BrokerStats stats;
  if (sequencer_ != nullptr) stats.sequencer = sequencer_->Stats();
  stats.publisher = publisher_->Stats();
  stats.last_sequence = log_->last_sequence();
  stats.last_snapshot = last_snapshot_;
  stats.snapshot_running = snapshot_running_;
  stats.snapshot_failures = snapshot_failures_;
  stats.snapshot_pause = absl::Nanoseconds(snapshot_pause_ns_.load());
  stats.failed = failed_;
  return stats;
}

void Broker::OnIdle() {
  // An error here comes back from the next Append, which is where it is acted on.
  log_->Idle().IgnoreError();
  if (options_.history_notices_max == 0) return;
  if (const absl::StatusOr<uint64_t> trimmed = feed_->TrimTo(options_.history_notices_max); !trimmed.ok()) {
    LogWarn("history could not be trimmed", {{"why", trimmed.status().message()}});
  }
}

uint64_t Broker::EventsBetweenSnapshots() const {
  const uint64_t written_four_times = 4 * last_snapshot_bytes_ / kEventBytes;
  return std::max(options_.snapshot_every_events, std::min(written_four_times, kEventsToReplayMax));
}

void Broker::TakeSnapshotIfDue(uint64_t after_events) {
  if (failed_ || snapshot_running_ || log_->last_sequence() < last_snapshot_ + after_events) return;
  const auto began = std::chrono::steady_clock::now();
  // The feed must be as durable as the snapshot that relies on it.
  if (const absl::Status synced = feed_->Sync(); !synced.ok()) {
    ++snapshot_failures_;
    LogWarn("snapshot postponed: the feed could not be synced", {{"why", synced.message()}});
    last_snapshot_ = log_->last_sequence();  // Not again after every commit.
    return;
  }
  if (snapshot_thread_.joinable()) snapshot_thread_.join();  // It has ended: snapshot_running_ is false.
  snapshot_running_ = true;
  last_snapshot_ = state_->sequence();
  State::Changes taken = state_->TakeChanges();
  snapshot_pause_ns_ = std::chrono::nanoseconds(std::chrono::steady_clock::now() - began).count();
  snapshot_thread_ = std::thread([this, sequence = state_->sequence(), changes = std::move(taken)]() mutable {
    pthread_setname_np(pthread_self(), "snapshot");
    std::string encoded;
    storage::v1::StateImage image = std::move(changes).ToImage(&encoded);
    last_snapshot_bytes_ = image.ByteSizeLong() + encoded.size();
    if (const absl::Status saved = snapshots_->SaveChanges(std::move(image), saved_snapshot_, encoded); saved.ok()) {
      saved_snapshot_ = sequence;
      LogInfo("snapshot written", {{"sequence", sequence}});
    } else {
      ++snapshot_failures_;
      LogWarn("snapshot could not be written", {{"why", saved.message()}});
    }
    snapshot_running_ = false;
  });
}

void Broker::OnFailed(const absl::Status& why) {
  failed_ = true;
  LogError("nothing more is accepted; a new start recovers", {{"why", why.message()}});
  if (hooks_.failed) hooks_.failed(why);
}

}  // namespace muster
