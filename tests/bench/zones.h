// The zones of client/bench/zones.h, and questions about them, as the index takes them.
#ifndef MUSTER_TESTS_BENCH_ZONES_H_
#define MUSTER_TESTS_BENCH_ZONES_H_

#include "absl/time/time.h"
#include "client/bench/zones.h"
#include "server/deconfliction/rules.h"

namespace muster::bench {

inline Footprint FootprintOf(const Zone& zone) {
  const absl::Time first_day = absl::FromUnixSeconds(1'800'000'000);
  Footprint footprint;
  footprint.center.set_latitude(zone.latitude);
  footprint.center.set_longitude(zone.longitude);
  footprint.radius_m = zone.radius_m;
  footprint.start = first_day + absl::Trunc(zone.start, absl::Seconds(1));
  footprint.end = footprint.start + absl::Trunc(zone.length, absl::Seconds(1));
  return footprint;
}

inline Footprint QuestionOf(const Zone& zone) {
  Footprint footprint = FootprintOf(zone);
  footprint.radius_m += kQuestionWiderM;
  return footprint;
}

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_ZONES_H_
