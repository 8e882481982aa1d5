// Keeps etcd small, and says when it is not: the leader's work, now and then.
//
// A batch may go from etcd once every broker has it on its own disk, a snapshot covers it, and enough newer ones are
// there. A broker that has not been heard of for long holds nothing back: it takes a copy of another's files when it
// comes again.
//
// Threading: thread-safe; Tidy from one thread at a time. It may take a minute when etcd has to give space back.
#ifndef MUSTER_SERVER_CLUSTER_HOUSEKEEPING_H_
#define MUSTER_SERVER_CLUSTER_HOUSEKEEPING_H_

#include <map>
#include <string>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/cluster/view.h"
#include "server/etcd/etcd_client.h"
#include "server/etcd/etcd_event_log.h"

namespace muster {

class Housekeeping {
 public:
  struct Options {
    uint64_t etcd_events_kept = 10'000;
    absl::Duration member_forgotten_after = absl::Hours(24);
  };

  // All borrowed; they outlive this.
  Housekeeping(const Options& options, EtcdClient* client, EtcdEventLog* log, const Clock* clock)
      : options_(options), client_(client), log_(log), clock_(clock) {}

  // To be called with every view, by leader and followers: notes when each member was heard of last, by our own clock.
  void Note(const ClusterView& view);

  // Deletes what may go, and when etcd has run out of space, all that may go whatever is kept otherwise, and has etcd
  // give the space back. `snapshot` is the event of our newest.
  void Tidy(const ClusterView& view, Sequence snapshot);
  // While nobody leads: when etcd has run out of space, nobody can begin to. Has etcd give back what it can.
  void TidyWithoutLeader();

 private:
  bool IsEtcdFull() const;
  void RecoverSpace();
  // By all that count: when etcd is full, those that are there.
  Sequence MirroredByAll(const ClusterView& view, bool full) const;
  void Trim(Sequence through);

  struct Heard {
    absl::Time at;  // As the member says: whether it says something new.
    absl::Duration since;
  };

  const Options options_;
  EtcdClient* const client_;
  EtcdEventLog* const log_;
  const Clock* const clock_;
  mutable absl::Mutex mu_;  // A leaf.
  std::map<std::string, Heard> heard_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_HOUSEKEEPING_H_
