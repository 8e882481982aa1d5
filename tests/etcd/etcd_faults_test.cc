// The log while etcd itself is in trouble: its leader killed and stopped under load, and its space used up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <random>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "server/etcd/etcd_event_log.h"
#include "tests/etcd/etcd_test_support.h"

namespace muster {
namespace {

// The log holds 1 to `last`, each event once and with its own bytes.
void ExpectHolds(const EventLog& log, Sequence last) {
  const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(log);
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), last);
  for (const EncodedEvent& event : *events) EXPECT_EQ(event.bytes, EventBytes(event.sequence, 100));
}

TEST(EtcdFaultsTest, WhenEtcdsLeaderIsKilledWhatWasAcknowledgedIsThereOnce) {
  const absl::Cleanup heal = HealSharedEtcd;
  const std::string prefix = NewLog();
  const TestLog leader = OpenLeadingLog(prefix);
  for (Sequence sequence = 1; sequence <= 150; ++sequence) {
    if (sequence == 50) SharedEtcd().KillMember(SharedEtcd().Leader());
    const absl::Status status = leader.log->Append(Events(sequence, 1));
    ASSERT_TRUE(status.ok()) << sequence << ": " << status;
  }
  HealSharedEtcd();
  ExpectHolds(*OpenLog(prefix).log, 150);
}

TEST(EtcdFaultsTest, WhenEtcdsLeaderIsStoppedWhatWasAcknowledgedIsThereOnce) {
  const absl::Cleanup heal = HealSharedEtcd;
  std::mt19937 random(TestSeed());
  const std::string prefix = NewLog();
  EtcdEventLog::Options options;
  options.attempt_timeout = absl::Milliseconds(300);
  const TestLog leader = OpenLeadingLog(prefix, options);
  Sequence sequence = 0;
  for (int round = 0; round < 3; ++round) {
    const int stopped = SharedEtcd().Leader();
    for (int steps = 5 + static_cast<int>(random() % 20); steps > 0; --steps) {
      ASSERT_TRUE(leader.log->Append(Events(++sequence, 1)).ok());
    }
    if (stopped >= 0) SharedEtcd().SignalMember(stopped, SIGSTOP);
    for (int i = 0; i < 20; ++i) {
      const absl::Status status = leader.log->Append(Events(++sequence, 1));
      ASSERT_TRUE(status.ok()) << sequence << ": " << status;
    }
    HealSharedEtcd();
  }
  ExpectHolds(*OpenLog(prefix).log, sequence);
}

// An etcd of its own, of one member, with little space.
class EtcdSpaceTest : public testing::Test {
 protected:
  static constexpr size_t kEventBytes = 1 << 20;

  void SetUp() override {
    EtcdCluster::Options options;
    options.members = 1;
    options.folder = folder_.path();
    options.flags = {"--quota-backend-bytes=16777216"};
    cluster_ = std::make_unique<EtcdCluster>(std::move(options));
    const absl::Status started = cluster_->Start();
    ASSERT_TRUE(started.ok()) << started;
    client_ = MakeClient(cluster_->client_options());
    log_ = std::make_unique<EtcdEventLog>(client_.get(), EtcdEventLog::Options{}, SystemClock());
    ASSERT_TRUE(log_->Begin({{1, "roster"}}).ok());
    log_->SetTerm(TakeLead(*client_, "/muster"));
  }

  // Appends until etcd refuses; the refusal.
  absl::Status Fill() {
    absl::Status status;
    for (int i = 0; i < 64 && status.ok(); ++i) {
      status = log_->Append({{log_->last_sequence() + 1, std::string(kEventBytes, 'x')}});
    }
    return status;
  }

  TemporaryFolder folder_;
  std::unique_ptr<EtcdCluster> cluster_;
  std::unique_ptr<EtcdClient> client_;
  std::unique_ptr<EtcdEventLog> log_;
};

TEST_F(EtcdSpaceTest, WithoutSpaceAppendsAreRefusedReadsGoOnAndAfterTrimmingAppendsDo) {
  const absl::Status refusal = Fill();
  EXPECT_TRUE(absl::IsResourceExhausted(refusal)) << refusal;
  const Sequence last = log_->last_sequence();
  EXPECT_GT(last, 4u);
  // What was refused is not there, and what was not is: also at the one write at which etcd notices.
  const absl::StatusOr<std::vector<EncodedEvent>> events = ReadAll(*log_);
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ(events->size(), last);
  EtcdEventLog reader(client_.get(), {}, SystemClock());
  ASSERT_TRUE(reader.Refresh().ok());
  EXPECT_EQ(reader.last_sequence(), last);
  EXPECT_EQ(client_->Alarms(kCallWait)->size(), 1u);
  EXPECT_TRUE(absl::IsResourceExhausted(log_->Append({{last + 1, "x"}})));

  ASSERT_TRUE(log_->Trim(last).ok());
  const absl::Status recovered = client_->RecoverSpace(kCallWait);
  ASSERT_TRUE(recovered.ok()) << recovered;
  EXPECT_TRUE(client_->Alarms(kCallWait)->empty());
  const absl::Status status = log_->Append({{last + 1, "x"}});
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(absl::IsResourceExhausted(Fill()));
}

}  // namespace
}  // namespace muster
