// The broker's numbers as metric samples.
#ifndef MUSTER_SERVER_ADMIN_BROKER_METRICS_H_
#define MUSTER_SERVER_ADMIN_BROKER_METRICS_H_

#include <vector>

#include "server/admin/admin_server.h"
#include "server/broker/broker.h"

namespace muster {

std::vector<MetricSample> BrokerMetrics(const BrokerStats& stats, size_t open_streams);

}  // namespace muster

#endif  // MUSTER_SERVER_ADMIN_BROKER_METRICS_H_
