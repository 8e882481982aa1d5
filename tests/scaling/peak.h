// The peak hour of a country of cells, event by event: agencies post, the leader of the operation's home cell commits
// and applies, every broker of that cell writes to its own readers, and one relay in each other cell that takes part
// receives once what its cell's brokers then write to theirs (docs/SCALING.md).
//
// Links only delay; brokers, the threads that decide, relays and the wires between cells are stations with a line.
#ifndef MUSTER_TESTS_SCALING_PEAK_H_
#define MUSTER_TESTS_SCALING_PEAK_H_

#include <array>
#include <cstdint>
#include <vector>

#include "common/histogram.h"
#include "tests/scaling/country.h"

namespace muster::scaling {

enum LinkClass { kUp, kDown, kInCell, kAcross, kLinkClasses };

// What went over one class of links, in the whole country.
struct Traffic {
  // One for each 100 ms.
  struct Slot {
    int64_t messages = 0;
    int64_t bytes = 0;
  };
  std::vector<Slot> slots;

  void Add(Nanos at, int64_t messages, int64_t bytes);
  int64_t messages() const;
  int64_t bytes() const;
  Slot Peak() const;  // Each of its own slot.
};

// The busiest of each kind, per mille of what it could do.
struct Utilisation {
  int64_t leader_decides = 0;  // The one thread that commits and applies.
  int64_t leader_streams = 0;  // Calls and deliveries of the broker that leads.
  int64_t follower_applies = 0;
  int64_t follower_streams = 0;
  int64_t relay = 0;
  int64_t wire_between_cells = 0;

  int64_t Highest() const;
};

struct PeakResult {
  uint64_t posts = 0;
  uint64_t events_simulated = 0;
  Histogram ack_within{
      kHistogramBits};  // From the post's sending to its outcome, the operation at home in its own cell.
  Histogram ack_across{kHistogramBits};   // The same, forwarded to another cell.
  Histogram last_within{kHistogramBits};  // From the outcome to the last reader of the home cell.
  Histogram last_across{kHistogramBits};  // To the last reader of the other cells.
  Histogram national{kHistogramBits};     // The national GO, each agency's: from when it was sent.
  std::array<Traffic, kLinkClasses> traffic;
  Utilisation utilisation;

  // Every notice is to reach each of its readers once: how many deliveries that makes, how many arrived, and the
  // readers whose deliveries are not the ones that were published for them.
  uint64_t deliveries_due = 0;
  uint64_t deliveries_arrived = 0;
  uint64_t deliveries_joining = 0;  // Of those, how many went out with another.
  uint64_t readers_wrong = 0;
};

PeakResult RunPeak(const Load& load, uint64_t seed);

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_PEAK_H_
