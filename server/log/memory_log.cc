#include "server/log/memory_log.h"

#include <utility>

#include "common/status_macros.h"

namespace muster {

absl::Status MemoryLog::Append(absl::Span<const EncodedEvent> events) {
  absl::MutexLock lock(&mu_);
  MUSTER_RETURN_IF_ERROR(poison_);
  MUSTER_RETURN_IF_ERROR(CheckAppend(events, events_.size(), limits_));
  if (!refusal_.ok()) return std::exchange(refusal_, absl::OkStatus());
  const std::optional<Fate> fate = std::exchange(next_fate_, std::nullopt);
  if (fate.has_value()) poison_ = absl::UnknownError("append: the fate of the batch is unknown; reopen the log");
  if (fate != Fate::kNotWritten) {
    for (const EncodedEvent& event : events) events_.push_back(std::make_shared<const std::string>(event.bytes));
  }
  return poison_;
}

absl::Status MemoryLog::Read(Sequence first, const Visitor& visit) const {
  std::vector<Bytes> events;
  {
    absl::MutexLock lock(&mu_);
    MUSTER_RETURN_IF_ERROR(CheckReadFrom(first, events_.size()));
    events.assign(events_.begin() + static_cast<ptrdiff_t>(first - 1), events_.end());
  }
  for (const Bytes& bytes : events) MUSTER_RETURN_IF_ERROR(visit(first++, *bytes));
  return absl::OkStatus();
}

Sequence MemoryLog::last_sequence() const {
  absl::MutexLock lock(&mu_);
  return events_.size();
}

void MemoryLog::RefuseNextAppend(absl::Status status) {
  absl::MutexLock lock(&mu_);
  refusal_ = std::move(status);
}

void MemoryLog::LoseNextAppend(Fate fate) {
  absl::MutexLock lock(&mu_);
  next_fate_ = fate;
}

std::unique_ptr<MemoryLog> MemoryLog::Reopen() {
  absl::MutexLock lock(&mu_);
  poison_ = absl::UnknownError("append: the log was reopened elsewhere");
  auto reopened = std::make_unique<MemoryLog>(limits_);
  absl::MutexLock reopened_lock(&reopened->mu_);
  reopened->events_ = events_;
  return reopened;
}

}  // namespace muster
