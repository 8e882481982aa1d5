#include "server/admin/broker_metrics.h"

#include <string>
#include <utility>

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
double Number(int64_t value) { return static_cast<double>(value); }
double Number(bool value) { return value ? 1 : 0; }

MetricSample Gauge(const char* name, const char* help, double value,
                   std::vector<std::pair<std::string, std::string>> labels = {}) {
  MetricSample sample = Sample(name, help, Type::kGauge, value);
  sample.labels = std::move(labels);
  return sample;
}

void AddBroker(const cluster::v1::BrokerStatus& broker, std::vector<MetricSample>* samples) {
  const std::vector<std::pair<std::string, std::string>> labels = {{"broker", broker.broker_id()}};
  samples->push_back(
      Gauge("muster_cluster_alive", "1 while the broker renews its lease", Number(broker.alive()), labels));
  samples->push_back(Gauge("muster_cluster_lag_events", "Events of the log that the broker has not applied",
                           Number(broker.lag_events()), labels));
}

void AddEtcdMember(const cluster::v1::EtcdMemberStatus& member, std::vector<MetricSample>* samples) {
  const std::vector<std::pair<std::string, std::string>> labels = {{"endpoint", member.endpoint()}};
  samples->push_back(Gauge("muster_etcd_reachable", "1 when the etcd member answers this broker",
                           Number(member.reachable()), labels));
  if (!member.reachable()) return;  // Nothing is known of it; 0 would say that it is empty.
  samples->push_back(
      Gauge("muster_etcd_leader", "1 for the etcd member that leads the others", Number(member.leads()), labels));
  samples->push_back(Gauge("muster_etcd_size_bytes", "Of the etcd member's database file", Number(member.size_bytes()),
                           labels));
  samples->push_back(Gauge("muster_etcd_in_use_bytes", "Of the file, what is in use; defragmenting frees the rest",
                           Number(member.in_use_bytes()), labels));
  samples->push_back(Gauge("muster_etcd_out_of_space", "1 while etcd refuses writes because its quota is used up",
                           Number(member.out_of_space()), labels));
}

}  // namespace

std::vector<MetricSample> ClusterMetrics(const cluster::v1::ClusterStatus& status) {
  const bool leads = !status.leader_broker_id().empty() && status.leader_broker_id() == status.broker_id();
  int64_t alive = 0;
  for (const cluster::v1::BrokerStatus& broker : status.brokers()) alive += broker.alive() ? 1 : 0;
  std::vector<MetricSample> samples = {
      Gauge("muster_cluster_leader", "1 for the broker that leads", Number(leads)),
      Gauge("muster_cluster_led", "0 while this broker knows of none that leads",
            Number(!status.leader_broker_id().empty())),
      Gauge("muster_cluster_term", "Grows with every change of the leader", Number(status.term())),
      Gauge("muster_cluster_brokers", "Brokers that belong to the cluster", status.brokers_size()),
      Gauge("muster_cluster_brokers_alive", "Of these, how many renew their leases", Number(alive)),
      Gauge("muster_cluster_warnings", "What somebody should look at: muster cluster status", status.warnings_size()),
      Gauge("muster_etcd_quota_bytes", "What etcd may hold, as configured", Number(status.etcd_quota_bytes())),
  };
  for (const cluster::v1::BrokerStatus& broker : status.brokers()) AddBroker(broker, &samples);
  for (const cluster::v1::EtcdMemberStatus& member : status.etcd()) AddEtcdMember(member, &samples);
  return samples;
}

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
