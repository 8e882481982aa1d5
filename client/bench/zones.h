// Activities of a fixed generator, so that every program that measures deconfliction, and every system that is
// compared, is asked the same.
//
// splitmix64 (prng.di.unimi.it/splitmix64.c), a draw u being its upper 53 bits as a fraction of one. Centres in 4 by 6
// degrees; radii from 50 to 5,000 m, evenly on a logarithmic scale; windows of 1 to 8 hours in thirty days.
#ifndef MUSTER_CLIENT_BENCH_ZONES_H_
#define MUSTER_CLIENT_BENCH_ZONES_H_

#include <cmath>
#include <cstdint>

#include "absl/time/time.h"

namespace muster::bench {

// The seeds of the zones, and of what is asked about them.
inline constexpr uint64_t kZoneSeed = 42;
inline constexpr uint64_t kQuestionSeed = 777;
// A question reaches so much farther than the zone that is drawn for it.
inline constexpr double kQuestionWiderM = 1000;

struct Zone {
  double latitude = 0;
  double longitude = 0;
  double radius_m = 0;
  absl::Duration start;  // From the zones' first day on.
  absl::Duration length;
};

class ZoneGenerator {
 public:
  explicit ZoneGenerator(uint64_t seed) : state_(seed) {}

  Zone Next() {
    Zone zone;
    zone.latitude = 50 + 4 * Draw();
    zone.longitude = 6 * Draw();
    zone.radius_m = 50 * std::pow(100.0, Draw());
    zone.start = absl::Hours(30 * 24) * Draw();
    zone.length = absl::Hours(1) + absl::Hours(7) * Draw();
    return zone;
  }

 private:
  // From 0 to 1, without 1.
  double Draw() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t mixed = state_;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    mixed ^= mixed >> 31;
    return static_cast<double>(mixed >> 11) * 0x1p-53;
  }

  uint64_t state_;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_ZONES_H_
