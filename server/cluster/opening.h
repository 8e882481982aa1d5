// Opens the log of a broker in a cluster, as it starts: finds the log in etcd or begins it, and brings this broker's
// mirror to its end, with a copy of another broker's files where etcd has forgotten what the mirror lacks.
//
// Threading: one thread, before anything else runs.
#ifndef MUSTER_SERVER_CLUSTER_OPENING_H_
#define MUSTER_SERVER_CLUSTER_OPENING_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "muster/config/v1/config.pb.h"
#include "muster/v1/submission.pb.h"
#include "server/cluster/mirrored_log.h"
#include "server/cluster/node.h"
#include "server/etcd/etcd_client.h"
#include "server/etcd/etcd_event_log.h"

namespace muster {

// What a broker of a cluster has beside what every broker has. In the order in which they may be destroyed backwards.
struct ClusterLog {
  std::unique_ptr<EtcdClient> client;
  std::unique_ptr<EtcdEventLog> etcd_log;
  std::unique_ptr<MirroredLog> log;
};

// Waits for etcd for as long as `patience`. An empty log gets `genesis` as its first event.
//
// Errors: FAILED_PRECONDITION the folder holds a log that etcd does not know: `musterd cluster begin` makes it the
//                             cluster's.
//         UNAVAILABLE         etcd, or the broker whose files are needed, cannot be reached.
//         DATA_LOSS           the folder holds another log than etcd.
absl::StatusOr<ClusterLog> OpenClusterLog(const config::v1::BrokerConfig& config, const LocalLog::Options& mirror,
                                          const v1::Genesis& genesis, const Clock* clock,
                                          absl::Duration patience = absl::Minutes(2));

// Makes the log in config.data_dir() the cluster's: etcd goes on where it ends. Of a single broker that becomes one of
// several, or after a copy was restored. Every other broker takes a copy of this one's files.
//
// Errors: FAILED_PRECONDITION etcd holds a log already, or the folder holds none. UNAVAILABLE.
absl::Status BeginCluster(const config::v1::BrokerConfig& config, const Clock* clock);

// Forgets a broker that is gone for good, so that it holds nothing back in etcd. FAILED_PRECONDITION: it is there.
absl::Status RemoveFromCluster(const config::v1::BrokerConfig& config, const std::string& broker_id);

ClusterNode::Options NodeOptions(const config::v1::BrokerConfig& config);

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_OPENING_H_
