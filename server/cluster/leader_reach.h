// Whether this broker reaches the one that leads, as those who call it find. Of one term: what was true of a leader
// before says nothing of it when it leads again.
//
// Threading: thread-safe.
#ifndef MUSTER_SERVER_CLUSTER_LEADER_REACH_H_
#define MUSTER_SERVER_CLUSTER_LEADER_REACH_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace muster {

class LeaderReach {
 public:
  // `clock` is borrowed and outlives this.
  explicit LeaderReach(const Clock* clock) : clock_(clock) {}

  // How a call to the leader of `term` went. Whether it was reached; logs when it begins not to be.
  bool Note(const std::string& leader_id, int64_t term, const absl::Status& status);

  // Why the leader of `term` has not been reached for some seconds; empty: it has.
  std::string TroubleIn(int64_t term) const;

 private:
  const Clock* const clock_;
  mutable absl::Mutex mu_;  // A leaf.
  int64_t term_ ABSL_GUARDED_BY(mu_) = 0;
  std::string why_not_ ABSL_GUARDED_BY(mu_);  // Empty: it is reached.
  absl::Duration since_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_LEADER_REACH_H_
