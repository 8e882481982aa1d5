#include "server/cluster/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"
#include "server/state/rules.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

cluster::v1::Member Member(const std::string& id, uint64_t applied, uint32_t rules = 2) {
  cluster::v1::Member member;
  member.set_broker_id(id);
  member.set_applied_sequence(applied);
  member.set_rules_version(rules);
  return member;
}

EtcdMemberHealth Health(const std::string& endpoint, uint64_t id, const std::string& version) {
  EtcdMemberHealth health;
  health.endpoint = endpoint;
  health.status.mutable_header()->set_member_id(id);
  health.status.set_version(version);
  health.status.set_leader(1);
  return health;
}

// Two brokers and two members of etcd, with nothing to complain of.
StatusFacts Sound() {
  StatusFacts facts;
  facts.broker_id = "a";
  facts.last_sequence = 100;
  facts.view.leading.emplace();
  facts.view.leading->leader.set_broker_id("a");
  facts.view.leading->term = 7;
  facts.view.members = {{"a", Member("a", 100)}, {"b", Member("b", 90)}};
  facts.view.alive = {{"a", 1}, {"b", 2}};
  facts.etcd = {Health("one:2379", 1, "3.5.14"), Health("two:2379", 2, "3.5.21")};
  facts.etcd_quota_bytes = 1000;
  return facts;
}

std::vector<std::string> Warnings(const StatusFacts& facts) {
  const cluster::v1::ClusterStatus status = DescribeCluster(facts);
  return {status.warnings().begin(), status.warnings().end()};
}

TEST(ClusterStatus, SaysWhoLeadsAndHowFarTheOthersAre) {
  const cluster::v1::ClusterStatus status = DescribeCluster(Sound());
  EXPECT_EQ(status.leader_broker_id(), "a");
  EXPECT_EQ(status.term(), 7);
  EXPECT_TRUE(status.brokers(0).leads());
  EXPECT_FALSE(status.brokers(1).leads());
  EXPECT_EQ(status.brokers(1).lag_events(), 10u);
  EXPECT_TRUE(status.etcd(0).leads());
  EXPECT_FALSE(status.etcd(1).leads());
  EXPECT_THAT(status.warnings(), IsEmpty());
}

TEST(ClusterStatus, WarnsWhenNobodyLeads) {
  StatusFacts facts = Sound();
  facts.view.leading.reset();
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("No broker leads")));
}

TEST(ClusterStatus, AnOldViewIsNotTakenForWhatIsNow) {
  StatusFacts facts = Sound();
  facts.view_age = absl::Seconds(40);
  const cluster::v1::ClusterStatus status = DescribeCluster(facts);
  EXPECT_EQ(status.leader_broker_id(), "");
  EXPECT_FALSE(status.brokers(0).alive());
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("for 40 s"), HasSubstr("No broker leads")));
}

TEST(ClusterStatus, WarnsOfABrokerThatIsNotThereAndOfOneThatIsBehind) {
  StatusFacts facts = Sound();
  facts.view.alive = {{"a", 1}};
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("b is not there")));
  facts = Sound();
  facts.last_sequence = 100'000;
  facts.view.members["a"].set_applied_sequence(100'000);
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("b is 99910 events behind")));
}

TEST(ClusterStatus, WarnsOfABrokerThatCannotReachTheLeader) {
  StatusFacts facts = Sound();
  facts.view.members["b"].set_unreachable_leader_id("a");
  facts.view.members["b"].set_unreachable_why("timed out");
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("b cannot reach the leader, a,")));
}

TEST(ClusterStatus, WarnsOfOldEtcdOnceForAllMembersOfAVersion) {
  StatusFacts facts = Sound();
  facts.etcd = {Health("one:2379", 1, "3.4.23"), Health("two:2379", 2, "3.4.23"), Health("three:2379", 3, "3.5.13")};
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("one:2379, two:2379 is version 3.4.23"),
                                           HasSubstr("three:2379 is version 3.5.13")));
}

TEST(ClusterStatus, WarnsOfEtcdThatIsFullAlmostFullOrGone) {
  StatusFacts facts = Sound();
  facts.etcd[0].status.set_dbsizeinuse(801);
  facts.etcd[1].reachable = absl::UnavailableError("refused");
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("uses 801 bytes of 1000"), HasSubstr("does not answer: refused")));
  facts = Sound();
  facts.alarms.emplace_back().set_memberid(2);
  facts.alarms[0].set_alarm(etcdserverpb::NOSPACE);
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("two:2379 is out of space")));
}

TEST(ClusterStatus, WarnsOfBrokersOfDifferentVersions) {
  StatusFacts facts = Sound();
  facts.view.members["b"].set_rules_version(1);
  EXPECT_THAT(Warnings(facts), ElementsAre(HasSubstr("different versions")));
}

TEST(ClusterRules, NewEventsGetTheRulesThatEveryMemberKnowsThoseAwayIncluded) {
  StatusFacts facts = Sound();
  facts.view.alive = {{"a", 1}};
  facts.view.members["b"].set_rules_version(1);
  EXPECT_EQ(RulesThatAllKnow(facts.view, kRulesVersion), 1u);
  facts.view.members["b"].set_rules_version(kRulesVersion + 5);
  EXPECT_EQ(RulesThatAllKnow(facts.view, kRulesVersion), kRulesVersion);
}

}  // namespace
}  // namespace muster
