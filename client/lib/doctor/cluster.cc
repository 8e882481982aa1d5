#include "client/lib/doctor/cluster.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/version.h"

namespace muster::doctor {
namespace {

using cluster::v1::BrokerStatus;
using cluster::v1::ClusterStatus;
using cluster::v1::EtcdMemberStatus;

constexpr char kCluster[] = "cluster";
constexpr char kEtcd[] = "etcd";
// A broker that keeps up is less than a second of the busiest traffic behind.
constexpr uint64_t kLagEventsMax = 5000;
constexpr int64_t kQuotaPercentWarned = 80;

Finding CheckLeader(const std::string& admin, const ClusterStatus& status) {
  const Subject subject{kCluster, admin};
  if (!status.leader_broker_id().empty()) {
    return Fine(subject, absl::StrCat(status.leader_broker_id(), " leads, term ", status.term(), ", event ",
                                      status.last_sequence()));
  }
  return Failing(subject, "no broker leads: nothing is accepted; it takes most of the etcd members and one broker",
                 "systemctl status muster-etcd musterd  # on each host, those of the checks below first");
}

Finding CheckBroker(const BrokerStatus& broker) {
  const Subject subject{kCluster, broker.broker_id()};
  if (!broker.alive()) {
    return Warning(subject, "the broker is not there: the others serve, and etcd keeps for it what it has not read",
                   absl::StrCat("systemctl start musterd  # on the host of ", broker.broker_id(),
                                "; if it is gone for good: docs/CLUSTER.md, \"Add a broker, replace one\""));
  }
  if (broker.lag_events() > kLagEventsMax) {
    return Warning(subject, absl::StrCat("the broker is ", broker.lag_events(), " events behind the log"),
                   absl::StrCat("journalctl -u musterd -n 50  # on the host of ", broker.broker_id(),
                                ": its disk, its way to etcd"));
  }
  return Fine(subject, absl::StrCat(broker.draining() ? "is draining" : "is there", ", ", broker.lag_events(),
                                    " events behind"));
}

Finding CheckMember(const EtcdMemberStatus& member, int64_t quota_bytes) {
  const Subject subject{kEtcd, member.endpoint()};
  if (!member.reachable()) {
    return Warning(subject, absl::StrCat("the etcd member does not answer: ", member.trouble()),
                   "systemctl status muster-etcd  # on its host; it takes most of the members to accept anything");
  }
  if (member.out_of_space()) {
    return Failing(subject, "etcd has used up its quota and refuses writes: nothing is accepted",
                   "muster cluster status  # the broker that lags holds back what may be forgotten: start or replace "
                   "it, or raise quota-backend-bytes of all members and etcd_quota_bytes of all brokers");
  }
  if (IsOlderVersion(member.version(), kEtcdVersionMin)) {
    return Warning(subject,
                   absl::StrCat("etcd ", member.version(), " is older than ", kEtcdVersionMin,
                                ": it can lose watch events after a compaction, and end leases on the word of a "
                                "member that leads no more. Brokers rely on neither, but change leaders for "
                                "no good reason"),
                   absl::StrCat("install etcd ", kEtcdVersionMin, " or later, one member after another"));
  }
  if (quota_bytes > 0 && member.in_use_bytes() / (quota_bytes / 100 + 1) >= kQuotaPercentWarned) {
    return Warning(subject, absl::StrCat("etcd uses ", member.in_use_bytes(), " of ", quota_bytes, " bytes"),
                   "muster cluster status  # the broker that lags holds back what may be forgotten");
  }
  return Fine(subject, absl::StrCat("version ", member.version(), member.leads() ? ", leads" : "", ", ",
                                    member.in_use_bytes() >> 20, " MiB in use"));
}

}  // namespace

std::vector<Finding> CheckCluster(const std::string& admin, const absl::StatusOr<ClusterStatus>& status) {
  if (absl::IsFailedPrecondition(status.status())) {
    return {Fine({kCluster, admin}, "the broker is alone, not one of a cluster")};
  }
  if (!status.ok()) {
    return {Failing({kCluster, admin}, status.status().message(), "systemctl status musterd; systemctl start musterd"),
            Skipped({kEtcd, admin}, "a broker has to be asked, and does not answer")};
  }
  std::vector<Finding> findings = {CheckLeader(admin, *status)};
  for (const BrokerStatus& broker : status->brokers()) findings.push_back(CheckBroker(broker));
  for (const EtcdMemberStatus& member : status->etcd()) {
    findings.push_back(CheckMember(member, status->etcd_quota_bytes()));
  }
  return findings;
}

}  // namespace muster::doctor
