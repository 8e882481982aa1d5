// What falls due when: escalations and expiries. They follow from the rest of the state, which sets them anew from a
// snapshot.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_TIMERS_H_
#define MUSTER_SERVER_STATE_TIMERS_H_

#include <set>
#include <string>
#include <tuple>

#include "absl/time/time.h"

namespace muster {

struct Timer {
  enum class Kind {
    // An unresolved conflict reaches respond_by (rule C8). `id`: the conflict.
    kConflictEscalation,
    // Both windows have passed. `id`: the conflict.
    kConflictExpiry,
    // An activity can meet nothing any more. `id`: agency and activity, as ActivityBook writes them.
    kActivityOver,
    // GO is unacknowledged at H-10, H-5 or H-2 minutes. `id`: the operation.
    kGoEscalation,
  };

  absl::Time due;
  Kind kind;
  std::string id;

  friend bool operator<(const Timer& a, const Timer& b) {
    return std::tie(a.due, a.kind, a.id) < std::tie(b.due, b.kind, b.id);
  }
};

class Timers {
 public:
  void Set(Timer timer) { timers_.insert(std::move(timer)); }
  void Cancel(const Timer& timer) { timers_.erase(timer); }

  // InfiniteFuture when nothing is pending.
  absl::Time NextDue() const { return timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->due; }
  // The earliest, which must exist.
  Timer TakeNext() { return std::move(timers_.extract(timers_.begin()).value()); }

 private:
  std::set<Timer> timers_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TIMERS_H_
