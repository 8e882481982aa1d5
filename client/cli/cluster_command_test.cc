// muster cluster status: what it shows of a cluster, and how it ends.
#include <string>

#include "client/cli/testing/fake_broker.h"
#include "client/lib/testing/fake_admin_port.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/cluster/v1/status.pb.h"

namespace muster::cli {
namespace {

using cluster::v1::ClusterStatus;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ClusterStatus ThreeBrokers() {
  ClusterStatus status;
  status.set_broker_id("broker-1");
  status.set_leader_broker_id("broker-2");
  status.set_term(42);
  status.set_last_sequence(1017);
  status.set_first_sequence_in_etcd(900);
  status.set_etcd_quota_bytes(8LL << 30);
  for (const char* id : {"broker-1", "broker-2", "broker-3"}) {
    cluster::v1::BrokerStatus* broker = status.add_brokers();
    broker->set_broker_id(id);
    broker->set_alive(broker->broker_id() != "broker-3");
    broker->set_leads(broker->broker_id() == "broker-2");
    broker->set_lag_events(broker->alive() ? 0 : 17);
    broker->set_applied_sequence(1017 - broker->lag_events());
    broker->set_program_version("0.9.0");
  }
  cluster::v1::EtcdMemberStatus* member = status.add_etcd();
  member->set_endpoint("etcd-1:2379");
  member->set_reachable(true);
  member->set_version("3.5.14");
  member->set_in_use_bytes(2LL << 30);
  status.add_etcd()->set_endpoint("etcd-2:2379");
  status.mutable_etcd(1)->set_trouble("connection refused");
  status.add_warnings("broker-3 is not there. Start it.");
  return status;
}

Ended Ask(const std::vector<std::string>& admin_ports, std::vector<std::string> more = {}) {
  std::vector<std::string> words = {"cluster", "status"};
  for (const std::string& admin : admin_ports) words.insert(words.end(), {"--admin", admin});
  words.insert(words.end(), more.begin(), more.end());
  return FakeBroker().Run(words);
}

TEST(ClusterStatusTest, WarningsComeFirstThenTheLeaderThenBrokersAndEtcd) {
  const FakeAdminPort admin(ThreeBrokers());
  const Ended ended = Ask({admin.address()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out,
              StartsWith("*** broker-3 is not there. Start it.\n\n"
                         "broker-2 leads, term 42; the log ends at event 1017, etcd holds it from event 900\n"
                         "as broker-1 sees it"));
  EXPECT_THAT(ended.out, HasSubstr("\nbroker-3  GONE      17     1000"));
  EXPECT_THAT(ended.out, HasSubstr("\netcd-1:2379  follows    3.5.14      0  2048.0 MiB    25%"));
  EXPECT_THAT(ended.out, HasSubstr("\netcd-2:2379  NO ANSWER"));
  EXPECT_THAT(ended.out, HasSubstr("connection refused"));
}

TEST(ClusterStatusTest, TheCodeIs1WhenNobodyLeads) {
  ClusterStatus status = ThreeBrokers();
  status.clear_leader_broker_id();
  const FakeAdminPort admin(status);
  const Ended ended = Ask({admin.address()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("NOBODY LEADS"));
}

TEST(ClusterStatusTest, TheCodeIs1WhenEtcdIsOutOfSpace) {
  ClusterStatus status = ThreeBrokers();
  status.mutable_etcd(0)->set_out_of_space(true);
  const FakeAdminPort admin(status);
  const Ended ended = Ask({admin.address()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("OUT OF SPACE"));
}

TEST(ClusterStatusTest, TheFirstThatAnswersIsShownAndTheOthersAreListed) {
  const FakeAdminPort admin(ThreeBrokers());
  const Ended ended = Ask({"127.0.0.1:1", admin.address()});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("the admin port at 127.0.0.1:1 does not answer"));
  EXPECT_THAT(ended.out, HasSubstr("broker-2 leads"));
}

TEST(ClusterStatusTest, ABrokerThatKnowsOfAnotherLeaderIsListed) {
  ClusterStatus other = ThreeBrokers();
  other.set_broker_id("broker-3");
  other.set_leader_broker_id("broker-3");
  other.set_term(41);
  const FakeAdminPort admin(ThreeBrokers());
  const FakeAdminPort behind(other);
  EXPECT_THAT(
      Ask({admin.address(), behind.address()}).out,
      StartsWith(absl::StrCat("broker-3 at ", behind.address(), " sees it otherwise: broker-3 leads, term 41\n")));
}

TEST(ClusterStatusTest, WithoutAnAnswerTheCodeIs5AndOfABrokerThatIsAlone6) {
  const Ended silent = Ask({"127.0.0.1:1"});
  EXPECT_EQ(silent.code, 5);
  EXPECT_THAT(silent.err, HasSubstr("does not answer"));
  const FakeAdminPort alone("404 Not Found", "this broker is alone; its configuration has no [cluster]\n");
  const Ended ended = Ask({alone.address()});
  EXPECT_EQ(ended.code, 6);
  EXPECT_THAT(ended.err, HasSubstr("its configuration has no [cluster]"));
  EXPECT_EQ(Ask({"nonsense"}).code, 3);
}

TEST(ClusterStatusTest, EveryFormatHasBrokersAndEtcd) {
  const FakeAdminPort admin(ThreeBrokers());
  const Ended json = Ask({admin.address()}, {"-o", "json"});
  EXPECT_THAT(json.out, HasSubstr("\"leader_broker_id\":\"broker-2\""));
  EXPECT_THAT(json.out, HasSubstr("\"lag_events\":\"0\""));
  const Ended lines = Ask({admin.address()}, {"-o", "jsonl"});
  EXPECT_EQ(std::count(lines.out.begin(), lines.out.end(), '\n'), 5);
  const Ended csv = Ask({admin.address()}, {"-o", "csv"});
  EXPECT_THAT(csv.out, HasSubstr("\nbroker,broker-3,GONE,0.9.0,42,17,1000,,,\n"));
  EXPECT_THAT(csv.out, HasSubstr("\netcd,etcd-2:2379,NO ANSWER,,,,,,,connection refused\n"));
}

TEST(ClusterStatusTest, WhatABrokerSendsNeverReachesTheTerminalRaw) {
  ClusterStatus status = ThreeBrokers();
  status.set_warnings(0, "a\x1b[2Jb");
  status.mutable_etcd(1)->set_trouble("c\x1b[2Jd");
  const FakeAdminPort admin(status);
  EXPECT_THAT(Ask({admin.address()}).out, Not(HasSubstr("\x1b")));
}

TEST(ClusterDoctorTest, WithAnAdminPortTheClusterIsCheckedAsWell) {
  ClusterStatus status = ThreeBrokers();
  status.clear_leader_broker_id();
  const FakeAdminPort admin(status);
  FakeBroker daemon;
  daemon.ActAsDaemon();
  const Ended ended = daemon.Run({"doctor", "--admin", admin.address()});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(daemon.calls(), testing::Contains("AgentService/Diagnose"));
  EXPECT_THAT(ended.out, HasSubstr("FAILING  cluster"));
  EXPECT_THAT(ended.out, HasSubstr("WARNING  etcd"));
}

}  // namespace
}  // namespace muster::cli
