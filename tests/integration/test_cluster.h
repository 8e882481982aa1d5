// A real etcd and several real brokers on it, for one test: every broker with its own folder, certificate, port of
// loopback, and admin port.
//
//   TestCluster cluster;
//   ASSERT_TRUE(cluster.Start().ok());
//   Client lead = cluster.ClientOf(kLead);             // Knows all brokers.
//   const int leader = cluster.WaitForLeader();
//   cluster.broker(leader).Kill();
//   cluster.WaitForLeader(leader);                     // Another one.
//
// Where etcd is not installed (WhyNoEtcd) there is no cluster.
//
// Threading: Start and the destructor on the main thread (see client/cli/demo/subprocess.h), and what signals or stops;
// Connect and ClientOf from any.
#ifndef MUSTER_TESTS_INTEGRATION_TEST_CLUSTER_H_
#define MUSTER_TESTS_INTEGRATION_TEST_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/client.h"
#include "server/cluster/view.h"
#include "server/etcd/etcd_client.h"
#include "tests/etcd/etcd_cluster.h"
#include "tests/integration/test_broker.h"

namespace muster {

struct TestClusterOptions {
  int brokers = 3;
  int etcd_members = 3;
  TestBroker::Options broker = {};  // Of every broker; its address, certificate and tables are the cluster's.
  std::string cluster = {};         // Further lines of every [cluster] table.
  std::vector<std::string> etcd_flags = {};
  std::vector<std::string> etcd_environment = {};
  std::vector<std::string> etcd_data_dirs = {};  // Empty, or one for each.
  // Each empty, or one for each: the address of its host, and what runs a program there (`ip netns exec NAME`).
  std::vector<std::string> broker_hosts = {};
  std::vector<std::vector<std::string>> broker_wrappers = {};
  std::vector<std::string> etcd_hosts = {};
  std::vector<std::vector<std::string>> etcd_wrappers = {};
};

class TestCluster {
 public:
  using Options = TestClusterOptions;
  // What `musterd verify` says of one broker's folder.
  struct Contents {
    uint64_t events = 0;
    std::string state_digest;
    friend bool operator==(const Contents&, const Contents&) = default;
  };

  explicit TestCluster(Options options = {});
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  // Starts etcd and then every broker with these environment variables added, and waits until one leads.
  absl::Status Start(const std::vector<std::string>& environment = {});
  // The two halves of Start.
  absl::Status StartEtcd();
  absl::Status StartBrokers(const std::vector<std::string>& environment = {});

  size_t size() const { return brokers_.size(); }
  // "broker-1" is broker(0). Kill, Stop, Start and Signal are its own.
  TestBroker& broker(size_t i) { return *brokers_.at(i); }
  EtcdCluster& etcd() { return etcd_; }
  // Of all brokers, in their order.
  std::vector<std::string> addresses() const;

  // The index of the broker that etcd names as the leader, be it alive or not; -1: none, or etcd does not answer.
  int Leader();
  // Waits until there is one other than `former`; -1 when there is none in time.
  int WaitForLeader(int former = -1, absl::Duration patience = kPatience);
  // What the brokers say of themselves.
  absl::StatusOr<ClusterView> View();
  // Waits until every broker that runs says that it has applied the whole log, as it is now.
  absl::Status WaitUntilCaughtUp(absl::Duration patience = kPatience);

  // A connection that knows all brokers, beginning with broker `first`, by its own channels.
  std::shared_ptr<Connection> Connect(const CertificateFiles& files, absl::Duration deadline = kPatience,
                                      size_t first = 0) const;
  Client ClientOf(absl::string_view agency_id) const { return Client(Connect(OperatorOf(agency_id))); }

  // Lets all brokers come to the end of the log, stops them, and verifies every folder.
  absl::StatusOr<std::vector<Contents>> StopAndVerify();

 private:
  TestBroker::Options BrokerOptions(size_t i) const;

  const Options options_;
  const TemporaryFolder folder_;
  EtcdCluster etcd_;
  std::unique_ptr<EtcdClient> client_;  // Of our own, to look.
  std::vector<std::unique_ptr<TestBroker>> brokers_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_TEST_CLUSTER_H_
