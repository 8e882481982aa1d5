// A deadline as gRPC takes it, by the monotonic clock, with which it counts itself.
#ifndef MUSTER_CLIENT_LIB_GRPC_DEADLINE_H_
#define MUSTER_CLIENT_LIB_GRPC_DEADLINE_H_

#include <grpc/support/time.h>

#include "absl/time/time.h"

namespace muster {

// `within` from now; absl::InfiniteDuration() never passes.
inline gpr_timespec GrpcDeadline(absl::Duration within) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(absl::ToInt64Nanoseconds(within), GPR_TIMESPAN));
}

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_GRPC_DEADLINE_H_
