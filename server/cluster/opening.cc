#include "server/cluster/opening.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config.h"
#include "common/deadline.h"
#include "common/logging.h"
#include "common/revision.h"
#include "common/status_macros.h"
#include "server/broker/recovery.h"
#include "server/cluster/joining.h"

namespace muster {
namespace {

constexpr absl::Duration kAskWithin = absl::Seconds(2);
constexpr absl::Duration kPause = absl::Milliseconds(500);

EtcdOptions OptionsOfEtcd(const config::v1::ClusterConfig& cluster) {
  EtcdOptions options;
  options.endpoints.assign(cluster.etcd_endpoints().begin(), cluster.etcd_endpoints().end());
  options.tls = {cluster.etcd_certificate_file(), cluster.etcd_key_file(), cluster.etcd_ca_file()};
  return options;
}

EtcdEventLog::Options OptionsOfLog(const config::v1::ClusterConfig& cluster) {
  EtcdEventLog::Options options;
  options.prefix = cluster.prefix();
  return options;
}

bool IsPassing(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsUnknown(status) || absl::IsDeadlineExceeded(status);
}

// Calls again what fails for reasons that pass.
class Insistence {
 public:
  Insistence(absl::Duration patience, const Clock* clock, const std::function<bool()>& stop_asked)
      : deadline_(patience, *clock), stop_asked_(stop_asked) {}

  template <typename Ask>
  auto Until(absl::string_view what, const Ask& ask) -> decltype(ask()) {
    while (true) {
      auto answer = ask();
      const absl::Status status = StatusOf(answer);
      if (!IsPassing(status) || deadline_.passed()) return answer;
      if (stop_asked_()) return absl::CancelledError(absl::StrCat("asked to stop while waiting for ", what));
      if (status.message() != told_) LogWarn("waiting", {{"for", what}, {"why", status.message()}});
      told_ = std::string(status.message());
      never_.WaitBeyond(0, kPause);
    }
  }

 private:
  static absl::Status StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static absl::Status StatusOf(const absl::StatusOr<T>& answer) {
    return answer.status();
  }

  const Deadline deadline_;
  const std::function<bool()>& stop_asked_;
  std::string told_;
  Revision never_;  // Nobody bumps it.
};

// A log is begun by a person: a broker that did so by itself would do it for a mistyped prefix, and for an etcd that
// has lost what it held.
absl::Status FindLog(const config::v1::BrokerConfig& config, Insistence* insistence, EtcdEventLog* log) {
  return insistence->Until("the log in etcd", [&]() -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(const bool there, log->Refresh());
    if (there) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat(
        "etcd holds no log under ", config.cluster().prefix(),
        ". If this is a new cluster, run `musterd cluster begin` once, for one of its brokers: with the "
        "log in data_dir, if there is one. If it is not, look at cluster.prefix and etcd_endpoints, and see "
        "docs/CLUSTER.md"));
  });
}

}  // namespace

absl::StatusOr<ClusterLog> OpenClusterLog(const config::v1::BrokerConfig& config, const LocalLog::Options& mirror,
                                          const Clock* clock, const std::function<bool()>& stop_asked,
                                          absl::Duration patience) {
  const std::string& data_dir = config.data_dir();
  Insistence insistence(patience, clock, stop_asked);
  MUSTER_RETURN_IF_ERROR(CheckBrokerCertificate(NodeOptions(config).tls, config.tls().trust_domain(),
                                                config.cluster().broker_id(), clock->Now()));
  ClusterLog opened;
  MUSTER_ASSIGN_OR_RETURN(opened.client, EtcdClient::Create(OptionsOfEtcd(config.cluster())));
  opened.etcd_log = std::make_unique<EtcdEventLog>(opened.client.get(), OptionsOfLog(config.cluster()), clock);
  MUSTER_RETURN_IF_ERROR(FindLog(config, &insistence, opened.etcd_log.get()));

  const auto join = [&] {
    return insistence.Until("a copy of another broker's files",
                            [&] { return JoinFromPeer(config, opened.client.get(), kAskWithin, stop_asked); });
  };
  MUSTER_ASSIGN_OR_RETURN(const Sequence first_held,
                          insistence.Until("etcd", [&] { return opened.etcd_log->FirstHeld(); }));
  if (first_held > 1 && !std::filesystem::exists(LocalLog::DatabasePath(data_dir))) MUSTER_RETURN_IF_ERROR(join());

  for (bool joined = false;; joined = true) {
    MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<LocalLog> local, LocalLog::Open(data_dir, mirror));
    opened.log = std::make_unique<MirroredLog>(std::move(local), opened.etcd_log.get());
    const absl::Status pulled = insistence.Until("etcd", [&] { return opened.log->Pull(); });
    if (pulled.ok()) return opened;
    if (!absl::IsOutOfRange(pulled) || joined) return pulled;
    LogWarn("this broker was away for longer than etcd remembers", {{"mirrored", opened.log->last_sequence()}});
    opened.log = nullptr;
    MUSTER_RETURN_IF_ERROR(SetAside(data_dir));
    MUSTER_RETURN_IF_ERROR(join());
  }
}

absl::StatusOr<Sequence> BeginCluster(const config::v1::BrokerConfig& config, const v1::Genesis& genesis,
                                      const Clock* clock) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<EtcdClient> client,
                          EtcdClient::Create(OptionsOfEtcd(config.cluster())));
  EtcdEventLog log(client.get(), OptionsOfLog(config.cluster()), clock);
  cluster::v1::LogTail tail;
  absl::Status begun;
  if (std::filesystem::exists(LocalLog::DatabasePath(config.data_dir()))) {
    MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<LocalLog> local, LocalLog::Open(config.data_dir(), {}));
    tail.set_last_sequence(local->last_sequence());
    tail.set_checksum(local->tail_checksum());
    begun = log.BeginAfter(tail);
  } else {
    const EncodedEvent first = GenesisEvent(genesis, *clock);
    begun = log.Begin(absl::MakeConstSpan(&first, 1));
  }
  if (begun.ok()) return tail.last_sequence();
  if (!absl::IsAlreadyExists(begun)) return begun;
  return absl::FailedPreconditionError(absl::StrCat(
      begun.message(),
      ". To put this one in its place, stop every broker, delete those keys with etcdctl, and run this again"));
}

absl::Status RemoveFromCluster(const config::v1::BrokerConfig& config, const std::string& broker_id) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<EtcdClient> client,
                          EtcdClient::Create(OptionsOfEtcd(config.cluster())));
  const std::string& prefix = config.cluster().prefix();
  MUSTER_ASSIGN_OR_RETURN(const ClusterView view, ReadView(client.get(), prefix, kAskWithin));
  if (!view.members.contains(broker_id)) {
    return absl::FailedPreconditionError(absl::StrCat("the cluster knows no broker ", broker_id));
  }
  if (view.alive.contains(broker_id)) {
    return absl::FailedPreconditionError(absl::StrCat(broker_id, " is there; stop it first"));
  }
  etcdserverpb::TxnRequest request;
  request.add_success()->mutable_request_delete_range()->set_key(MemberKey(prefix, broker_id));
  return client->Txn(request, kAskWithin).status();
}

ClusterNode::Options NodeOptions(const config::v1::BrokerConfig& config) {
  const config::v1::ClusterConfig& cluster = config.cluster();
  ClusterNode::Options options;
  options.broker_id = cluster.broker_id();
  options.prefix = cluster.prefix();
  options.trust_domain = config.tls().trust_domain();
  options.program_version = MUSTER_VERSION;
  options.tls = {config.tls().certificate_file(), config.tls().key_file(), config.tls().ca_file()};
  options.lease = ToDuration(cluster.lease());
  options.housekeeping.etcd_events_kept = cluster.etcd_events_kept();
  options.housekeeping.member_forgotten_after = ToDuration(cluster.member_forgotten_after());
  options.etcd_quota_bytes = static_cast<int64_t>(cluster.etcd_quota_bytes());
  options.forwarder.queue_max = config.limits().queue_max();
  options.forwarder.call_bytes_max = config.limits().message_bytes_max();
  return options;
}

}  // namespace muster
