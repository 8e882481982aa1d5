// The suite that every EventLog passes, over EtcdEventLog and a real etcd of three members.
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>

#include "common/clock.h"
#include "server/log/testing/log_conformance.h"
#include "tests/etcd/etcd_test_support.h"

namespace muster {
namespace {

class EtcdHarness : public LogHarness {
 public:
  EtcdHarness() : client_(MakeClient()) {
    options_.prefix = NewLog();
    options_.limits = kConformanceLimits;
    options_.append_patience = absl::Seconds(3);
    Reopen();
  }

  EventLog* log() override { return log_.get(); }

  // As another process that leads next.
  void Reopen() override {
    log_ = std::make_unique<EtcdEventLog>(client_.get(), options_, SystemClock());
    log_->SetTerm(TakeLead(*client_, options_.prefix));
    const absl::StatusOr<bool> there = log_->Refresh();
    ASSERT_TRUE(there.ok()) << there.status();
    ASSERT_TRUE(*there);
  }

  void MakeNextAppendRefused() override {
    RaiseNoSpace();
    refusing_ = true;
  }

  // Two of three stopped: none can commit.
  void MakeNextAppendUnknown() override {
    SharedEtcd().SignalMember(1, SIGSTOP);
    SharedEtcd().SignalMember(2, SIGSTOP);
  }

  void Heal() override {
    if (refusing_) {
      const absl::Status recovered = client_->RecoverSpace(kCallWait);
      ASSERT_TRUE(recovered.ok()) << recovered;
    }
    refusing_ = false;
    HealSharedEtcd();
  }

 private:
  const std::unique_ptr<EtcdClient> client_;
  EtcdEventLog::Options options_;
  std::unique_ptr<EtcdEventLog> log_;
  bool refusing_ = false;
};

INSTANTIATE_TEST_SUITE_P(Etcd, LogConformanceTest,
                         testing::Values(LogKind{"Etcd", [] { return std::make_unique<EtcdHarness>(); }}),
                         [](const testing::TestParamInfo<LogKind>& kind) { return kind.param.name; });

}  // namespace
}  // namespace muster
