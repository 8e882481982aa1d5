// The queueing core: what has one line and one or several servers, such as the processors of a broker or a wire.
#ifndef MUSTER_TESTS_SCALING_STATION_H_
#define MUSTER_TESTS_SCALING_STATION_H_

#include <algorithm>
#include <vector>

#include "tests/scaling/fixed_math.h"

namespace muster::scaling {

// First come, first served. Not thread-safe.
class Station {
 public:
  explicit Station(int servers = 1) : free_at_(static_cast<size_t>(servers), 0) {}

  struct Turn {
    Nanos begins;
    Nanos ends;
  };

  // Queues work that takes `service`; says when it will be done. Calls must come in the order of `now`.
  Turn Serve(Nanos now, Nanos service) {
    Nanos& server = *std::min_element(free_at_.begin(), free_at_.end());
    const Nanos begins = std::max(now, server);
    server = begins + service;
    work_ += service;
    return {begins, server};
  }

  // Per mille of what the servers could do in `window` that was asked of them; above 1,000 when it was too much.
  int64_t UtilisationPerMille(Nanos window) const {
    return work_ / (window / 1'000) / static_cast<int64_t>(free_at_.size());
  }

 private:
  std::vector<Nanos> free_at_;  // When each server has done all that is in its line.
  Nanos work_ = 0;
};

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_STATION_H_
