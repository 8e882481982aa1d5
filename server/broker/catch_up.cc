// The publisher's catch-up thread: reads history for the readers who are not live, a slice each in turn.
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "server/broker/publisher.h"

namespace muster {

// One reader's turn. Made and used up under publisher_mu_; read between, without it.
struct Publisher::Slice {
  AudienceSet memberships;
  uint64_t position = 0;           // Of the last delivery so far.
  absl::optional<FeedId> read_id;  // Everything to here has been looked at; unset: find it.
  FeedId through = 0;              // As far as `memberships` is known to hold.
  size_t count_max = 0;
  size_t bytes_max = 0;
  bool queue_empty = false;  // Then the first delivery fits whatever its size.
  bool full = false;
  size_t bytes = 0;
  std::vector<QueuedDelivery> deliveries;
};

void Publisher::CatchUpLoop() {
  pthread_setname_np(pthread_self(), "catch-up");
  while (true) {
    SubscriberPtr subscriber;
    Slice slice;
    {
      absl::MutexLock lock(&publisher_mu_);
      while (scheduled_.empty() && !stopped_) scheduled_cv_.Wait(&publisher_mu_);
      if (stopped_) return;
      subscriber = std::move(scheduled_.front());
      scheduled_.pop_front();
      if (subscriber->state_ != Subscriber::State::kCatchingUp) continue;  // Cancelled while it waited.
      slice = BeginSlice(*subscriber);
    }
    const absl::Status read = ReadSlice(&slice);
    Wakes wakes;
    {
      absl::MutexLock lock(&publisher_mu_);
      FinishSlice(subscriber.get(), std::move(slice), read, &wakes);
    }
    for (const auto& wake : wakes) (*wake)();
  }
}

void Publisher::Schedule(Subscriber* subscriber) {
  if (subscriber->state_ != Subscriber::State::kCatchingUp || subscriber->scheduled_) return;
  if (subscriber->queue_.size() > options_.reader_queue_max / 2 ||
      subscriber->queued_bytes_ > options_.reader_queue_bytes_max / 2) {
    return;  // Drain comes back to it.
  }
  subscriber->scheduled_ = true;
  scheduled_.push_back(catching_up_[subscriber->index_]);
  scheduled_cv_.Signal();
}

Publisher::Slice Publisher::BeginSlice(const Subscriber& subscriber) const {
  Slice slice;
  slice.memberships = *subscriber.memberships_;
  slice.position = subscriber.position_;
  slice.read_id = subscriber.read_id_;
  slice.through = published_id_;
  slice.count_max = options_.reader_queue_max - std::min(options_.reader_queue_max, subscriber.queue_.size());
  slice.bytes_max =
      options_.reader_queue_bytes_max - std::min(options_.reader_queue_bytes_max, subscriber.queued_bytes_);
  slice.queue_empty = subscriber.queue_.empty();
  return slice;
}

absl::Status Publisher::ReadSlice(Slice* slice) {
  const auto visit = [slice](FeedId id, const FeedRow& row) {
    if (Receives(slice->memberships, row.audience)) {
      const bool first = slice->queue_empty && slice->deliveries.empty();
      if (!first &&
          (slice->deliveries.size() >= slice->count_max || slice->bytes + row.bytes.size() > slice->bytes_max)) {
        slice->full = true;
        return false;
      }
      slice->bytes += row.bytes.size();
      slice->deliveries.push_back(
          {++slice->position, std::make_shared<const std::string>(row.bytes.data(), row.bytes.size())});
    }
    slice->read_id = id;
    return true;
  };
  while (true) {
    if (!slice->read_id.has_value()) {
      absl::StatusOr<FeedId> found = reader_->Seek(slice->memberships.ToVector(), slice->position);
      if (!found.ok()) return found.status();
      slice->read_id = *found;
    }
    absl::Status read = reader_->ReadAfter(*slice->read_id, slice->through, options_.slice_rows_max, visit);
    if (!absl::IsOutOfRange(read)) return read;
    slice->read_id.reset();  // Trimmed since it was found; perhaps only what others receive: Seek tells.
  }
}

void Publisher::FinishSlice(Subscriber* subscriber, Slice slice, const absl::Status& read, Wakes* wakes) {
  subscriber->scheduled_ = false;
  if (subscriber->state_ != Subscriber::State::kCatchingUp) return;  // Cancelled meanwhile.
  if (!read.ok()) {
    End(subscriber, read);
  } else {
    for (QueuedDelivery& delivery : slice.deliveries) subscriber->queue_.push_back(std::move(delivery));
    subscriber->queued_bytes_ += slice.bytes;
    subscriber->position_ = slice.position;
    subscriber->read_id_ = slice.read_id;
    if (*slice.read_id >= published_id_) {
      GoLive(subscriber);  // Nothing was published since the slice began, and nothing can be while we hold the lock.
    } else if (!slice.full || subscriber->queue_.empty()) {
      Schedule(subscriber);  // Otherwise the next delivery does not fit until the reader drains, and Drain schedules.
    }
  }
  CollectWake(subscriber, wakes);
}

}  // namespace muster
