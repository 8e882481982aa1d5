#include "common/clock_watch.h"

#include <utility>

namespace muster {

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

void ClockWatch::Run() {
  while (stopped_.WaitBeyond(0, interval_) == 0) {
    const absl::Time before = std::exchange(origin_, Origin());
    if (before - origin_ > tolerance_) set_back_(before - origin_);
  }
}

}  // namespace muster
