// How the cluster is, for those who run it (proto/muster/cluster/v1/status.proto).
//
// Threading: pure functions.
#ifndef MUSTER_SERVER_CLUSTER_STATUS_H_
#define MUSTER_SERVER_CLUSTER_STATUS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/cluster/v1/status.pb.h"
#include "server/cluster/view.h"
#include "server/etcd/etcd_client.h"
#include "server/log/event_log.h"

namespace muster {

struct StatusFacts {
  absl::Time now;
  std::string broker_id;  // Who says so.
  ClusterView view;
  absl::Duration view_age;  // Since etcd said so.
  Sequence last_sequence = 0;
  Sequence first_in_etcd = 0;
  std::vector<EtcdMemberHealth> etcd;
  std::vector<etcdserverpb::AlarmMember> alarms;
  int64_t etcd_quota_bytes = 0;
};

// With a warning for each thing that somebody should look at.
cluster::v1::ClusterStatus DescribeCluster(const StatusFacts& facts);

// Of etcd alone, one sentence each: an old version, a member that is not reachable, space that runs out.
std::vector<std::string> WarningsOfEtcd(const cluster::v1::ClusterStatus& status);

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_STATUS_H_
