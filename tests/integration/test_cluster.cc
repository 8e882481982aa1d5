#include "tests/integration/test_cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "gtest/gtest.h"
#include "server/etcd/etcd_event_log.h"

namespace muster {
namespace {

constexpr char kPrefix[] = "/muster";
constexpr absl::Duration kLookWithin = absl::Milliseconds(500);
// Longer than any clock of a test is ahead.
constexpr absl::Duration kCertificateValid = absl::Hours(240);

std::string IdOf(size_t i) { return absl::StrCat("broker-", i + 1); }

EtcdCluster::Options EtcdOptionsOf(const TestCluster::Options& options, const std::string& folder) {
  EtcdCluster::Options etcd;
  etcd.members = options.etcd_members;
  etcd.folder = folder;
  etcd.flags = options.etcd_flags;
  etcd.hosts = options.etcd_hosts;
  etcd.wrappers = options.etcd_wrappers;
  etcd.data_dirs = options.etcd_data_dirs;
  etcd.environment = options.etcd_environment;
  return etcd;
}

absl::StatusOr<TestCluster::Contents> VerifiedContents(const std::string& data_dir) {
  const Finished verify = RunMusterd({"verify", data_dir});
  const std::vector<absl::string_view> words = absl::StrSplit(verify.output, absl::ByAnyChar(" \n"));
  const auto digest = std::find(words.begin(), words.end(), "digest");
  TestCluster::Contents contents;
  if (verify.exit_code != 0 || !absl::StrContains(verify.output, "all is sound") || words.size() < 2 ||
      !absl::SimpleAtoi(words[1], &contents.events) || digest == words.end() || digest + 1 == words.end()) {
    return absl::DataLossError(absl::StrCat("musterd verify ended with ", verify.exit_code, ": ", verify.output));
  }
  contents.state_digest = std::string(*(digest + 1));
  return contents;
}

}  // namespace

TestCluster::TestCluster(Options options)
    : options_(std::move(options)), etcd_(EtcdOptionsOf(options_, folder_.path())) {}

TestBroker::Options TestCluster::BrokerOptions(size_t i) const {
  TestBroker::Options broker = options_.broker;
  const std::string base = absl::StrCat(CertificatesFolder(), "/broker/", IdOf(i));
  broker.certificate = {absl::StrCat(base, ".crt"), absl::StrCat(base, ".key")};
  if (!options_.broker_hosts.empty()) {
    const std::string& host = options_.broker_hosts.at(i);
    broker.address = absl::StrCat(host, ":7443");
    broker.certificate = IssueCertificate(
        folder_.path(), absl::StrCat("spiffe://", kTestTrustDomain, "/broker/", IdOf(i)), kCertificateValid, host);
  }
  if (!options_.broker_wrappers.empty()) broker.wrapper = options_.broker_wrappers.at(i);
  const TlsFiles tls = etcd_.tls();
  broker.tables = absl::StrCat("[cluster]\nbroker_id = \"", IdOf(i), "\"\nprefix = \"", kPrefix,
                               "\"\netcd_endpoints = [\"", absl::StrJoin(etcd_.endpoints(), "\", \""),
                               "\"]\netcd_ca_file = \"", tls.ca_file, "\"\netcd_certificate_file = \"",
                               tls.certificate_file, "\"\netcd_key_file = \"", tls.key_file, "\"\n", options_.cluster);
  return broker;
}

absl::Status TestCluster::Start(const std::vector<std::string>& environment) {
  MUSTER_RETURN_IF_ERROR(StartEtcd());
  return StartBrokers(environment);
}

absl::Status TestCluster::StartEtcd() {
  MUSTER_RETURN_IF_ERROR(etcd_.Start());
  MUSTER_ASSIGN_OR_RETURN(client_, EtcdClient::Create(etcd_.client_options()));
  for (size_t i = 0; i < static_cast<size_t>(options_.brokers); ++i) {
    brokers_.push_back(std::make_unique<TestBroker>(BrokerOptions(i)));
  }
  return absl::OkStatus();
}

absl::Status TestCluster::StartBrokers(const std::vector<std::string>& environment) {
  EtcdEventLog::Options options;
  options.prefix = kPrefix;
  MUSTER_ASSIGN_OR_RETURN(const bool begun, EtcdEventLog(client_.get(), options, SystemClock()).Refresh());
  if (!begun) {
    MUSTER_RETURN_IF_ERROR(brokers_[0]->WriteConfig());
    const Finished begin = RunMusterd({"cluster", "begin", "--config", brokers_[0]->config_file()});
    if (begin.exit_code != 0) return absl::InternalError(begin.output);
  }
  for (const auto& broker : brokers_) MUSTER_RETURN_IF_ERROR(broker->Start(environment));
  return WaitForLeader() >= 0 ? absl::OkStatus() : absl::DeadlineExceededError("no broker begins to lead");
}

std::vector<std::string> TestCluster::addresses() const {
  std::vector<std::string> addresses;
  for (const auto& broker : brokers_) addresses.push_back(broker->address());
  return addresses;
}

absl::StatusOr<ClusterView> TestCluster::View() { return ReadView(client_.get(), kPrefix, kLookWithin); }

int TestCluster::Leader() {
  const absl::StatusOr<ClusterView> view = View();
  if (!view.ok() || !view->leading.has_value()) return -1;
  for (size_t i = 0; i < brokers_.size(); ++i) {
    if (view->leading->leader.broker_id() == IdOf(i)) return static_cast<int>(i);
  }
  return -1;
}

int TestCluster::WaitForLeader(int former, absl::Duration patience) {
  int leader = -1;
  const auto found = [&] { return (leader = Leader()) >= 0 && leader != former; };
  return Eventually(found, patience) ? leader : -1;
}

absl::Status TestCluster::WaitUntilCaughtUp(absl::Duration patience) {
  EtcdEventLog::Options options;
  options.prefix = kPrefix;
  EtcdEventLog log(client_.get(), std::move(options), SystemClock());
  std::string behind;
  bool known = false;
  const auto caught_up = [&] {
    known = known || log.Refresh().value_or(false);
    const absl::StatusOr<ClusterView> view = View();
    behind = absl::StrCat("the log ended with event ", log.last_sequence());
    bool all = known && view.ok();
    for (size_t i = 0; view.ok() && i < brokers_.size(); ++i) {
      const auto member = view->members.find(IdOf(i));
      const Sequence applied = member == view->members.end() ? 0 : member->second.applied_sequence();
      if (!brokers_[i]->Running() || applied >= log.last_sequence()) continue;
      absl::StrAppend(&behind, "; ", IdOf(i), " has applied ", applied);
      all = false;
    }
    return all;
  };
  return Eventually(caught_up, patience) ? absl::OkStatus() : absl::DeadlineExceededError(behind);
}

std::shared_ptr<Connection> TestCluster::Connect(const CertificateFiles& files, absl::Duration deadline,
                                                 size_t first) const {
  ConnectionOptions options;
  options.brokers = addresses();
  std::rotate(options.brokers.begin(), options.brokers.begin() + static_cast<ptrdiff_t>(first), options.brokers.end());
  options.certificate_file = files.certificate;
  options.key_file = files.key;
  options.ca_file = CaFile();
  options.deadline = deadline;
  options.retry.max_backoff = absl::Milliseconds(200);
  absl::StatusOr<std::shared_ptr<Connection>> connection = muster::Connect(std::move(options));
  EXPECT_TRUE(connection.ok()) << connection.status();
  return connection.ok() ? *std::move(connection) : nullptr;
}

absl::StatusOr<std::vector<TestCluster::Contents>> TestCluster::StopAndVerify() {
  MUSTER_RETURN_IF_ERROR(WaitUntilCaughtUp());
  for (const auto& broker : brokers_) {
    if (broker->Running()) MUSTER_RETURN_IF_ERROR(broker->Stop().status());
  }
  std::vector<Contents> all;
  for (const auto& broker : brokers_) {
    MUSTER_ASSIGN_OR_RETURN(Contents contents, VerifiedContents(broker->data_dir()));
    all.push_back(std::move(contents));
  }
  return all;
}

}  // namespace muster
