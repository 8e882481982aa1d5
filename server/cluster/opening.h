// Opens the log of a broker in a cluster, as it starts: finds the log in etcd or begins it, and brings this broker's
// mirror to its end, with a copy of another broker's files where etcd has forgotten what the mirror lacks.
//
// Threading: one thread, before anything else runs.
#ifndef MUSTER_SERVER_CLUSTER_OPENING_H_
#define MUSTER_SERVER_CLUSTER_OPENING_H_

#include <functional>
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

// Waits for etcd, and for a log in it, for as long as `patience`, or until `stop_asked` says so (CANCELLED).
//
// Errors: INVALID_ARGUMENT this broker's certificate is not one that the others take.
//         UNAVAILABLE      etcd, or the broker whose files are needed, cannot be reached; or etcd holds no log.
//         DATA_LOSS        the folder holds another log than etcd.
absl::StatusOr<ClusterLog> OpenClusterLog(const config::v1::BrokerConfig& config, const LocalLog::Options& mirror,
                                          const Clock* clock, const std::function<bool()>& stop_asked,
                                          absl::Duration patience = absl::Minutes(2));

// Begins the cluster's log: with the one in config.data_dir(), of a single broker that becomes one of several, or of a
// copy that was restored; etcd goes on where it ends, and every other broker takes a copy of this one's files. Or, when
// the folder holds none, with `genesis`. Returns the last event that the log begins with; 0: it is a new one.
//
// Errors: FAILED_PRECONDITION etcd holds a log already, or a broker runs on the folder. UNAVAILABLE.
absl::StatusOr<Sequence> BeginCluster(const config::v1::BrokerConfig& config, const v1::Genesis& genesis,
                                      const Clock* clock);

// Forgets a broker that is gone for good, so that it holds nothing back in etcd. FAILED_PRECONDITION: it is there.
absl::Status RemoveFromCluster(const config::v1::BrokerConfig& config, const std::string& broker_id);

ClusterNode::Options NodeOptions(const config::v1::BrokerConfig& config);

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_OPENING_H_
