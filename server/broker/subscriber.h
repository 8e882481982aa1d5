// One reader of one agency's feed: what waits for it, and where it stands.
//
// A subscriber is live (Publish hands it notices directly) or catching up (the publisher's own thread reads history
// for it, no further ahead than its queue holds). A live one whose queue is full falls back to catching up after what
// is queued; so a reader who stalls costs its queue, holds up nobody, and loses nothing.
//
// Threading: thread-safe. Drain is called by one thread at a time. Never blocks.
#ifndef MUSTER_SERVER_BROKER_SUBSCRIBER_H_
#define MUSTER_SERVER_BROKER_SUBSCRIBER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "server/broker/delivery_block.h"
#include "server/broker/feed_reader.h"

namespace muster {

class Publisher;
struct ReaderAgency;

class Subscriber {
 public:
  // Called without locks held, from the sequencer's or the catch-up thread (or the one that stops the publisher); must
  // not block.
  using Wake = std::function<void()>;

  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  // Appends what waits to `out`, in order: at most `count_max` deliveries of at most `bytes_max` bytes together (a
  // single greater one is given all the same). Returns how many deliveries. `*caught_up` becomes true once, in the
  // Drain that gives the last of what there was when the reader first reached the present.
  //
  // A Drain that gives neither asks to be woken: the wake callback runs once, when there is something again. So the
  // reader's loop is: Drain after Subscribe, after each completed write and after each wake; write what it gave; on
  // nothing, look at status() and wait. The callback never runs unless such a Drain asked for it.
  size_t Drain(size_t count_max, size_t bytes_max, std::vector<DeliveryRun>* out, bool* caught_up);

  // Why nothing more will come, once everything queued before has been drained: OK while it goes on.
  //         OUT_OF_RANGE (HISTORY_TRIMMED) what follows the reader's position is no longer kept.
  //         UNAVAILABLE (BEHIND_CURSOR)    the position lies ahead of this broker.
  //         UNAVAILABLE (DRAINING)         the publisher has stopped.
  //         CANCELLED                      Cancel was called.
  //         Otherwise                      the feed store could not be read, as common/sqlite.h says.
  absl::Status status() const;

  // Ends the subscriber and forgets what waits. A wake that another thread has begun may still run after this
  // returns, so the callback must own what it touches. Every subscriber must be cancelled; again is harmless.
  void Cancel();

  const std::string& agency_id() const { return agency_id_; }

 private:
  friend class Publisher;
  friend class ReaderGroups;
  friend struct ReaderGroup;

  enum class State { kCatchingUp, kLive, kEnded };

  Subscriber(Publisher* publisher, std::string agency_id, Wake wake)
      : publisher_(publisher), agency_id_(std::move(agency_id)), wake_(std::make_shared<const Wake>(std::move(wake))) {}

  Publisher* const publisher_;  // Not owned; outlives this.
  const std::string agency_id_;

  // The rest is guarded by publisher_->publisher_mu_: a lock of its own would have to be taken inside that one for
  // every reader of every batch.
  State state_ = State::kCatchingUp;
  ReaderAgency* agency_ = nullptr;  // The publisher's.
  size_t index_ = 0;                // Among the readers of agency_, until it has ended.
  size_t live_index_ = 0;           // Among the live readers of its group.
  std::vector<DeliveryRun> queue_;
  size_t queued_count_ = 0;  // Deliveries.
  size_t queued_bytes_ = 0;
  uint64_t position_ = 0;           // Of the last delivery ever queued.
  absl::optional<FeedId> read_id_;  // Catching up: everything to here has been looked at; unset: Seek first.
  bool scheduled_ = false;          // Catching up: waits for the catch-up thread or is in its hands.
  bool reached_present_ = false;
  absl::optional<uint64_t> caught_up_at_;  // The position after which to say caught_up.
  bool wake_wanted_ = false;
  absl::Status status_;
  std::shared_ptr<const Wake> wake_;  // Shared with a thread that is about to call it.
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_SUBSCRIBER_H_
