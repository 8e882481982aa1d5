// Becoming the leader, and ceasing to be.
//
// The leader's key hangs on the session's lease, so that it goes when its broker does. Its create revision is the term.
// Nothing here protects the log: a broker that wrongly believes to lead is stopped by the fence in every append.
//
// Threading: one thread.
#ifndef MUSTER_SERVER_CLUSTER_LEADERSHIP_H_
#define MUSTER_SERVER_CLUSTER_LEADERSHIP_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/cluster/view.h"
#include "server/etcd/etcd_client.h"

namespace muster {

class Leadership {
 public:
  // `client` is borrowed and outlives this.
  Leadership(EtcdClient* client, std::string prefix, cluster::v1::Leader self, absl::Duration timeout)
      : client_(client), prefix_(std::move(prefix)), self_(std::move(self)), timeout_(timeout) {}

  // Makes us the leader if nobody is: our term, or 0 when somebody else is. An error leaves it open: TermIn tells,
  // from the next view.
  absl::StatusOr<int64_t> Campaign(int64_t lease);

  // The term in which `view` says that we lead, on `lease`; 0: we do not.
  int64_t TermIn(const ClusterView& view, int64_t lease) const;

  // Gives up `term`, so that another can lead at once. Nothing when it was lost already.
  absl::Status Resign(int64_t term);

 private:
  EtcdClient* const client_;
  const std::string prefix_;
  const cluster::v1::Leader self_;
  const absl::Duration timeout_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_LEADERSHIP_H_
