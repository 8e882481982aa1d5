// The broker's own plain-HTTP port for probes and metrics, on the loopback interface only.
//
//   GET /livez    200 "ok" while the process can still make progress, 503 with the reason otherwise (then: restart it)
//   GET /readyz   200 "ok" while it takes submissions, 503 with the reason otherwise (then: send traffic elsewhere)
//   GET /metrics  the Prometheus text format, version 0.0.4
//   GET /cluster  how the cluster of brokers is: muster.cluster.v1.ClusterStatus as JSON; 404 by a broker that is alone
//
// It says nothing that needs a secret and changes nothing. Whoever can reach loopback can keep it busy but cannot make
// it grow: two threads, eight connections waiting (the kernel's backlog holds the rest), one request of at most 16 KiB
// per connection, five seconds for each.
//
// Threading: the callbacks run on the two threads, possibly both at once, and must not block for long. Start and Stop
// on one thread.
#ifndef MUSTER_SERVER_ADMIN_ADMIN_SERVER_H_
#define MUSTER_SERVER_ADMIN_ADMIN_SERVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster {

// One number, or one histogram, with its labels. Samples of the same name must agree in type and help.
struct MetricSample {
  enum class Type { kCounter, kGauge, kHistogram };

  // For type kHistogram.
  struct Histogram {
    // Inclusive upper bounds, ascending, in the unit that the name ends with.
    std::vector<double> upper_bounds = {};
    // How many fell into each bucket alone, and last how many above every bound: one more than upper_bounds.
    std::vector<uint64_t> counts = {};
    double sum = 0;
  };

  // [a-zA-Z_:][a-zA-Z0-9_:]*, with the unit last, and _total for a counter: muster_commits_total.
  std::string name;
  std::string help;
  Type type = Type::kGauge;
  // For counters and gauges.
  double value = 0;
  std::vector<std::pair<std::string, std::string>> labels = {};
  Histogram histogram = {};
};

class AdminServer {
 public:
  struct Options {
    // host:port; the host must be loopback: 127.0.0.1, [::1] or localhost. Port 0 takes a free one.
    std::string address;
    std::function<absl::Status()> live;
    std::function<absl::Status()> ready;
    std::function<std::vector<MetricSample>()> metrics;
    // The JSON for /cluster. Empty in a broker that is alone.
    std::function<std::string()> cluster = nullptr;
  };

  // Binds and serves. INVALID_ARGUMENT for an address that is malformed or not loopback, UNAVAILABLE when it is taken.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(Options options);

  // Stops if still running.
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // The port in use.
  int port() const;

  // Cuts the connections there are, and returns once no callback runs or will run. Idempotent.
  void Stop();

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// The samples in the Prometheus text format. Those with the same name become one family, in order of first appearance.
std::string FormatMetrics(const std::vector<MetricSample>& samples);

}  // namespace muster

#endif  // MUSTER_SERVER_ADMIN_ADMIN_SERVER_H_
