// The publisher's catch-up thread: reads history for the readers who are not live, a page each in turn.
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "server/broker/publisher.h"

namespace muster {
namespace {

// A page makes one message of the feed.
constexpr size_t kPageCountMax = 512;

}  // namespace

// One reader's turn. Made and used up under publisher_mu_; read between, without it.
struct Publisher::Slice {
  std::shared_ptr<const AudienceSet> memberships;
  uint64_t version = 0;            // Of the reader's group.
  uint64_t position = 0;           // Of the last delivery so far.
  absl::optional<FeedId> read_id;  // Everything to here has been looked at; unset: find it.
  FeedId through = 0;              // As far as `memberships` is known to hold.
  size_t count_max = 0;
  size_t bytes_max = 0;
  bool queue_empty = false;  // Then the first delivery fits whatever its size.
  bool full = false;
  DeliveryRun run;
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
  if (subscriber->queued_count_ > ahead_max_ / 2 || subscriber->queued_bytes_ > ahead_bytes_max_ / 2) {
    return;  // Drain comes back to it.
  }
  subscriber->scheduled_ = true;
  scheduled_.push_back(subscriber->agency_->readers[subscriber->index_]);
  scheduled_cv_.Signal();
}

Publisher::Slice Publisher::BeginSlice(const Subscriber& subscriber) const {
  Slice slice;
  slice.memberships = subscriber.agency_->group->memberships;
  slice.version = subscriber.agency_->group->version;
  slice.position = subscriber.position_;
  slice.read_id = subscriber.read_id_;
  slice.through = published_id_;
  slice.count_max = ahead_max_ - std::min(ahead_max_, subscriber.queued_count_);
  slice.bytes_max = ahead_bytes_max_ - std::min(ahead_bytes_max_, subscriber.queued_bytes_);
  slice.queue_empty = subscriber.queue_.empty();
  return slice;
}

absl::Status Publisher::ReadSlice(Slice* slice) {
  while (true) {
    if (!slice->read_id.has_value()) {
      absl::StatusOr<FeedId> found = reader_->Seek(slice->memberships->ToVector(), slice->position);
      if (!found.ok()) return found.status();
      slice->read_id = *found;
    }
    if (*slice->read_id >= slice->through) return absl::OkStatus();
    HistoryPages::Ref page = pages_.Find(slice->version, *slice->read_id, slice->position);
    if (page == nullptr) {
      absl::StatusOr<HistoryPages::Ref> read = ReadPage(*slice);
      if (absl::IsOutOfRange(read.status())) {
        slice->read_id.reset();  // Trimmed since it was found; perhaps only what others receive: Seek tells.
        continue;
      }
      if (!read.ok()) return read.status();
      page = *std::move(read);
      pages_.Add(page);
    }
    TakeFrom(*page, slice);
    return absl::OkStatus();
  }
}

absl::StatusOr<HistoryPages::Ref> Publisher::ReadPage(const Slice& slice) {
  // At most half of what is read ahead, so that a reader who is given a turn has room for a page.
  const size_t count_max = std::clamp<size_t>(ahead_max_ / 2, 1, kPageCountMax);
  const size_t bytes_max = ahead_bytes_max_ / 2;
  auto page = std::make_shared<HistoryPage>();
  page->version = slice.version;
  page->begin = *slice.read_id;
  page->end = page->begin;
  DeliveryBlockBuilder builder(log_id_, slice.position + 1);
  const auto visit = [&](FeedId id, const FeedRow& row, const FeedReader::Block&) {
    if (Receives(*slice.memberships, row.audience)) {
      if (!builder.HasRoom(row.bytes, count_max, bytes_max)) return false;
      builder.Add(row.bytes);
      page->ids.push_back(id);
    }
    page->end = id;
    return true;
  };
  const FeedId through = pages_.EndFor(slice.version, page->begin, slice.through);
  absl::Status read = reader_->ReadAfter(page->begin, through, options_.slice_rows_max, visit);
  if (!read.ok()) return read;
  page->block = builder.Take();
  return page;
}

void Publisher::TakeFrom(const HistoryPage& page, Slice* slice) {
  const auto from = static_cast<uint32_t>(slice->position + 1 - page.block->first_position);
  const DeliveryRun rest{page.block, from, static_cast<uint32_t>(page.ids.size())};
  slice->run = rest.Front(slice->count_max, slice->bytes_max);
  if (slice->run.count() == 0 && rest.count() > 0 && slice->queue_empty) slice->run.to = from + 1;
  slice->full = slice->run.count() < rest.count();
  slice->position += slice->run.count();
  slice->read_id = slice->full ? page.ids[slice->run.to] - 1 : page.end;
}

void Publisher::FinishSlice(Subscriber* subscriber, Slice slice, const absl::Status& read, Wakes* wakes) {
  subscriber->scheduled_ = false;
  if (subscriber->state_ != Subscriber::State::kCatchingUp) return;  // Cancelled meanwhile.
  if (!read.ok()) {
    End(subscriber, read);
  } else {
    if (slice.run.count() > 0) Enqueue(subscriber, std::move(slice.run));
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
