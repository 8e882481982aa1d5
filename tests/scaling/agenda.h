// What is going to happen, in order of time.
#ifndef MUSTER_TESTS_SCALING_AGENDA_H_
#define MUSTER_TESTS_SCALING_AGENDA_H_

#include <cstdint>
#include <queue>
#include <vector>

#include "tests/scaling/fixed_math.h"

namespace muster::scaling {

// Steps at the same moment come in the order in which they were added. Not thread-safe.
template <typename Step>
class Agenda {
 public:
  void Add(Nanos at, const Step& step) { entries_.push({at, next_++, step}); }

  bool empty() const { return entries_.empty(); }
  Nanos now() const { return now_; }
  uint64_t steps_taken() const { return taken_; }

  // Moves on to the next step. There must be one.
  Step Next() {
    const Entry entry = entries_.top();
    entries_.pop();
    now_ = entry.at;
    ++taken_;
    return entry.step;
  }

 private:
  struct Entry {
    Nanos at;
    uint64_t order;
    Step step;

    bool operator<(const Entry& other) const { return at != other.at ? at > other.at : order > other.order; }
  };

  std::priority_queue<Entry> entries_;
  uint64_t next_ = 0;
  uint64_t taken_ = 0;
  Nanos now_ = 0;
};

}  // namespace muster::scaling

#endif  // MUSTER_TESTS_SCALING_AGENDA_H_
