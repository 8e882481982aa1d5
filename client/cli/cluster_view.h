// How a cluster of brokers is, with what needs somebody said first and loudly.
#ifndef MUSTER_CLIENT_CLI_CLUSTER_VIEW_H_
#define MUSTER_CLIENT_CLI_CLUSTER_VIEW_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/printer.h"
#include "muster/cluster/v1/status.pb.h"

namespace muster::cli {

// Whether nothing is accepted: nobody leads, or etcd is out of space.
bool IsStopped(const cluster::v1::ClusterStatus& status);

// Holds a pointer to `status`, which outlives it. `remarks` are said before everything else: who did not answer.
View ClusterView(const cluster::v1::ClusterStatus& status, const std::vector<std::string>& remarks, absl::Time now);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_CLUSTER_VIEW_H_
