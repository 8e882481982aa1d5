#include "common/revision.h"

#include <algorithm>
#include <chrono>

namespace muster {
namespace {

using Steady = std::chrono::steady_clock;

// Longer than any process lives, and short enough for the arithmetic of the standard library.
constexpr absl::Duration kForever = absl::Hours(24 * 365 * 10);

Steady::time_point After(absl::Duration timeout) {
  return Steady::now() + absl::ToChronoNanoseconds(std::clamp(timeout, absl::ZeroDuration(), kForever));
}

}  // namespace

uint64_t Revision::now() const {
  const std::lock_guard<std::mutex> lock(mu_);
  return value_;
}

void Revision::Bump() {
  {
    const std::lock_guard<std::mutex> lock(mu_);
    ++value_;
  }
  bumped_.notify_all();
}

uint64_t Revision::WaitBeyond(uint64_t seen, absl::Duration timeout) const {
  std::unique_lock<std::mutex> lock(mu_);
  bumped_.wait_until(lock, After(timeout), [this, seen] { return value_ != seen; });
  return value_;
}

bool Revision::Await(absl::Duration timeout, const std::function<bool()>& condition) const {
  const Steady::time_point deadline = After(timeout);
  while (true) {
    // Before looking: what changes afterwards ends the wait at once.
    const uint64_t seen = now();
    if (condition()) return true;
    const absl::Duration left = absl::FromChrono(deadline - Steady::now());
    if (left <= absl::ZeroDuration()) return false;
    WaitBeyond(seen, left);
  }
}

}  // namespace muster
