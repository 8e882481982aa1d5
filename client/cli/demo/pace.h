// How slowly a replay is shown. A replay without an audience has no pauses.
#ifndef MUSTER_CLIENT_CLI_DEMO_PACE_H_
#define MUSTER_CLIENT_CLI_DEMO_PACE_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace muster {

// Immutable; from any thread. Pauses change when things happen, never what happens.
class Pace {
 public:
  Pace() = default;
  // Of a show: 1 is for people who watch, 0.1 ten times as fast.
  explicit Pace(double factor) : factor_(factor) {}

  // So that people see what has just happened. At once without an audience.
  void Hold(absl::Duration at_pace_one) const { absl::SleepFor(at_pace_one * factor_); }

  // `busy` is a pause that a replay makes in any case; in a show it is longer, so that figures come one by one.
  absl::Duration Stretch(absl::Duration busy) const { return busy * (1 + kStretch * factor_); }

 private:
  // 25 ms on average become 1.3 s.
  static constexpr double kStretch = 50;

  double factor_ = 0;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_PACE_H_
