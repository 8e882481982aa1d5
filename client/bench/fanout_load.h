// One publisher, many readers of the same audience.
#ifndef MUSTER_CLIENT_BENCH_FANOUT_LOAD_H_
#define MUSTER_CLIENT_BENCH_FANOUT_LOAD_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/bench/figures.h"
#include "client/bench/publisher.h"
#include "client/bench/stage.h"

namespace muster::bench {

struct FanoutOptions {
  // Of the caller's that is not ACTUAL; empty: one of its own.
  std::string operation_id;
  // Where the authority's key is: each reader is an agency of its own. Empty: all read the caller's feed.
  std::string authority;
  size_t readers = 100;
  // Events a second; 0: as fast as the slowest reader has them, at most `lag` ahead of it.
  double rate = 0;
  uint64_t lag = 1000;
  PublisherOptions publisher;
  size_t size = 256;
  double seconds = 5;
  // When not 0: so many events instead of for so long.
  uint64_t count = 0;
};

// Tally entries to all readers, every one of whom must get every one, in order and once.
absl::StatusOr<Report> RunFanout(const Target& target, const FanoutOptions& options);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_FANOUT_LOAD_H_
