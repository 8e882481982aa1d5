#include "server/broker/publisher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// Greater blocks would keep more in memory for who is slow to take the last of one.
constexpr size_t kBlockBytesMax = 256 << 10;

void CallAll(const std::vector<std::shared_ptr<const Subscriber::Wake>>& wakes) {
  for (const auto& wake : wakes) (*wake)();
}

absl::Status Draining() {
  return Refusal(v1::ERROR_REASON_DRAINING,
                 "the broker is stopping; subscribe again, from the last cursor, when it is back");
}

absl::Status BehindCursor() {
  return Refusal(
      v1::ERROR_REASON_BEHIND_CURSOR,
      "the cursor lies ahead of what this broker has published; try again shortly, and if it stays so tell the "
      "broker's operator: its log has been restored from an older copy");
}

}  // namespace

Publisher::Publisher(FeedStore* store, std::unique_ptr<FeedReader> reader, std::string log_id, const Options& options)
    : options_(options),
      ahead_max_(std::min(options.read_ahead_max, options.reader_queue_max)),
      ahead_bytes_max_(std::min(options.read_ahead_bytes_max, options.reader_queue_bytes_max)),
      log_id_(std::move(log_id)),
      store_(store),
      reader_(std::move(reader)),
      pages_(options.pages_bytes_max) {}

absl::StatusOr<std::unique_ptr<Publisher>> Publisher::Create(FeedStore* store, const Audiences& audiences,
                                                             std::string log_id, const Options& options) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<FeedReader> reader, store->NewReader());
  std::vector<uint64_t> ranks = store->ranks();
  ranks.resize(audiences.size(), 0);
  std::unique_ptr<Publisher> publisher(new Publisher(store, std::move(reader), std::move(log_id), options));
  absl::MutexLock lock(&publisher->publisher_mu_);
  publisher->Learn(audiences);
  publisher->ranks_ = std::move(ranks);
  publisher->published_id_ = store->last_id();
  for (const auto& [agency_id, agency] : publisher->groups_.agencies()) {
    const uint64_t stored = publisher->PositionOf(*agency->group->memberships);
    if (stored != audiences.Position(agency_id)) {
      return absl::DataLossError(absl::StrCat("the feed holds ", stored, " deliveries of ", agency_id,
                                              ", the state says ", audiences.Position(agency_id),
                                              "; remove the feed and replay the event log"));
    }
  }
  return publisher;
}

Publisher::~Publisher() { Stop(); }

void Publisher::Start() { catch_up_thread_ = std::thread(&Publisher::CatchUpLoop, this); }

void Publisher::Stop() {
  Wakes wakes;
  {
    absl::MutexLock lock(&publisher_mu_);
    stopped_ = true;
    scheduled_cv_.SignalAll();
  }
  if (catch_up_thread_.joinable()) catch_up_thread_.join();
  {
    absl::MutexLock lock(&publisher_mu_);
    for (const auto& [agency_id, agency] : groups_.agencies()) {
      while (!agency->readers.empty()) {
        const SubscriberPtr subscriber = agency->readers.back();
        End(subscriber.get(), Draining());
        CollectWake(subscriber.get(), &wakes);
      }
    }
    scheduled_.clear();
  }
  CallAll(wakes);
}

absl::Status Publisher::Publish(Sequence first_sequence, absl::Span<const Applied> applied,
                                const Audiences& audiences) {
  if (applied.empty()) return absl::OkStatus();
  if (first_sequence != store_->last_sequence() + 1) {
    return absl::InvalidArgumentError(absl::StrCat("the feed ends with event ", store_->last_sequence(),
                                                   ", cannot go on with event ", first_sequence));
  }
  std::vector<FeedRow> rows;
  Sequence sequence = first_sequence - 1;
  for (const Applied& one : applied) {
    ++sequence;
    for (const AddressedNotice& notice : one.notices) {
      rows.push_back({sequence, notice.address.audience, notice.address.rank, notice.bytes});
    }
  }
  const FeedId first_id = store_->last_id() + 1;
  MUSTER_RETURN_IF_ERROR(store_->Append(sequence, rows));

  Wakes wakes;
  {
    absl::MutexLock lock(&publisher_mu_);
    Learn(audiences);
    for (const FeedRow& row : rows) ranks_[row.audience] = row.rank;
    published_id_ = store_->last_id();
    stats_.notices += rows.size();
    HandToLive(first_id, rows, &wakes);
  }
  CallAll(wakes);
  return absl::OkStatus();
}

void Publisher::Learn(const Audiences& audiences) {
  for (AudienceId id = groups_.learned(); id < audiences.size(); ++id) {
    ranks_.push_back(0);
    groups_.Learn(id, audiences.Members(id));
  }
}

uint64_t Publisher::PositionOf(const AudienceSet& memberships) const {
  uint64_t position = 0;
  for (const AudienceId id : memberships.ToVector()) position += ranks_[id];
  return position;
}

uint64_t Publisher::Position(absl::string_view agency_id) const {
  absl::ReaderMutexLock lock(&publisher_mu_);
  const ReaderAgency* const agency = groups_.Find(agency_id);
  return agency == nullptr ? 0 : PositionOf(*agency->group->memberships);
}

// Once for each group: what a reader adds is a reference to what the first one was given.
void Publisher::HandToLive(FeedId first_id, absl::Span<const FeedRow> rows, Wakes* wakes) {
  for (ReaderGroup* const group : groups_.Addressed(rows)) {
    const std::vector<LiveBlock> blocks = EncodeFor(*group, first_id, rows);
    // Backwards: whoever falls back leaves its place to one that has been served.
    for (size_t i = group->live.size(); i-- > 0;) {
      Subscriber* const subscriber = group->live[i];
      for (const LiveBlock& block : blocks) {
        if (!HasRoom(*subscriber, block.run)) {
          FallBack(subscriber, block.after);
          break;
        }
        Enqueue(subscriber, block.run);
      }
      CollectWake(subscriber, wakes);
    }
  }
}

std::vector<Publisher::LiveBlock> Publisher::EncodeFor(const ReaderGroup& group, FeedId first_id,
                                                       absl::Span<const FeedRow> rows) const {
  const size_t bytes_max = std::min(options_.reader_queue_bytes_max, kBlockBytesMax);
  std::vector<LiveBlock> blocks;
  DeliveryBlockBuilder builder(log_id_, group.live.front()->position_ + 1);
  FeedId after = first_id - 1;
  const auto take = [&] {
    std::shared_ptr<const DeliveryBlock> block = builder.Take();
    const auto count = static_cast<uint32_t>(block->ends.size());
    blocks.push_back({{std::move(block), 0, count}, after});
  };
  for (size_t k = 0; k < rows.size(); ++k) {
    if (!Receives(*group.memberships, rows[k].audience)) continue;
    if (!builder.HasRoom(rows[k].bytes, options_.reader_queue_max, bytes_max)) {
      take();
      after = first_id + k - 1;
    }
    builder.Add(rows[k].bytes);
  }
  if (!builder.empty()) take();
  return blocks;
}

bool Publisher::HasRoom(const Subscriber& subscriber, const DeliveryRun& run) const {
  return subscriber.queue_.empty() || (subscriber.queued_count_ + run.count() <= options_.reader_queue_max &&
                                       subscriber.queued_bytes_ + run.bytes_size() <= options_.reader_queue_bytes_max);
}

void Publisher::Enqueue(Subscriber* subscriber, DeliveryRun run) {
  subscriber->position_ += run.count();
  subscriber->queued_count_ += run.count();
  subscriber->queued_bytes_ += run.bytes_size();
  subscriber->queue_.push_back(std::move(run));
}

void Publisher::CollectWake(Subscriber* subscriber, Wakes* wakes) {
  if (!subscriber->wake_wanted_) return;
  if (subscriber->queue_.empty() && !subscriber->caught_up_at_.has_value() && subscriber->status_.ok()) return;
  subscriber->wake_wanted_ = false;
  wakes->push_back(subscriber->wake_);
}

std::shared_ptr<Subscriber> Publisher::Subscribe(absl::string_view agency_id, std::optional<uint64_t> after,
                                                 Subscriber::Wake wake) {
  const SubscriberPtr subscriber(new Subscriber(this, std::string(agency_id), std::move(wake)));
  absl::MutexLock lock(&publisher_mu_);
  subscriber->agency_ = groups_.FindOrAdd(agency_id);
  const uint64_t now = PositionOf(*subscriber->agency_->group->memberships);
  subscriber->position_ = after.value_or(now);
  if (stopped_) {
    subscriber->state_ = Subscriber::State::kEnded;
    subscriber->status_ = Draining();
    return subscriber;
  }
  groups_.Open(subscriber);
  ++stats_.catching_up_readers;
  if (subscriber->position_ > now) {
    End(subscriber.get(), BehindCursor());
  } else if (subscriber->position_ == now) {
    GoLive(subscriber.get());  // Nothing to read from disk.
  } else {
    Schedule(subscriber.get());
  }
  return subscriber;
}

size_t Publisher::Drain(Subscriber* subscriber, size_t count_max, size_t bytes_max, std::vector<DeliveryRun>* out,
                        bool* caught_up) {
  *caught_up = false;
  absl::MutexLock lock(&publisher_mu_);
  std::vector<DeliveryRun>& queue = subscriber->queue_;
  size_t count = 0;
  size_t bytes = 0;
  auto first = queue.begin();
  while (first != queue.end() && count < count_max) {
    DeliveryRun front = first->Front(count_max - count, bytes_max - std::min(bytes, bytes_max));
    if (front.count() == 0 && count == 0) front.to = front.from + 1;
    if (front.count() == 0) break;
    count += front.count();
    bytes += front.bytes_size();
    first->from = front.to;
    out->push_back(std::move(front));
    if (first->count() > 0) break;
    ++first;
  }
  queue.erase(queue.begin(), first);
  subscriber->queued_count_ -= count;
  subscriber->queued_bytes_ -= bytes;
  stats_.deliveries += count;
  const uint64_t drained = subscriber->position_ - subscriber->queued_count_;
  if (subscriber->caught_up_at_.has_value() && drained >= *subscriber->caught_up_at_) {
    *caught_up = true;
    subscriber->caught_up_at_.reset();
  }
  subscriber->wake_wanted_ = count == 0 && !*caught_up && subscriber->status_.ok();
  Schedule(subscriber);
  return count;
}

void Publisher::Cancel(Subscriber* subscriber) {
  std::vector<DeliveryRun> dropped;  // Freed when the lock is not held.
  std::shared_ptr<const Subscriber::Wake> wake;
  absl::MutexLock lock(&publisher_mu_);
  End(subscriber, absl::CancelledError("the subscriber has been cancelled"));
  subscriber->caught_up_at_.reset();
  subscriber->wake_wanted_ = false;
  subscriber->queued_count_ = 0;
  subscriber->queued_bytes_ = 0;
  dropped.swap(subscriber->queue_);
  wake.swap(subscriber->wake_);  // It may own the reader that owns the subscriber.
}

void Publisher::GoLive(Subscriber* subscriber) {
  MoveTo(Subscriber::State::kLive, subscriber);
  if (subscriber->reached_present_) return;
  subscriber->reached_present_ = true;
  subscriber->caught_up_at_ = subscriber->position_;
}

// What is queued stays: it is within the bound that any reader may cost, it is shared with the other readers, and
// whoever is merely slow need not read it again from disk.
void Publisher::FallBack(Subscriber* subscriber, FeedId read_id) {
  MoveTo(Subscriber::State::kCatchingUp, subscriber);
  subscriber->read_id_ = read_id;
  ++stats_.fallbacks;
}

void Publisher::End(Subscriber* subscriber, absl::Status why) {
  if (subscriber->state_ == Subscriber::State::kEnded) return;
  subscriber->status_ = std::move(why);
  MoveTo(Subscriber::State::kEnded, subscriber);
}

void Publisher::MoveTo(Subscriber::State state, Subscriber* subscriber) {
  if (subscriber->state_ == Subscriber::State::kLive) {
    subscriber->agency_->group->RemoveLive(subscriber);
    --stats_.live_readers;
  } else {
    --stats_.catching_up_readers;
  }
  subscriber->state_ = state;
  switch (state) {
    case Subscriber::State::kLive:
      subscriber->agency_->group->AddLive(subscriber);
      ++stats_.live_readers;
      break;
    case Subscriber::State::kCatchingUp:
      ++stats_.catching_up_readers;
      break;
    case Subscriber::State::kEnded:
      groups_.Close(subscriber);
      break;
  }
}

PublisherStats Publisher::Stats() const {
  absl::ReaderMutexLock lock(&publisher_mu_);
  return stats_;
}

}  // namespace muster
