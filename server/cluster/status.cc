#include "server/cluster/status.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/clock.h"

namespace muster {
namespace {

using cluster::v1::BrokerStatus;
using cluster::v1::ClusterStatus;
using cluster::v1::EtcdMemberStatus;

// More than what a follower is behind while it works.
constexpr uint64_t kLagEventsWarned = 5000;
// A view that is older says nothing of now: whoever led then may not lead.
constexpr absl::Duration kViewAgeMax = absl::Seconds(5);
// Of the quota.
constexpr double kFillWarned = 0.8;

void AddBroker(const StatusFacts& facts, const cluster::v1::Member& member, ClusterStatus* status) {
  BrokerStatus* const broker = status->add_brokers();
  broker->set_broker_id(member.broker_id());
  broker->set_address(member.address());
  broker->set_program_version(member.program_version());
  broker->set_rules_version(member.rules_version());
  broker->set_alive(facts.view.alive.contains(member.broker_id()));
  broker->set_leads(member.broker_id() == status->leader_broker_id());
  broker->set_draining(member.draining());
  broker->set_applied_sequence(member.applied_sequence());
  broker->set_lag_events(facts.last_sequence - std::min(facts.last_sequence, member.applied_sequence()));
  broker->set_snapshot_sequence(member.snapshot_sequence());
  *broker->mutable_heard_at() = member.at();
}

void AddEtcdMember(const StatusFacts& facts, const EtcdMemberHealth& health, ClusterStatus* status) {
  EtcdMemberStatus* const member = status->add_etcd();
  member->set_endpoint(health.endpoint);
  member->set_reachable(health.reachable.ok());
  if (!health.reachable.ok()) {
    member->set_trouble(std::string(health.reachable.message()));
    return;
  }
  const uint64_t id = health.status.header().member_id();
  member->set_version(health.status.version());
  member->set_leads(health.status.leader() == id);
  member->set_raft_term(health.status.raftterm());
  member->set_size_bytes(health.status.dbsize());
  member->set_in_use_bytes(health.status.dbsizeinuse());
  member->set_out_of_space(std::any_of(facts.alarms.begin(), facts.alarms.end(), [id](const auto& alarm) {
    return alarm.memberid() == id && alarm.alarm() == etcdserverpb::NOSPACE;
  }));
  for (const std::string& error : health.status.errors()) {
    absl::StrAppend(member->mutable_trouble(), member->trouble().empty() ? "" : "; ", error);
  }
}

void WarnOfUnreachableLeader(const StatusFacts& facts, ClusterStatus* status) {
  for (const auto& [id, member] : facts.view.members) {
    if (member.unreachable_why().empty() || !facts.view.alive.contains(id)) continue;
    status->add_warnings(absl::StrCat(id, " cannot reach the leader, ", member.unreachable_leader_id(),
                                      ", and takes no submissions: ", member.unreachable_why()));
  }
}

void WarnOfBrokers(const StatusFacts& facts, ClusterStatus* status) {
  if (status->leader_broker_id().empty()) {
    status->add_warnings(
        "No broker leads: nothing is accepted. If it stays so, look at etcd below and at the brokers' logs.");
  }
  std::set<uint32_t> rules;
  for (const BrokerStatus& broker : status->brokers()) {
    rules.insert(broker.rules_version());
    if (facts.view_age > kViewAgeMax) continue;
    if (!broker.alive()) {
      status->add_warnings(absl::StrCat(broker.broker_id(),
                                        " is not there, and holds back what etcd may forget. Start "
                                        "it, or, if it is gone for good, remove it (docs/CLUSTER.md)."));
    } else if (broker.lag_events() > kLagEventsWarned) {
      status->add_warnings(absl::StrCat(broker.broker_id(), " is ", broker.lag_events(),
                                        " events behind: look at its disk and its way to etcd."));
    }
  }
  if (rules.size() > 1) {
    status->add_warnings(
        "The brokers are of different versions: decisions are made by the oldest one's rules until all "
        "are upgraded.");
  }
}

}  // namespace

std::vector<std::string> WarningsOfEtcd(const ClusterStatus& status) {
  std::vector<std::string> warnings;
  std::map<std::string, std::vector<std::string>> old;  // Endpoints by version.
  for (const EtcdMemberStatus& member : status.etcd()) {
    if (!member.reachable()) {
      warnings.push_back(absl::StrCat("etcd at ", member.endpoint(), " does not answer: ", member.trouble()));
      continue;
    }
    if (IsEtcdTooOld(member.version())) old[member.version()].push_back(member.endpoint());
    if (member.out_of_space()) {
      warnings.push_back(absl::StrCat("etcd at ", member.endpoint(),
                                      " is out of space: nothing is accepted. The leader "
                                      "deletes what all brokers have; if that does not help, raise "
                                      "--quota-backend-bytes."));
    } else if (static_cast<double>(member.in_use_bytes()) >
               kFillWarned * static_cast<double>(status.etcd_quota_bytes())) {
      warnings.push_back(absl::StrCat("etcd at ", member.endpoint(), " uses ", member.in_use_bytes(), " bytes of ",
                                      status.etcd_quota_bytes(), ": see which broker holds it back."));
    }
  }
  for (const auto& [version, endpoints] : old) {
    warnings.push_back(absl::StrCat("etcd at ", absl::StrJoin(endpoints, ", "), " is version ", version,
                                    ", which has known faults in watches and leases. Nothing is lost by them here, as "
                                    "neither is relied on; upgrade to ",
                                    kEtcdVersionMin, " or later all the same."));
  }
  return warnings;
}

ClusterStatus DescribeCluster(const StatusFacts& given) {
  StatusFacts facts = given;
  ClusterStatus status;
  if (facts.view_age > kViewAgeMax) {
    facts.view.leading.reset();
    facts.view.alive.clear();
    status.add_warnings(absl::StrCat("This broker has not been told anything by etcd ",
                                     facts.view_age == absl::InfiniteDuration()
                                         ? "yet"
                                         : absl::StrCat("for ", absl::ToInt64Seconds(facts.view_age), " s"),
                                     ": who is there and who leads is not known here."));
  }
  *status.mutable_at() = ToProto(facts.now);
  status.set_broker_id(facts.broker_id);
  if (facts.view.leading.has_value()) {
    status.set_leader_broker_id(facts.view.leading->leader.broker_id());
    status.set_term(facts.view.leading->term);
  }
  status.set_last_sequence(facts.last_sequence);
  status.set_first_sequence_in_etcd(facts.first_in_etcd);
  status.set_etcd_quota_bytes(facts.etcd_quota_bytes);
  for (const auto& [id, member] : facts.view.members) AddBroker(facts, member, &status);
  for (const EtcdMemberHealth& health : facts.etcd) AddEtcdMember(facts, health, &status);
  WarnOfBrokers(facts, &status);
  WarnOfUnreachableLeader(facts, &status);
  for (const std::string& warning : WarningsOfEtcd(status)) status.add_warnings(warning);
  return status;
}

}  // namespace muster
