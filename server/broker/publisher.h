// Stores what was committed for the agencies and hands it to those who are listening.
//
// Every notice is stored first and then handed to the live readers of its audience, so that whoever is not live, or
// stops being live, finds it in the store. One predicate, Receives (audience_set.h), decides both ways. Agencies that
// belong to the same audiences (reader_groups.h) share what is encoded for them, live and from history.
//
// Threading: Publish by the sequencer thread only; the rest from any thread. One thread of its own, "catch-up", from
// Start to Stop. publisher_mu_ is the last in the order queue_mu_ -> state_mu_ -> publisher_mu_, guards every
// subscriber too, and is never held during I/O or a callback.
#ifndef MUSTER_SERVER_BROKER_PUBLISHER_H_
#define MUSTER_SERVER_BROKER_PUBLISHER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "server/broker/delivery_block.h"
#include "server/broker/feed_store.h"
#include "server/broker/history_pages.h"
#include "server/broker/reader_groups.h"
#include "server/broker/subscriber.h"
#include "server/state/applied.h"

namespace muster {

struct PublisherStats {
  size_t live_readers = 0;
  size_t catching_up_readers = 0;
  uint64_t notices = 0;     // Published.
  uint64_t deliveries = 0;  // Drained by readers.
  uint64_t fallbacks = 0;   // Times a live reader's queue was full.
};

class Publisher {
 public:
  struct Options {
    // Deliveries, and bytes of them, that may wait for one reader before it is live no longer. What is partly drained
    // keeps up to one block more.
    size_t reader_queue_max = 16384;
    size_t reader_queue_bytes_max = 4 << 20;
    // How far ahead of a reader its history is read, if that is less.
    size_t read_ahead_max = 1024;
    size_t read_ahead_bytes_max = 512 << 10;
    // What was read for one reader and is kept for the others like it.
    size_t pages_bytes_max = 8 << 20;
    // Notices that the catch-up thread looks at for one reader before it turns to the next.
    size_t slice_rows_max = 4096;
  };

  // `store` holds every notice that `audiences` has addressed (recovery sees to that). It is not owned and outlives
  // this; from now on Append is Publish's. `audiences` is read during the call only. `log_id` is Genesis.log_id.
  //
  // Errors: DATA_LOSS the store and `audiences` disagree on how much some agency has had: the store is of another
  //         log, or has lost something. Remove it and replay the log. Otherwise as common/sqlite.h.
  static absl::StatusOr<std::unique_ptr<Publisher>> Create(FeedStore* store, const Audiences& audiences,
                                                           std::string log_id, const Options& options);

  // Stops. Subscribers must not be used afterwards.
  ~Publisher();

  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Once each. Without the thread live readers are served, and those catching up wait.
  void Start();
  // Ends every subscriber with UNAVAILABLE (DRAINING).
  void Stop();

  // Stores the notices of the events `first_sequence`, `first_sequence` + 1 ..., one Applied each, and hands them to
  // the live readers. `audiences` is the state's, which knows every audience named; it is read during the call only.
  // Waits for no reader.
  //
  // Errors: INVALID_ARGUMENT first_sequence does not follow the store's last. Otherwise those of FeedStore::Append. No
  //         reader was given anything, and the events stand: the broker must stop and recover.
  absl::Status Publish(Sequence first_sequence, absl::Span<const Applied> applied, const Audiences& audiences);

  // Begins to read the feed of `agency_id` after its delivery number `after`; nothing: after what it has had by now.
  // See Subscriber::Drain for `wake`. What is wrong with `after` is said by status().
  std::shared_ptr<Subscriber> Subscribe(absl::string_view agency_id, std::optional<uint64_t> after,
                                        Subscriber::Wake wake);

  // How many deliveries `agency_id` has been published.
  uint64_t Position(absl::string_view agency_id) const;

  PublisherStats Stats() const;

 private:
  friend class Subscriber;  // Its methods are ours, under publisher_mu_.

  using SubscriberPtr = std::shared_ptr<Subscriber>;
  using Wakes = std::vector<std::shared_ptr<const Subscriber::Wake>>;
  // A block of deliveries that Publish hands to the live readers of a group.
  struct LiveBlock {
    DeliveryRun run;
    FeedId after;  // Everything to here precedes it.
  };
  struct Slice;

  Publisher(FeedStore* store, std::unique_ptr<FeedReader> reader, std::string log_id, const Options& options);

  size_t Drain(Subscriber* subscriber, size_t count_max, size_t bytes_max, std::vector<DeliveryRun>* out,
               bool* caught_up);
  void Cancel(Subscriber* subscriber);

  void Learn(const Audiences& audiences) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  uint64_t PositionOf(const AudienceSet& memberships) const ABSL_SHARED_LOCKS_REQUIRED(publisher_mu_);
  void HandToLive(FeedId first_id, absl::Span<const FeedRow> rows, Wakes* wakes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  std::vector<LiveBlock> EncodeFor(const ReaderGroup& group, FeedId first_id, absl::Span<const FeedRow> rows) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  bool HasRoom(const Subscriber& subscriber, const DeliveryRun& run) const ABSL_SHARED_LOCKS_REQUIRED(publisher_mu_);
  void Enqueue(Subscriber* subscriber, DeliveryRun run) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  void CollectWake(Subscriber* subscriber, Wakes* wakes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);

  // Changes of state.
  void GoLive(Subscriber* subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  void FallBack(Subscriber* subscriber, FeedId read_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  void End(Subscriber* subscriber, absl::Status why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  void MoveTo(Subscriber::State state, Subscriber* subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);

  // The catch-up thread (catch_up.cc).
  void CatchUpLoop();
  // Gives a subscriber that catches up to the thread if its queue has room for a worthwhile slice.
  void Schedule(Subscriber* subscriber) ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  Slice BeginSlice(const Subscriber& subscriber) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);
  absl::Status ReadSlice(Slice* slice);
  absl::StatusOr<HistoryPages::Ref> ReadPage(const Slice& slice);
  static void TakeFrom(const HistoryPage& page, Slice* slice);
  void FinishSlice(Subscriber* subscriber, Slice slice, const absl::Status& read, Wakes* wakes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(publisher_mu_);

  const Options options_;
  // How far ahead of a reader its history is read.
  const size_t ahead_max_;
  const size_t ahead_bytes_max_;
  const std::string log_id_;
  FeedStore* const store_;  // Not owned. The sequencer thread's.
  // The catch-up thread's.
  const std::unique_ptr<FeedReader> reader_;
  HistoryPages pages_;
  std::thread catch_up_thread_;

  mutable absl::Mutex publisher_mu_;
  absl::CondVar scheduled_cv_;
  bool stopped_ ABSL_GUARDED_BY(publisher_mu_) = false;
  // The last notice that live readers have been handed; later ones in the store are being published just now.
  FeedId published_id_ ABSL_GUARDED_BY(publisher_mu_) = 0;
  // Our copy of who belongs where, because the state's changes under another lock.
  ReaderGroups groups_ ABSL_GUARDED_BY(publisher_mu_);
  std::vector<uint64_t> ranks_ ABSL_GUARDED_BY(publisher_mu_);  // By audience: how many notices, as of published_id_.
  std::deque<SubscriberPtr> scheduled_ ABSL_GUARDED_BY(publisher_mu_);
  PublisherStats stats_ ABSL_GUARDED_BY(publisher_mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_PUBLISHER_H_
