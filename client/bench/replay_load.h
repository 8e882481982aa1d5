// A reader that was away: a whole feed from the beginning of history.
#ifndef MUSTER_CLIENT_BENCH_REPLAY_LOAD_H_
#define MUSTER_CLIENT_BENCH_REPLAY_LOAD_H_

#include "absl/status/statusor.h"
#include "client/bench/figures.h"
#include "client/bench/stage.h"

namespace muster::bench {

struct ReplayOptions {
  // Given up after so long.
  double seconds_max = 600;
};

// Reads the caller's feed from its beginning until it has the present.
absl::StatusOr<Report> RunReplay(const Target& target, const ReplayOptions& options);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_REPLAY_LOAD_H_
