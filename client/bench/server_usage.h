// What processes have used: processor time and memory.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_BENCH_SERVER_USAGE_H_
#define MUSTER_CLIENT_BENCH_SERVER_USAGE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace muster::bench {

// User and system time of all threads, those that have ended included, added up: what utime and stime of /proc/PID/stat
// tell, but to the nanosecond. NOT_FOUND when there is no such process.
absl::StatusOr<absl::Duration> CpuOf(const std::vector<int>& pids);

// The same for this process, to the microsecond.
absl::Duration OwnCpu();

// Memory that no other process has: RssAnon of /proc/PID/status, added up.
absl::StatusOr<double> ResidentKilobytesOf(const std::vector<int>& pids);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_SERVER_USAGE_H_
