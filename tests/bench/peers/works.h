// The works that brokers are compared in. Each prints one line of JSON with its figures.
#ifndef MUSTER_TESTS_BENCH_PEERS_WORKS_H_
#define MUSTER_TESTS_BENCH_PEERS_WORKS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "tests/bench/peers/link.h"

namespace muster::peers {

struct PublishLoad {
  int publishers = 1;
  // Messages of one publisher that may wait for their acknowledgement.
  uint64_t window = 512;
  size_t size_bytes = 256;
  double warm_seconds = 1;
  double seconds = 3;
  // More than 0: this many messages, without warming up, instead of `seconds`.
  uint64_t count = 0;
  pid_t server = 0;
};

// Publishes and waits for acknowledgements, as fast as the windows let it.
void RunPublish(const PublishLoad& load, const MakeLink& make_link);

struct FanoutLoad {
  int readers = 100;
  size_t size_bytes = 256;
  // Messages a second; 0 is as fast as the slowest reader lets it.
  double rate = 0;
  // At full rate: how many messages the publisher may be ahead of the slowest reader.
  uint64_t lag = 1000;
  double seconds = 3;
  // More than 0: this many messages instead of `seconds`.
  uint64_t count = 0;
  pid_t server = 0;
};

using MakeReader = std::function<std::unique_ptr<SessionLink>(int index)>;

// One publisher and many readers that must each get every message: how long until the last has it, and what a delivery
// costs. One thread for all readers, one for the publisher.
void RunFanout(const FanoutLoad& load, const MakeLink& make_publisher, const MakeReader& make_reader);

// One new reader that reads `count` stored messages from the beginning.
void RunReplay(uint64_t count, pid_t server, const MakeReader& make_reader);

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_WORKS_H_
