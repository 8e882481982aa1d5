// A number that grows with every change, and ways to wait for the next.
//
// Time limits here are spent by the monotonic clock. Those of absl::Mutex are not: Debian 12's Abseil waits until a
// moment of the wall clock, so that a clock that is set back by an hour makes every wait of seconds one of an hour.
// What must come back in time whatever happens to the clock waits here.
//
// Threading: thread-safe.
#ifndef MUSTER_COMMON_REVISION_H_
#define MUSTER_COMMON_REVISION_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "absl/time/time.h"

namespace muster {

class Revision {
 public:
  uint64_t now() const;
  void Bump();
  // Waits until the revision is not `seen` any more, but no longer than `timeout`. Returns the revision.
  uint64_t WaitBeyond(uint64_t seen, absl::Duration timeout) const;
  // Waits until `condition` holds, but no longer than `timeout`; whether it does. Whoever makes it hold calls Bump
  // afterwards. `condition` takes the locks that it needs.
  bool Await(absl::Duration timeout, const std::function<bool()>& condition) const;

 private:
  mutable std::mutex mu_;
  mutable std::condition_variable bumped_;
  uint64_t value_ = 0;  // Guarded by mu_.
};

}  // namespace muster

#endif  // MUSTER_COMMON_REVISION_H_
