// When a call is tried again, and how long to wait before it.
#ifndef MUSTER_CLIENT_LIB_RETRY_H_
#define MUSTER_CLIENT_LIB_RETRY_H_

#include <functional>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/deadline.h"

namespace muster {

struct RetryPolicy {
  absl::Duration initial_backoff = absl::Milliseconds(50);
  absl::Duration max_backoff = absl::Seconds(3);
  double multiplier = 2.0;
};

// Growing waits with full jitter: each lies between half of the current step and the whole of it, so that clients cut
// off together do not come back together. Not thread-safe.
class Backoff {
 public:
  explicit Backoff(const RetryPolicy& policy) : policy_(policy), step_(policy.initial_backoff) {}

  // The next wait, never shorter than `at_least` (what the broker asked for).
  absl::Duration Next(absl::Duration at_least = absl::ZeroDuration());
  // After success: start again from the shortest wait.
  void Reset() { step_ = policy_.initial_backoff; }

 private:
  const RetryPolicy policy_;
  absl::Duration step_;
  absl::BitGen random_;
};

// True when sending the same request again, unchanged, may succeed and cannot do harm: UNAVAILABLE, an attempt that ran
// out of its own time (DEADLINE_EXCEEDED), and RESOURCE_EXHAUSTED when the broker said how long to wait.
bool IsRetryable(const absl::Status& status);

// Calls `attempt` until it succeeds, fails for good, or the next wait would outlast `deadline`; then returns what the
// last attempt returned; for one that ran out of time, with what a broker had said before. `wait` lets the time pass
// (tests advance a fake clock in it) and returns false to give up at once.
absl::Status RetryUntil(const Deadline& deadline, const RetryPolicy& policy,
                        const std::function<bool(absl::Duration)>& wait, const std::function<absl::Status()>& attempt);

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_RETRY_H_
