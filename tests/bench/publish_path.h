// A broker's feed in a temporary folder, with readers who take what waits for them as messages: published, stored,
// handed to the live readers, drained, encoded. What is measured of the publish path runs here.
//
// Threading: one thread; the publisher's own beside it.
#ifndef MUSTER_TESTS_BENCH_PUBLISH_PATH_H_
#define MUSTER_TESTS_BENCH_PUBLISH_PATH_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/broker/feed_store.h"
#include "server/broker/publisher.h"
#include "server/state/audiences.h"

namespace muster::bench {

// Takes everything that waits for the reader, as messages; returns their bytes.
size_t TakeWaiting(Subscriber* reader);

class PublishPath {
 public:
  // `dir` must be empty. agency-0, agency-1 ...; nobody listens yet.
  PublishPath(const std::string& dir, size_t agencies);
  ~PublishPath();

  const std::vector<std::string>& agency_ids() const { return agency_ids_; }

  void Listen(const std::string& agency_id, std::optional<uint64_t> after = std::nullopt);
  // Where the next notice to these agencies goes. Once for each audience.
  Audiences::Address Address(const std::vector<std::string>& to) { return audiences_.Next(to); }
  // One commit of as many notices of 256 bytes, from `next` on, which moves on.
  void Publish(Audiences::Address* next, size_t notices);
  // TakeWaiting of every reader.
  size_t TakeAll();

 private:
  std::vector<std::string> agency_ids_;
  Audiences audiences_;
  std::unique_ptr<FeedStore> store_;
  std::unique_ptr<Publisher> publisher_;
  std::vector<std::shared_ptr<Subscriber>> readers_;
  Sequence next_sequence_ = 1;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_PUBLISH_PATH_H_
