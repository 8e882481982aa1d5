// When a gRPC call ends by itself, counted by the monotonic clock.
//
// Threading: pure functions.
#ifndef MUSTER_SERVER_ETCD_GRPC_DEADLINE_H_
#define MUSTER_SERVER_ETCD_GRPC_DEADLINE_H_

#include <grpc/support/time.h>

#include "absl/time/time.h"

namespace muster {

// For grpc::ClientContext::set_deadline and waits of gRPC's.
inline gpr_timespec GrpcDeadline(absl::Duration within) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(within), GPR_TIMESPAN));
}

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_GRPC_DEADLINE_H_
