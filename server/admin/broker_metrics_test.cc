#include "server/admin/broker_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

cluster::v1::ClusterStatus ThreeBrokers() {
  cluster::v1::ClusterStatus status;
  status.set_broker_id("broker-1");
  status.set_leader_broker_id("broker-1");
  status.set_term(42);
  status.set_etcd_quota_bytes(1000);
  for (const char* id : {"broker-1", "broker-2", "broker-3"}) {
    cluster::v1::BrokerStatus* broker = status.add_brokers();
    broker->set_broker_id(id);
    broker->set_alive(broker->broker_id() != "broker-3");
    broker->set_lag_events(broker->alive() ? 0 : 17);
  }
  cluster::v1::EtcdMemberStatus* member = status.add_etcd();
  member->set_endpoint("etcd-1:2379");
  member->set_reachable(true);
  member->set_size_bytes(600);
  member->set_in_use_bytes(400);
  status.add_etcd()->set_endpoint("etcd-2:2379");
  return status;
}

TEST(ClusterMetricsTest, TheLeaderSaysThatItLeads) {
  cluster::v1::ClusterStatus status = ThreeBrokers();
  EXPECT_THAT(FormatMetrics(ClusterMetrics(status)), HasSubstr("\nmuster_cluster_leader 1\n"));
  status.set_broker_id("broker-2");
  EXPECT_THAT(FormatMetrics(ClusterMetrics(status)), HasSubstr("\nmuster_cluster_leader 0\n"));
}

TEST(ClusterMetricsTest, WithoutALeaderNobodyLeads) {
  cluster::v1::ClusterStatus status = ThreeBrokers();
  status.clear_leader_broker_id();
  status.clear_broker_id();
  const std::string text = FormatMetrics(ClusterMetrics(status));
  EXPECT_THAT(text, HasSubstr("\nmuster_cluster_leader 0\n"));
  EXPECT_THAT(text, HasSubstr("\nmuster_cluster_led 0\n"));
}

TEST(ClusterMetricsTest, BrokersAndEtcdMembersAreToldByTheirLabels) {
  const std::string text = FormatMetrics(ClusterMetrics(ThreeBrokers()));
  for (const char* line :
       {"muster_cluster_term 42\n", "muster_cluster_brokers 3\n", "muster_cluster_brokers_alive 2\n",
        "muster_cluster_alive{broker=\"broker-3\"} 0\n", "muster_cluster_lag_events{broker=\"broker-3\"} 17\n",
        "muster_etcd_reachable{endpoint=\"etcd-1:2379\"} 1\n", "muster_etcd_reachable{endpoint=\"etcd-2:2379\"} 0\n",
        "muster_etcd_size_bytes{endpoint=\"etcd-1:2379\"} 600\n",
        "muster_etcd_in_use_bytes{endpoint=\"etcd-1:2379\"} 400\n",
        "muster_etcd_out_of_space{endpoint=\"etcd-1:2379\"} 0\n", "muster_etcd_quota_bytes 1000\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(ClusterMetricsTest, OfAMemberThatDoesNotAnswerNothingIsClaimed) {
  EXPECT_THAT(FormatMetrics(ClusterMetrics(ThreeBrokers())),
              Not(HasSubstr("muster_etcd_size_bytes{endpoint=\"etcd-2:2379\"}")));
}

}  // namespace
}  // namespace muster
