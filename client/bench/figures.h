// What a load measured, in the order in which it is shown.
#ifndef MUSTER_CLIENT_BENCH_FIGURES_H_
#define MUSTER_CLIENT_BENCH_FIGURES_H_

#include <string>
#include <vector>

#include "common/histogram.h"
#include "muster/v1/basics.pb.h"

namespace muster::bench {

// The unit is last in the name, as in p99_us.
struct Figure {
  std::string name;
  double value = 0;
  // That people are shown.
  int decimals = 0;
};

using Figures = std::vector<Figure>;

struct Report {
  Figures figures;
  // Empty and unspecified for a load that needs none.
  std::string operation_id;
  v1::OperationMode mode = v1::OPERATION_MODE_UNSPECIFIED;
  // What the first answer said that counts as an error; empty when none did.
  std::string first_error;
};

// Spans of nanoseconds as `prefix` + p50_us and so on: the median, the 90th, 99th and 99.9th percentile, the longest.
inline void AddPercentiles(const std::string& prefix, const Histogram& spans_ns, Figures* figures) {
  const auto microseconds = [](int64_t ns) { return static_cast<double>(ns) / 1e3; };
  figures->push_back({prefix + "p50_us", microseconds(spans_ns.Percentile(500)), 1});
  figures->push_back({prefix + "p90_us", microseconds(spans_ns.Percentile(900)), 1});
  figures->push_back({prefix + "p99_us", microseconds(spans_ns.Percentile(990)), 1});
  figures->push_back({prefix + "p999_us", microseconds(spans_ns.Percentile(999)), 1});
  figures->push_back({prefix + "max_us", microseconds(spans_ns.max()), 1});
}

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_FIGURES_H_
