// A broker's feed for tests: random notices to random audiences, a plain oracle of what each agency must get, readers.
#ifndef MUSTER_SERVER_BROKER_TESTING_FEED_WORLD_H_
#define MUSTER_SERVER_BROKER_TESTING_FEED_WORLD_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "server/broker/publisher.h"
#include "server/log/testing/log_files.h"

namespace muster {

// Makes what State::Apply would, and remembers per agency, in a plain list, what it was sent. Not thread-safe.
class FeedWorld {
 public:
  FeedWorld(uint32_t seed, size_t agencies);

  // Events with up to three notices each, to random audiences, new ones among them.
  std::vector<Applied> RandomBatch(size_t events);
  // One event with one notice to `agency_ids`.
  std::vector<Applied> Notice(std::vector<std::string> agency_ids, size_t bytes = 20);

  // Publish and Append number the events of `batch` on from the last.
  void Publish(Publisher* publisher, const std::vector<Applied>& batch);
  void Append(FeedStore* store, const std::vector<Applied>& batch);
  // Somebody else has published or appended the batches made so far; the next event is `sequence`.
  void SkipTo(Sequence sequence) { next_sequence_ = sequence; }

  const Audiences& audiences() const { return audiences_; }
  const std::vector<std::string>& agency_ids() const { return agency_ids_; }
  // What `agency_id` must get, from the beginning.
  const std::vector<std::string>& FeedOf(const std::string& agency_id) { return feeds_[agency_id]; }
  size_t Random(size_t least, size_t most);

 private:
  AddressedNotice Address(std::vector<std::string> to, size_t bytes);

  std::mt19937 random_;
  std::vector<std::string> agency_ids_;
  Audiences audiences_;
  std::map<std::string, std::vector<std::string>> feeds_;
  Sequence next_sequence_ = 1;
  size_t notices_ = 0;
};

// A reader as an RPC stream is one: drains, and waits for its wake when there is nothing.
class FeedTestReader {
 public:
  FeedTestReader(Publisher* publisher, const std::string& agency_id, std::optional<uint64_t> after);
  FeedTestReader(const FeedTestReader&) = delete;
  FeedTestReader& operator=(const FeedTestReader&) = delete;
  ~FeedTestReader() { subscriber_->Cancel(); }

  // One Drain; waits for a wake, and repeats, while it gives nothing. False: the subscriber has ended.
  bool Step(size_t count_max = 64, size_t bytes_max = 1 << 20);
  // As Step, and returns what came; nothing: the subscriber has ended, or this is where it caught up.
  std::vector<DeliveryRun> Take();
  // Both give up when the subscriber ends.
  void ReadUntilCaughtUp();
  void ReadUntil(size_t count);
  // One Drain, without waiting. Returns how many came.
  size_t DrainNow(size_t count_max = 64, size_t bytes_max = 1 << 20);

  const std::vector<std::string>& notices() const { return notices_; }
  const std::vector<uint64_t>& positions() const { return positions_; }
  int caught_up_marks() const { return caught_up_marks_; }
  // How many deliveries had come when the mark did.
  size_t caught_up_after() const { return caught_up_after_; }
  int wakes() const;
  absl::Status status() const { return subscriber_->status(); }
  Subscriber* subscriber() { return subscriber_.get(); }

 private:
  // Outlives the reader while a wake is on its way.
  struct Bell {
    absl::Mutex mu;
    int rung ABSL_GUARDED_BY(mu) = 0;
    int heard ABSL_GUARDED_BY(mu) = 0;
  };
  void WaitForWake();
  size_t DrainInto(size_t count_max, size_t bytes_max, std::vector<DeliveryRun>* runs);

  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
  std::shared_ptr<Subscriber> subscriber_;
  std::vector<std::string> notices_;
  std::vector<uint64_t> positions_;
  int caught_up_marks_ = 0;
  size_t caught_up_after_ = 0;
};

// `feed` from after its `position`-th on.
std::vector<std::string> Rest(const std::vector<std::string>& feed, uint64_t position);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_TESTING_FEED_WORLD_H_
