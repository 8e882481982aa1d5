// The broker's numbers as metric samples.
#ifndef MUSTER_SERVER_ADMIN_BROKER_METRICS_H_
#define MUSTER_SERVER_ADMIN_BROKER_METRICS_H_

#include <vector>

#include "muster/cluster/v1/status.pb.h"
#include "server/admin/admin_server.h"
#include "server/broker/broker.h"

namespace muster {

std::vector<MetricSample> BrokerMetrics(const BrokerStats& stats, size_t open_streams);

// What a broker of a cluster knows of it: the same as /cluster, for alarms. Those with a label `broker` or `endpoint`
// are seen from this broker; alarm on any of several that see the same.
std::vector<MetricSample> ClusterMetrics(const cluster::v1::ClusterStatus& status);

}  // namespace muster

#endif  // MUSTER_SERVER_ADMIN_BROKER_METRICS_H_
