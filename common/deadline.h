// How long something may still take.
//
// Spent by the monotonic clock: a wall clock that is set, by hours and in the middle, makes it neither longer nor
// shorter. What must be over by a moment that people know is an absl::Time instead.
//
// Threading: a value, like a number. The clock must outlive it.
#ifndef MUSTER_COMMON_DEADLINE_H_
#define MUSTER_COMMON_DEADLINE_H_

#include <algorithm>

#include "absl/time/time.h"
#include "common/clock.h"

namespace muster {

class Deadline {
 public:
  // `within` from now; absl::InfiniteDuration() never passes.
  explicit Deadline(absl::Duration within, const Clock& clock = *SystemClock())
      : clock_(&clock), at_(clock.Monotonic() + within) {}

  // Never negative.
  absl::Duration left() const { return std::max(at_ - clock_->Monotonic(), absl::ZeroDuration()); }
  bool passed() const { return left() == absl::ZeroDuration(); }

 private:
  const Clock* clock_;
  absl::Duration at_;
};

}  // namespace muster

#endif  // MUSTER_COMMON_DEADLINE_H_
