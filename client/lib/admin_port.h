// What a broker's admin port says to those who run it: plain HTTP on the broker's own machine, or through a tunnel to
// it.
//
// Threading: from any thread. Blocks for at most `within`, and as long again for the answer.
#ifndef MUSTER_CLIENT_LIB_ADMIN_PORT_H_
#define MUSTER_CLIENT_LIB_ADMIN_PORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "muster/cluster/v1/status.pb.h"

namespace muster {

// GET /cluster at `address`, host:port.
//
// Errors: INVALID_ARGUMENT    `address` is not host:port.
//         UNAVAILABLE         nobody answers there.
//         FAILED_PRECONDITION the broker is alone, or too old to belong to a cluster.
//         INTERNAL            what answers is not a broker's admin port.
absl::StatusOr<cluster::v1::ClusterStatus> AskClusterStatus(const std::string& address,
                                                            absl::Duration within = absl::Seconds(3));

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_ADMIN_PORT_H_
