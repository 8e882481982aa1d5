// Notices that somebody has set the wall clock back.
//
// Why it matters: gRPC's timers wait on Debian 12's Abseil, which waits until moments of the wall clock. One that is
// set back by an hour makes them all an hour late, and with them every attempt to connect again. See ADR 23.
#ifndef MUSTER_COMMON_CLOCK_WATCH_H_
#define MUSTER_COMMON_CLOCK_WATCH_H_

#include <functional>
#include <thread>

#include "absl/time/time.h"
#include "common/clock.h"
#include "common/revision.h"

namespace muster {

// Owns a thread that looks every `interval`, by the monotonic clock. Thread-safe.
class ClockWatch {
 public:
  // `set_back` is called on that thread, for every time that the clock was set back by more than `tolerance` between
  // two looks, with how much that was. A clock that is slewed moves by less. `clock` is borrowed.
  ClockWatch(const Clock* clock, absl::Duration interval, absl::Duration tolerance,
             std::function<void(absl::Duration)> set_back);
  // Joins; not from `set_back`.
  ~ClockWatch();
  ClockWatch(const ClockWatch&) = delete;
  ClockWatch& operator=(const ClockWatch&) = delete;

 private:
  // When the monotonic clock began, by the wall clock: moves when that is set.
  absl::Time Origin() const;
  void Run();

  const Clock* const clock_;
  const absl::Duration interval_;
  const absl::Duration tolerance_;
  const std::function<void(absl::Duration)> set_back_;
  absl::Time origin_;  // The thread's alone, once that runs.
  Revision stopped_;   // Bumped to stop.
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_COMMON_CLOCK_WATCH_H_
