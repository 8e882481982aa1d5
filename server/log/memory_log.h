// An EventLog in memory, for tests and the simulation: durable for the life of the object, with faults on demand.
//
// Threading: as EventLog; the faults are set from any thread.
#ifndef MUSTER_SERVER_LOG_MEMORY_LOG_H_
#define MUSTER_SERVER_LOG_MEMORY_LOG_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/log/append_check.h"
#include "server/log/event_log.h"

namespace muster {

class MemoryLog : public EventLog {
 public:
  // What became of a batch whose Append answered UNKNOWN.
  enum class Fate { kWritten, kNotWritten };

  explicit MemoryLog(Limits limits = kDefaultBatchLimits) : limits_(limits) {}

  absl::Status Append(absl::Span<const EncodedEvent> events) override;
  absl::Status Read(Sequence first, const Visitor& visit) const override;
  Sequence last_sequence() const override;
  Limits limits() const override { return limits_; }

  // The next Append writes nothing and returns `status`, such as RESOURCE_EXHAUSTED or ABORTED. The one after works.
  void RefuseNextAppend(absl::Status status);

  // The next Append returns UNKNOWN, having written its batch or not; so does, writing nothing, every later one.
  void LoseNextAppend(Fate fate);

  // A log with what is written here and no faults, as a restarted broker finds it. This one refuses Append from now on.
  std::unique_ptr<MemoryLog> Reopen();

 private:
  using Bytes = std::shared_ptr<const std::string>;

  const Limits limits_;
  mutable absl::Mutex mu_;
  std::vector<Bytes> events_ ABSL_GUARDED_BY(mu_);  // The event at index i has sequence i + 1.
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);
  std::optional<Fate> next_fate_ ABSL_GUARDED_BY(mu_);
  absl::Status poison_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_MEMORY_LOG_H_
