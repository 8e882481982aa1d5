#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/admin/admin_server.h"

namespace muster {
namespace {

prometheus::MetricType TypeOf(MetricSample::Type type) {
  switch (type) {
    case MetricSample::Type::kCounter:
      return prometheus::MetricType::Counter;
    case MetricSample::Type::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricSample::Type::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

// Prometheus counts cumulatively; we count each bucket alone. The serializer adds the bucket +Inf.
prometheus::ClientMetric::Histogram Cumulative(const MetricSample::Histogram& histogram) {
  prometheus::ClientMetric::Histogram result;
  result.sample_sum = histogram.sum;
  for (size_t i = 0; i < histogram.counts.size(); ++i) {
    result.sample_count += histogram.counts[i];
    if (i < histogram.upper_bounds.size()) {
      result.bucket.push_back({.cumulative_count = result.sample_count, .upper_bound = histogram.upper_bounds[i]});
    }
  }
  return result;
}

prometheus::ClientMetric MetricOf(const MetricSample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  switch (sample.type) {
    case MetricSample::Type::kCounter:
      metric.counter.value = sample.value;
      break;
    case MetricSample::Type::kGauge:
      metric.gauge.value = sample.value;
      break;
    case MetricSample::Type::kHistogram:
      metric.histogram = Cumulative(sample.histogram);
      break;
  }
  return metric;
}

}  // namespace

std::string FormatMetrics(const std::vector<MetricSample>& samples) {
  std::vector<prometheus::MetricFamily> families;
  std::map<std::string, size_t> index_by_name;
  for (const MetricSample& sample : samples) {
    const auto [it, is_new] = index_by_name.emplace(sample.name, families.size());
    if (is_new) families.push_back({sample.name, sample.help, TypeOf(sample.type), {}});
    families[it->second].metric.push_back(MetricOf(sample));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace muster
