#include "server/broker/publisher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/status_macros.h"

namespace muster {
namespace {

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

absl::StatusOr<std::unique_ptr<Publisher>> Publisher::Create(FeedStore* store, const Audiences& audiences,
                                                             const Options& options) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<FeedReader> reader, store->NewReader());
  std::vector<uint64_t> ranks;
  for (AudienceId id = 0; id < audiences.size(); ++id) {
    MUSTER_ASSIGN_OR_RETURN(const uint64_t rank, reader->RankAt(id, store->last_id()));
    ranks.push_back(rank);
  }
  std::unique_ptr<Publisher> publisher(new Publisher(store, std::move(reader), options));
  absl::MutexLock lock(&publisher->publisher_mu_);
  publisher->Learn(audiences);
  publisher->ranks_ = std::move(ranks);
  publisher->published_id_ = store->last_id();
  for (const auto& [agency_id, memberships] : publisher->memberships_) {
    if (const uint64_t stored = publisher->PositionOf(*memberships); stored != audiences.Position(agency_id)) {
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
    for (std::vector<SubscriberPtr>* list : {&live_, &catching_up_}) {
      while (!list->empty()) {
        const SubscriberPtr subscriber = list->back();
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
  std::vector<Published> notices;
  Sequence sequence = first_sequence - 1;
  for (const Applied& one : applied) {
    ++sequence;
    for (const AddressedNotice& notice : one.notices) {
      rows.push_back({sequence, notice.address.audience, notice.address.rank, notice.bytes});
      notices.push_back({notice.address.audience, std::make_shared<const std::string>(notice.bytes)});
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
    HandToLive(first_id, notices, &wakes);
  }
  CallAll(wakes);
  return absl::OkStatus();
}

void Publisher::Learn(const Audiences& audiences) {
  for (auto id = static_cast<AudienceId>(ranks_.size()); id < audiences.size(); ++id) {
    ranks_.push_back(0);
    for (const std::string& agency_id : audiences.Members(id)) MembershipsOf(agency_id)->Add(id);
  }
}

AudienceSet* Publisher::MembershipsOf(absl::string_view agency_id) {
  auto it = memberships_.find(agency_id);
  if (it == memberships_.end()) {
    it = memberships_.emplace(std::string(agency_id), std::make_unique<AudienceSet>()).first;
  }
  return it->second.get();
}

uint64_t Publisher::PositionOf(const AudienceSet& memberships) const {
  uint64_t position = 0;
  for (const AudienceId id : memberships.ToVector()) position += ranks_[id];
  return position;
}

uint64_t Publisher::Position(absl::string_view agency_id) const {
  absl::ReaderMutexLock lock(&publisher_mu_);
  const auto it = memberships_.find(agency_id);
  return it == memberships_.end() ? 0 : PositionOf(*it->second);
}

// Reader by reader rather than notice by notice: each queue is touched once, and falls back whole.
void Publisher::HandToLive(FeedId first_id, const std::vector<Published>& notices, Wakes* wakes) {
  // Backwards: whoever falls back leaves its place to one that has been served.
  for (size_t i = live_.size(); i-- > 0;) {
    const SubscriberPtr subscriber = live_[i];
    for (size_t k = 0; k < notices.size(); ++k) {
      if (!Receives(*subscriber->memberships_, notices[k].audience)) continue;
      if (!Enqueue(subscriber.get(), {subscriber->position_ + 1, notices[k].bytes})) {
        FallBack(subscriber.get(), first_id + k - 1);
        break;
      }
    }
    CollectWake(subscriber.get(), wakes);
  }
}

bool Publisher::Enqueue(Subscriber* subscriber, QueuedDelivery delivery) {
  const size_t bytes = delivery.notice->size();
  if (!subscriber->queue_.empty() && (subscriber->queue_.size() >= options_.reader_queue_max ||
                                      subscriber->queued_bytes_ + bytes > options_.reader_queue_bytes_max)) {
    return false;
  }
  subscriber->position_ = delivery.position;
  subscriber->queued_bytes_ += bytes;
  subscriber->queue_.push_back(std::move(delivery));
  return true;
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
  subscriber->memberships_ = MembershipsOf(agency_id);
  const uint64_t now = PositionOf(*subscriber->memberships_);
  subscriber->position_ = after.value_or(now);
  if (stopped_) {
    subscriber->state_ = Subscriber::State::kEnded;
    subscriber->status_ = Draining();
    return subscriber;
  }
  subscriber->index_ = catching_up_.size();
  catching_up_.push_back(subscriber);
  if (subscriber->position_ > now) {
    End(subscriber.get(), BehindCursor());
  } else if (subscriber->position_ == now) {
    GoLive(subscriber.get());  // Nothing to read from disk.
  } else {
    Schedule(subscriber.get());
  }
  return subscriber;
}

size_t Publisher::Drain(Subscriber* subscriber, size_t count_max, size_t bytes_max, std::vector<QueuedDelivery>* out,
                        bool* caught_up) {
  *caught_up = false;
  absl::MutexLock lock(&publisher_mu_);
  std::deque<QueuedDelivery>& queue = subscriber->queue_;
  size_t count = 0;
  size_t bytes = 0;
  while (!queue.empty() && count < count_max && (count == 0 || bytes + queue.front().notice->size() <= bytes_max)) {
    bytes += queue.front().notice->size();
    out->push_back(std::move(queue.front()));
    queue.pop_front();
    ++count;
  }
  subscriber->queued_bytes_ -= bytes;
  stats_.deliveries += count;
  const uint64_t drained = queue.empty() ? subscriber->position_ : queue.front().position - 1;
  if (subscriber->caught_up_at_.has_value() && drained >= *subscriber->caught_up_at_) {
    *caught_up = true;
    subscriber->caught_up_at_.reset();
  }
  subscriber->wake_wanted_ = count == 0 && !*caught_up && subscriber->status_.ok();
  Schedule(subscriber);
  return count;
}

void Publisher::Cancel(Subscriber* subscriber) {
  std::deque<QueuedDelivery> dropped;  // Freed when the lock is not held.
  std::shared_ptr<const Subscriber::Wake> wake;
  absl::MutexLock lock(&publisher_mu_);
  End(subscriber, absl::CancelledError("the subscriber has been cancelled"));
  subscriber->caught_up_at_.reset();
  subscriber->wake_wanted_ = false;
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
  std::vector<SubscriberPtr>* from = ListOf(subscriber->state_);
  SubscriberPtr moved = std::move((*from)[subscriber->index_]);
  if (subscriber->index_ + 1 < from->size()) {
    (*from)[subscriber->index_] = std::move(from->back());
    (*from)[subscriber->index_]->index_ = subscriber->index_;
  }
  from->pop_back();
  subscriber->state_ = state;
  std::vector<SubscriberPtr>* to = ListOf(state);
  if (to == nullptr) return;
  subscriber->index_ = to->size();
  to->push_back(std::move(moved));
}

std::vector<Publisher::SubscriberPtr>* Publisher::ListOf(Subscriber::State state) {
  switch (state) {
    case Subscriber::State::kLive:
      return &live_;
    case Subscriber::State::kCatchingUp:
      return &catching_up_;
    case Subscriber::State::kEnded:
      break;
  }
  return nullptr;
}

PublisherStats Publisher::Stats() const {
  absl::ReaderMutexLock lock(&publisher_mu_);
  PublisherStats stats = stats_;
  stats.live_readers = live_.size();
  stats.catching_up_readers = catching_up_.size();
  return stats;
}

}  // namespace muster
