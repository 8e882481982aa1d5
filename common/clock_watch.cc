#include "common/clock_watch.h"

#include <utility>

namespace muster {
namespace {

// Of two looks that count as one.
constexpr absl::Duration kApartMax = absl::Seconds(1);

}  // namespace

ClockWatch::ClockWatch(const Clock* clock, absl::Duration interval, absl::Duration tolerance,
                       std::function<void(absl::Duration)> set_back)
    : clock_(clock),
      interval_(interval),
      tolerance_(tolerance),
      set_back_(std::move(set_back)),
      origin_(Origin()),
      thread_([this] { Run(); }) {}

ClockWatch::~ClockWatch() {
  stopped_.Bump();
  thread_.join();
}

absl::Time ClockWatch::Origin() const {
  while (true) {
    const absl::Duration before = clock_->Monotonic();
    const absl::Time now = clock_->Now();
    // Whoever was stopped in between looks again.
    if (clock_->Monotonic() - before < kApartMax) return now - before;
  }
}

void ClockWatch::Run() {
  while (stopped_.WaitBeyond(0, interval_) == 0) {
    const absl::Time before = std::exchange(origin_, Origin());
    if (before - origin_ > tolerance_) set_back_(before - origin_);
  }
}

}  // namespace muster
