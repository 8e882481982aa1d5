// `musterd serve`: opens, recovers, serves and drains one broker, alone or in a cluster.
//
// Threading: the main thread, before any other exists.
#ifndef MUSTER_SERVER_SERVE_H_
#define MUSTER_SERVER_SERVE_H_

#include "absl/status/status.h"
#include "muster/config/v1/config.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// Serves until SIGTERM or SIGINT. UNKNOWN: it ended because only a new start mends what has happened.
absl::Status Serve(const config::v1::BrokerConfig& config);

// The first event of a log that begins now.
v1::Genesis NewGenesis(const config::v1::BrokerConfig& config);

}  // namespace muster

#endif  // MUSTER_SERVER_SERVE_H_
