#include "tests/etcd/etcd_test_support.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "common/revision.h"
#include "etcd/rpc.grpc.pb.h"

namespace muster {
namespace {

std::unique_ptr<TemporaryFolder> shared_folder;
std::unique_ptr<EtcdCluster> shared_cluster;

class EtcdEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    if (const std::string why = WhyNoEtcd(); !why.empty()) GTEST_SKIP() << why;
    shared_folder = std::make_unique<TemporaryFolder>();
    EtcdCluster::Options options;
    options.folder = shared_folder->path();
    shared_cluster = std::make_unique<EtcdCluster>(std::move(options));
    const absl::Status started = shared_cluster->Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  void TearDown() override {
    shared_cluster.reset();
    shared_folder.reset();
  }
};

// Known to every program that this library is linked into.
const testing::Environment* const environment = testing::AddGlobalTestEnvironment(new EtcdEnvironment);

}  // namespace

EtcdCluster& SharedEtcd() { return *shared_cluster; }

void HealSharedEtcd() {
  for (int i = 0; i < 3; ++i) SharedEtcd().SignalMember(i, SIGCONT);
  for (int i = 0; i < 3; ++i) {
    if (SharedEtcd().Running(i)) continue;
    const absl::Status started = SharedEtcd().StartMember(i);
    EXPECT_TRUE(started.ok()) << started;
  }
  const auto client = MakeClient();
  EXPECT_TRUE(Eventually([&] {
    etcdserverpb::PutRequest request;
    request.set_key("/healed");
    return client->Put(request, absl::Milliseconds(500)).status();
  }));
}

std::unique_ptr<EtcdClient> MakeClient(const EtcdOptions& options) {
  absl::StatusOr<std::unique_ptr<EtcdClient>> client = EtcdClient::Create(options);
  EXPECT_TRUE(client.ok()) << client.status();
  return client.ok() ? *std::move(client) : nullptr;
}

std::unique_ptr<EtcdClient> MakeClient() { return MakeClient(SharedEtcd().client_options()); }

std::string NewPrefix() {
  static std::atomic<int> made = 0;
  return absl::StrCat("/test-", ++made);
}

void RaiseNoSpace() {
  const absl::StatusOr<TlsContents> contents = ReadTlsFiles(SharedEtcd().tls());
  ASSERT_TRUE(contents.ok()) << contents.status();
  const auto channel = grpc::CreateChannel(SharedEtcd().endpoints()[0],
                                           grpc::SslCredentials({contents->ca, contents->key, contents->certificate}));
  const auto stub = etcdserverpb::Maintenance::NewStub(channel);
  grpc::ClientContext context;
  etcdserverpb::AlarmRequest request;
  request.set_action(etcdserverpb::AlarmRequest::ACTIVATE);
  request.set_alarm(etcdserverpb::NOSPACE);
  request.set_memberid(1);
  etcdserverpb::AlarmResponse response;
  const grpc::Status status = stub->Alarm(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

bool Eventually(const std::function<absl::Status()>& attempt) {
  const Deadline deadline(kTestWait);
  Revision never;
  do {
    if (attempt().ok()) return true;
    (void)never.WaitBeyond(never.now(), absl::Milliseconds(20));
  } while (!deadline.passed());
  return false;
}

int64_t TakeLead(EtcdClient& client, const std::string& prefix) {
  const std::string key = EtcdLogKeys(prefix).Leader();
  DeleteKey(client, key);
  etcdserverpb::PutRequest request;
  request.set_key(key);
  const absl::StatusOr<etcdserverpb::PutResponse> put = client.Put(request, kCallWait);
  EXPECT_TRUE(put.ok()) << put.status();
  return put.ok() ? put->header().revision() : 0;
}

void PutKey(EtcdClient& client, const std::string& key, const std::string& value, int64_t lease) {
  etcdserverpb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  request.set_lease(lease);
  const absl::Status put = client.Put(request, kCallWait).status();
  EXPECT_TRUE(put.ok()) << put;
}

void DeleteKey(EtcdClient& client, const std::string& key) {
  etcdserverpb::TxnRequest request;
  *request.add_success() = DeleteOp(key, "");
  const absl::Status deleted = client.Txn(request, kCallWait).status();
  EXPECT_TRUE(deleted.ok()) << deleted;
}

absl::StatusOr<std::string> GetKey(EtcdClient& client, const std::string& key) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  const absl::StatusOr<etcdserverpb::RangeResponse> found = client.Range(request, kCallWait);
  if (!found.ok()) return found.status();
  if (found->kvs().empty()) return absl::NotFoundError(absl::StrCat("no key ", key));
  return found->kvs(0).value();
}

TestLog OpenLog(const std::string& prefix, EtcdEventLog::Options options) {
  TestLog opened;
  opened.client = MakeClient();
  options.prefix = prefix;
  opened.log = std::make_unique<EtcdEventLog>(opened.client.get(), options, SystemClock());
  const absl::StatusOr<bool> there = opened.log->Refresh();
  EXPECT_TRUE(there.ok()) << there.status();
  return opened;
}

TestLog OpenLeadingLog(const std::string& prefix, EtcdEventLog::Options options) {
  TestLog opened = OpenLog(prefix, std::move(options));
  opened.log->SetTerm(TakeLead(*opened.client, prefix));
  return opened;
}

std::string NewLog() {
  const std::string prefix = NewPrefix();
  TestLog opened = OpenLog(prefix);
  cluster::v1::LogTail empty;
  empty.set_checksum(GenesisChecksum());
  const absl::Status begun = opened.log->BeginAfter(empty);
  EXPECT_TRUE(begun.ok()) << begun;
  return prefix;
}

}  // namespace muster
