// The suite of testing/log_conformance.h over the logs of one machine.
#include "server/log/testing/log_conformance.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>

#include "common/sqlite_fault_vfs.h"
#include "server/log/local_log.h"
#include "server/log/memory_log.h"

namespace muster {
namespace {

class MemoryHarness : public LogHarness {
 public:
  explicit MemoryHarness(MemoryLog::Fate fate) : fate_(fate), log_(std::make_unique<MemoryLog>(kConformanceLimits)) {}
  EventLog* log() override { return log_.get(); }
  void Reopen() override { log_ = log_->Reopen(); }
  void MakeNextAppendRefused() override { log_->RefuseNextAppend(absl::ResourceExhaustedError("quota")); }
  void MakeNextAppendUnknown() override { log_->LoseNextAppend(fate_); }
  void Heal() override {}

 private:
  const MemoryLog::Fate fate_;
  std::unique_ptr<MemoryLog> log_;
};

class LocalHarness : public LogHarness {
 public:
  LocalHarness() : vfs_("conformance") { Reopen(); }
  EventLog* log() override { return log_.get(); }
  void Reopen() override {
    log_.reset();
    LocalLog::Options options;
    options.limits = kConformanceLimits;
    options.sqlite_vfs = vfs_.name();
    absl::StatusOr<std::unique_ptr<LocalLog>> log = LocalLog::Open(folder_.path() + "/data", options);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }
  void MakeNextAppendRefused() override { vfs_.FailWrites(1, SQLITE_FULL); }
  void MakeNextAppendUnknown() override { vfs_.FailSyncs(1, SQLITE_IOERR_FSYNC); }
  void Heal() override { vfs_.Heal(); }

 private:
  TemporaryFolder folder_;
  SqliteFaultVfs vfs_;
  std::unique_ptr<LocalLog> log_;
};

INSTANTIATE_TEST_SUITE_P(
    Logs, LogConformanceTest,
    testing::Values(
        LogKind{"MemoryLosingWritten", [] { return std::make_unique<MemoryHarness>(MemoryLog::Fate::kWritten); }},
        LogKind{"MemoryLosingUnwritten", [] { return std::make_unique<MemoryHarness>(MemoryLog::Fate::kNotWritten); }},
        LogKind{"Local", [] { return std::make_unique<LocalHarness>(); }}),
    [](const testing::TestParamInfo<LogKind>& kind) { return kind.param.name; });

}  // namespace
}  // namespace muster
