// A cell whose brokers were without power: all of its agencies come back, each after the waits of client/lib/retry.h.
#ifndef MUSTER_TESTS_SCALING_STORM_H_
#define MUSTER_TESTS_SCALING_STORM_H_

#include <cstdint>

#include "common/histogram.h"
#include "tests/scaling/country.h"

namespace muster::scaling {

struct Outage {
  int agencies = 18'000;
  int brokers = 3;
  // How long the brokers are away. Everyone notices at once.
  Nanos lasts = 60 * kSecond;
  // A connection that has not been made after so long is given up, and tried again later.
  Nanos patience = 10 * kSecond;
  // Deliveries of other cells' operations that wait for each agency.
  int missed = 20;
  // A planted fault: everyone waits the whole of each step.
  bool without_jitter = false;
};

struct StormResult {
  Histogram reconnected{
      kHistogramBits};    // Each agency's, from when the brokers were there again until it had all that it missed.
  uint64_t attempts = 0;  // While the brokers were there.
  uint64_t given_up = 0;  // Of those, how many were not answered in time.
  int64_t busiest_per_mille = 0;  // The busiest second of all cores of the cell's brokers; above 1,000: a line grew.
};

StormResult RunStorm(const Outage& outage, uint64_t seed);

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_STORM_H_
