// What the checks of a cluster say, and what they ask of the admin port.
#include "client/lib/doctor/cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "client/lib/admin_port.h"
#include "client/lib/testing/fake_admin_port.h"

namespace muster::doctor {
namespace {

using agent::v1::FINDING_LEVEL_FAILING;
using agent::v1::FINDING_LEVEL_OK;
using agent::v1::FINDING_LEVEL_SKIPPED;
using agent::v1::FINDING_LEVEL_WARNING;
using cluster::v1::ClusterStatus;
using ::testing::HasSubstr;

constexpr char kAdmin[] = "127.0.0.1:7444";

ClusterStatus Healthy() {
  ClusterStatus status;
  status.set_broker_id("broker-1");
  status.set_leader_broker_id("broker-2");
  status.set_term(42);
  status.set_etcd_quota_bytes(1000);
  cluster::v1::BrokerStatus* broker = status.add_brokers();
  broker->set_broker_id("broker-2");
  broker->set_alive(true);
  cluster::v1::EtcdMemberStatus* member = status.add_etcd();
  member->set_endpoint("etcd-1:2379");
  member->set_reachable(true);
  member->set_version("3.5.14");
  member->set_in_use_bytes(100);
  return status;
}

// The finding of this check and subject.
Finding About(const ClusterStatus& status, absl::string_view check, absl::string_view subject) {
  for (const Finding& finding : CheckCluster(kAdmin, status)) {
    if (finding.check() == check && finding.broker() == subject) return finding;
  }
  ADD_FAILURE() << "nothing about " << check << " " << subject;
  return {};
}

TEST(ClusterCheckTest, AHealthyClusterIsFine) {
  for (const Finding& finding : CheckCluster(kAdmin, Healthy())) {
    EXPECT_EQ(finding.level(), FINDING_LEVEL_OK) << finding.ShortDebugString();
  }
  EXPECT_THAT(About(Healthy(), "cluster", kAdmin).detail(), HasSubstr("broker-2 leads, term 42"));
}

TEST(ClusterCheckTest, NoLeaderFails) {
  ClusterStatus status = Healthy();
  status.clear_leader_broker_id();
  EXPECT_EQ(About(status, "cluster", kAdmin).level(), FINDING_LEVEL_FAILING);
}

TEST(ClusterCheckTest, ABrokerThatIsGoneOrLagsIsAWarning) {
  ClusterStatus status = Healthy();
  status.mutable_brokers(0)->set_lag_events(5000);
  EXPECT_EQ(About(status, "cluster", "broker-2").level(), FINDING_LEVEL_OK);
  status.mutable_brokers(0)->set_lag_events(5001);
  EXPECT_EQ(About(status, "cluster", "broker-2").level(), FINDING_LEVEL_WARNING);
  status.mutable_brokers(0)->set_alive(false);
  EXPECT_THAT(About(status, "cluster", "broker-2").detail(), HasSubstr("is not there"));
}

TEST(ClusterCheckTest, AnOldEtcdIsAWarningWithTheReason) {
  ClusterStatus status = Healthy();
  status.mutable_etcd(0)->set_version("3.5.13");
  const Finding finding = About(status, "etcd", "etcd-1:2379");
  EXPECT_EQ(finding.level(), FINDING_LEVEL_WARNING);
  EXPECT_THAT(finding.detail(), HasSubstr("it can lose watch events"));
  EXPECT_THAT(finding.remedy(), HasSubstr("3.5.14"));
}

TEST(ClusterCheckTest, AnEtcdOutOfSpaceFailsAndOneThatFillsUpIsAWarning) {
  ClusterStatus status = Healthy();
  status.mutable_etcd(0)->set_in_use_bytes(900);
  EXPECT_EQ(About(status, "etcd", "etcd-1:2379").level(), FINDING_LEVEL_WARNING);
  status.mutable_etcd(0)->set_out_of_space(true);
  EXPECT_EQ(About(status, "etcd", "etcd-1:2379").level(), FINDING_LEVEL_FAILING);
}

TEST(ClusterCheckTest, AnEtcdMemberThatDoesNotAnswerIsAWarning) {
  ClusterStatus status = Healthy();
  status.mutable_etcd(0)->set_reachable(false);
  status.mutable_etcd(0)->set_trouble("connection refused");
  EXPECT_EQ(About(status, "etcd", "etcd-1:2379").level(), FINDING_LEVEL_WARNING);
  EXPECT_THAT(About(status, "etcd", "etcd-1:2379").detail(), HasSubstr("connection refused"));
}

TEST(ClusterCheckTest, AllTroubleComesWithARemedy) {
  ClusterStatus status = Healthy();
  status.clear_leader_broker_id();
  status.mutable_brokers(0)->set_alive(false);
  status.mutable_etcd(0)->set_version("3.4.23");
  for (const Finding& finding : CheckCluster(kAdmin, status)) {
    EXPECT_NE(finding.remedy(), "") << finding.ShortDebugString();
  }
}

TEST(ClusterCheckTest, ABrokerThatDoesNotAnswerFailsAndTheRestIsSkipped) {
  const std::vector<Finding> findings = CheckCluster(kAdmin, absl::UnavailableError("nobody there"));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].level(), FINDING_LEVEL_FAILING);
  EXPECT_EQ(findings[1].level(), FINDING_LEVEL_SKIPPED);
}

TEST(ClusterCheckTest, ABrokerThatIsAloneIsFine) {
  const std::vector<Finding> findings = CheckCluster(kAdmin, absl::FailedPreconditionError("alone"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].level(), FINDING_LEVEL_OK);
}

TEST(AdminPortTest, TheStatusIsReadAsItWasSent) {
  const FakeAdminPort admin(Healthy());
  const absl::StatusOr<ClusterStatus> status = AskClusterStatus(admin.address());
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->SerializeAsString(), Healthy().SerializeAsString());
}

TEST(AdminPortTest, WhatANewerBrokerAddsIsPassedOver) {
  const FakeAdminPort admin("200 OK", R"({"brokerId":"broker-9","moonPhase":"waning"})");
  const absl::StatusOr<ClusterStatus> status = AskClusterStatus(admin.address());
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->broker_id(), "broker-9");
}

TEST(AdminPortTest, EachFailureHasItsCode) {
  EXPECT_TRUE(absl::IsInvalidArgument(AskClusterStatus("broker-1").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(AskClusterStatus("broker-1:port").status()));
  EXPECT_TRUE(absl::IsUnavailable(AskClusterStatus("127.0.0.1:1").status()));
  const FakeAdminPort alone("404 Not Found", "this broker is alone\n");
  EXPECT_TRUE(absl::IsFailedPrecondition(AskClusterStatus(alone.address()).status()));
  const FakeAdminPort other("200 OK", "<html>welcome</html>");
  EXPECT_TRUE(absl::IsInternal(AskClusterStatus(other.address()).status()));
  const FakeAdminPort endless("200 OK", std::string(2 << 20, ' '));
  EXPECT_TRUE(absl::IsInternal(AskClusterStatus(endless.address()).status()));
}

}  // namespace
}  // namespace muster::doctor
