#include "server/admin/broker_metrics.h"

namespace muster {
namespace {

using Type = MetricSample::Type;

MetricSample Sample(const char* name, const char* help, Type type, double value) {
  MetricSample sample;
  sample.name = name;
  sample.help = help;
  sample.type = type;
  sample.value = value;
  return sample;
}

double Number(uint64_t value) { return static_cast<double>(value); }

}  // namespace

std::vector<MetricSample> BrokerMetrics(const BrokerStats& stats, size_t open_streams) {
  const auto& sequencer = stats.sequencer;
  const auto& publisher = stats.publisher;
  return {
      Sample("muster_events_total", "Events committed since start", Type::kCounter, Number(sequencer.events)),
      Sample("muster_commits_total", "Durable commits since start", Type::kCounter, Number(sequencer.commits)),
      Sample("muster_repeats_total", "Submissions answered as repeats", Type::kCounter, Number(sequencer.repeats)),
      Sample("muster_rejected_total", "Events that the rules rejected", Type::kCounter, Number(sequencer.rejected)),
      Sample("muster_queued_submissions", "Submissions waiting for a commit", Type::kGauge, Number(sequencer.queued)),
      Sample("muster_last_sequence", "The last event in the log", Type::kGauge, Number(stats.last_sequence)),
      Sample("muster_last_snapshot", "The event of the last snapshot", Type::kGauge, Number(stats.last_snapshot)),
      Sample("muster_snapshot_failures_total", "Snapshots that failed", Type::kCounter,
             Number(stats.snapshot_failures)),
      Sample("muster_notices_total", "Notices published since start", Type::kCounter, Number(publisher.notices)),
      Sample("muster_deliveries_total", "Deliveries taken by readers", Type::kCounter, Number(publisher.deliveries)),
      Sample("muster_live_readers", "Readers at the present", Type::kGauge, Number(publisher.live_readers)),
      Sample("muster_catching_up_readers", "Readers still in history", Type::kGauge,
             Number(publisher.catching_up_readers)),
      Sample("muster_reader_fallbacks_total", "Times a live reader was too slow", Type::kCounter,
             Number(publisher.fallbacks)),
      Sample("muster_open_streams", "Open gRPC streams", Type::kGauge, Number(open_streams)),
      Sample("muster_failed", "1 when the fate of a commit is unknown and the broker must restart", Type::kGauge,
             stats.failed ? 1 : 0),
  };
}

}  // namespace muster
