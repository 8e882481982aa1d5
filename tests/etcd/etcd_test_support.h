// What the tests against a real etcd share: one cluster of three members for the whole program, and a log in it.
#ifndef MUSTER_TESTS_ETCD_ETCD_TEST_SUPPORT_H_
#define MUSTER_TESTS_ETCD_ETCD_TEST_SUPPORT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/etcd/etcd_client.h"
#include "server/etcd/etcd_event_log.h"
#include "server/etcd/etcd_records.h"
#include "server/log/testing/log_files.h"
#include "tests/etcd/etcd_cluster.h"

namespace muster {

// What a test may wait for something that happens in milliseconds.
inline constexpr absl::Duration kTestWait = absl::Seconds(20);
inline constexpr absl::Duration kCallWait = absl::Seconds(5);

// The cluster of this program, running, with all members. A test that stops or kills one heals it.
EtcdCluster& SharedEtcd();
// Lets all members run, starts those that do not, and waits until they serve.
void HealSharedEtcd();

std::unique_ptr<EtcdClient> MakeClient(const EtcdOptions& options);
std::unique_ptr<EtcdClient> MakeClient();

// Keys that no other test has.
std::string NewPrefix();

// Has etcd raise its alarm as if its space were used up.
void RaiseNoSpace();

// Tries until `attempt` is OK, for as long as a test waits. Whether it ever was.
bool Eventually(const std::function<absl::Status()>& attempt);

// Makes whoever asks the leader of the log under `prefix`, and nobody else: its term.
int64_t TakeLead(EtcdClient& client, const std::string& prefix);
void PutKey(EtcdClient& client, const std::string& key, const std::string& value, int64_t lease = 0);
void DeleteKey(EtcdClient& client, const std::string& key);
// The value of `key`; NOT_FOUND when there is none.
absl::StatusOr<std::string> GetKey(EtcdClient& client, const std::string& key);

// A broker, as far as its log goes: a client of its own, and the log under `prefix`.
struct TestLog {
  std::unique_ptr<EtcdClient> client;
  std::unique_ptr<EtcdEventLog> log;
};
// Knows where the log ends, and does not lead.
TestLog OpenLog(const std::string& prefix, EtcdEventLog::Options options = {});
// Leads, at a term of its own.
TestLog OpenLeadingLog(const std::string& prefix, EtcdEventLog::Options options = {});
// Begins an empty log under a new prefix, which it returns.
std::string NewLog();

}  // namespace muster

#endif  // MUSTER_TESTS_ETCD_ETCD_TEST_SUPPORT_H_
