// A broker's publisher for tests, on a feed of its own.
#ifndef MUSTER_SERVER_BROKER_TESTING_PUBLISHER_TEST_H_
#define MUSTER_SERVER_BROKER_TESTING_PUBLISHER_TEST_H_

#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/broker/publisher.h"
#include "server/broker/testing/feed_world.h"
#include "server/log/testing/log_files.h"

namespace muster {

inline constexpr std::optional<uint64_t> kNow = std::nullopt;

// A broker's feed on disk, with a publisher that can be stopped and made anew, as a restart does.
class PublisherTest : public ::testing::Test {
 protected:
  void Open(FeedWorld* world, Publisher::Options options = {}, bool start = true) {
    publisher_.reset();
    store_.reset();
    absl::StatusOr<std::unique_ptr<FeedStore>> store = FeedStore::Open(folder_.path());
    ASSERT_EQ(store.status(), absl::OkStatus());
    store_ = *std::move(store);
    absl::StatusOr<std::unique_ptr<Publisher>> publisher =
        Publisher::Create(store_.get(), world->audiences(), "12345678", options);
    ASSERT_EQ(publisher.status(), absl::OkStatus());
    publisher_ = *std::move(publisher);
    if (start) publisher_->Start();
  }

  void PublishRandom(FeedWorld* world, size_t batches) {
    for (size_t i = 0; i < batches; ++i) world->Publish(publisher_.get(), world->RandomBatch(world->Random(1, 6)));
  }

  const TemporaryFolder folder_;
  std::unique_ptr<FeedStore> store_;
  std::unique_ptr<Publisher> publisher_;
};

// Small enough that every kind of full happens all the time.
inline Publisher::Options TinyQueues() {
  Publisher::Options options;
  options.reader_queue_max = 7;
  options.reader_queue_bytes_max = 600;
  options.slice_rows_max = 11;
  return options;
}

inline std::vector<uint64_t> Positions(uint64_t after, size_t count) {
  std::vector<uint64_t> positions(count);
  std::iota(positions.begin(), positions.end(), after + 1);
  return positions;
}

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_TESTING_PUBLISHER_TEST_H_
