#include "server/cluster/opening.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/config.h"
#include "common/deadline.h"
#include "common/logging.h"
#include "common/revision.h"
#include "common/status_macros.h"
#include "server/cluster/joining.h"
#include "server/state/rules.h"

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

// Calls `ask` until it says something that more time will not change.
template <typename Ask>
auto Insist(const Deadline& deadline, absl::string_view what, const Ask& ask) {
  const Revision never;
  while (true) {
    auto answer = ask();
    const absl::Status status = [&answer] {
      if constexpr (std::is_same_v<decltype(answer), absl::Status>) {
        return answer;
      } else {
        return answer.status();
      }
    }();
    if (!IsPassing(status) || deadline.passed()) return answer;
    LogWarn("waiting", {{"for", what}, {"why", status.message()}});
    never.WaitBeyond(0, kPause);
  }
}

absl::Status BeginWith(const v1::Genesis& genesis, const Clock& clock, EtcdEventLog* log) {
  v1::Event event;
  event.set_sequence(1);
  *event.mutable_accepted_at() = ToProto(clock.Now());
  event.set_rules_version(kRulesVersion);
  *event.mutable_genesis() = genesis;
  const EncodedEvent encoded{1, event.SerializeAsString()};
  const absl::Status begun = log->Begin(absl::MakeConstSpan(&encoded, 1));
  // Another broker was first, or it is not known who was: the log is read next.
  return absl::IsAlreadyExists(begun) ? absl::OkStatus() : begun;
}

absl::Status FindOrBegin(const std::string& data_dir, const v1::Genesis& genesis, const Deadline& deadline,
                         const Clock& clock, EtcdEventLog* log) {
  return Insist(deadline, "etcd", [&]() -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(const bool there, log->Refresh());
    if (there) return absl::OkStatus();
    if (std::filesystem::exists(LocalLog::DatabasePath(data_dir))) {
      return absl::FailedPreconditionError(
          absl::StrCat("etcd holds no log, but ", data_dir,
                       " does. To make it the cluster's, run `musterd cluster begin`; if the "
                       "cluster shall begin with an empty log, move it away"));
    }
    MUSTER_RETURN_IF_ERROR(BeginWith(genesis, clock, log));
    return log->Refresh().status();
  });
}

}  // namespace

absl::StatusOr<ClusterLog> OpenClusterLog(const config::v1::BrokerConfig& config, const LocalLog::Options& mirror,
                                          const v1::Genesis& genesis, const Clock* clock, absl::Duration patience) {
  const std::string& data_dir = config.data_dir();
  const Deadline deadline(patience, *clock);
  ClusterLog opened;
  MUSTER_ASSIGN_OR_RETURN(opened.client, EtcdClient::Create(OptionsOfEtcd(config.cluster())));
  opened.etcd_log = std::make_unique<EtcdEventLog>(opened.client.get(), OptionsOfLog(config.cluster()), clock);
  MUSTER_RETURN_IF_ERROR(FindOrBegin(data_dir, genesis, deadline, *clock, opened.etcd_log.get()));

  const auto join = [&] {
    return Insist(deadline, "a copy of another broker's files",
                  [&] { return JoinFromPeer(config, opened.client.get(), kAskWithin); });
  };
  MUSTER_ASSIGN_OR_RETURN(const Sequence first_held,
                          Insist(deadline, "etcd", [&] { return opened.etcd_log->FirstHeld(); }));
  if (first_held > 1 && !std::filesystem::exists(LocalLog::DatabasePath(data_dir))) MUSTER_RETURN_IF_ERROR(join());

  for (bool joined = false;; joined = true) {
    MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<LocalLog> local, LocalLog::Open(data_dir, mirror));
    opened.log = std::make_unique<MirroredLog>(std::move(local), opened.etcd_log.get());
    const absl::Status pulled = Insist(deadline, "etcd", [&] { return opened.log->Pull(); });
    if (pulled.ok()) return opened;
    if (!absl::IsOutOfRange(pulled) || joined) return pulled;
    LogWarn("this broker was away for longer than etcd remembers", {{"mirrored", opened.log->last_sequence()}});
    opened.log = nullptr;
    MUSTER_RETURN_IF_ERROR(SetAside(data_dir));
    MUSTER_RETURN_IF_ERROR(join());
  }
}

absl::Status BeginCluster(const config::v1::BrokerConfig& config, const Clock* clock) {
  if (!std::filesystem::exists(LocalLog::DatabasePath(config.data_dir()))) {
    return absl::FailedPreconditionError(
        absl::StrCat(config.data_dir(),
                     " holds no log. A cluster that begins with an empty one needs no `begin`: start its brokers"));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<LocalLog> local, LocalLog::Open(config.data_dir(), {}));
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<EtcdClient> client,
                          EtcdClient::Create(OptionsOfEtcd(config.cluster())));
  EtcdEventLog log(client.get(), OptionsOfLog(config.cluster()), clock);
  cluster::v1::LogTail tail;
  tail.set_last_sequence(local->last_sequence());
  tail.set_checksum(local->tail_checksum());
  const absl::Status begun = log.BeginAfter(tail);
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
