// Time and processor time of a part of a run, or of several parts together.
#ifndef MUSTER_CLIENT_BENCH_METER_H_
#define MUSTER_CLIENT_BENCH_METER_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/bench/server_usage.h"
#include "common/clock.h"

namespace muster::bench {

// Nanoseconds of the monotonic clock.
inline int64_t NowNs() { return absl::ToInt64Nanoseconds(SystemClock()->Monotonic()); }

// Not thread-safe.
class Meter {
 public:
  // Without `server_pids` the server's time is not known.
  explicit Meter(std::vector<int> server_pids) : server_pids_(std::move(server_pids)) {}

  // NOT_FOUND when a server process is not there.
  absl::Status Start() {
    const absl::StatusOr<absl::Duration> server = CpuOf(server_pids_);
    if (!server.ok()) return server.status();
    server_from_ = *server;
    own_from_ = OwnCpu();
    from_ns_ = NowNs();
    return absl::OkStatus();
  }
  absl::Status Stop() {
    seconds_ += static_cast<double>(NowNs() - from_ns_) / 1e9;
    own_s_ += absl::ToDoubleSeconds(OwnCpu() - own_from_);
    const absl::StatusOr<absl::Duration> server = CpuOf(server_pids_);
    if (!server.ok()) return server.status();
    server_s_ += absl::ToDoubleSeconds(*server - server_from_);
    return absl::OkStatus();
  }

  bool knows_server() const { return !server_pids_.empty(); }
  // From Start to Stop, every time.
  double seconds() const { return seconds_; }
  double own_cpu_s() const { return own_s_; }
  double server_cpu_s() const { return server_s_; }
  // The last Start.
  int64_t started_ns() const { return from_ns_; }

 private:
  const std::vector<int> server_pids_;
  absl::Duration server_from_;
  absl::Duration own_from_;
  int64_t from_ns_ = 0;
  double seconds_ = 0;
  double own_s_ = 0;
  double server_s_ = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_METER_H_
