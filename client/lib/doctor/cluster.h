// Checks of a cluster of brokers, from what one of them says of it (its admin port).
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_CLUSTER_H_
#define MUSTER_CLIENT_LIB_DOCTOR_CLUSTER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/doctor/finding.h"
#include "muster/cluster/v1/status.pb.h"

namespace muster::doctor {

// Releases before it can lose watch events after a compaction, end leases on the word of a member that leads no more,
// and count revisions backwards after a member died while it compacted (etcd's changelog, 3.5.13 and 3.5.14).
inline constexpr char kEtcdVersionMin[] = "3.5.14";

// cluster: whether somebody leads, and how each broker keeps up. etcd: a finding for each member. `admin` is the port
// that was asked.
std::vector<Finding> CheckCluster(const std::string& admin, const absl::StatusOr<cluster::v1::ClusterStatus>& status);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_CLUSTER_H_
