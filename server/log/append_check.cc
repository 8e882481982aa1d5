#include "server/log/append_check.h"

#include "absl/strings/str_cat.h"

namespace muster {

absl::Status CheckAppend(absl::Span<const EncodedEvent> events, Sequence last, const EventLog::Limits& limits) {
  if (events.empty()) return absl::InvalidArgumentError("append: the batch is empty; wanted at least one event");
  if (events.size() > limits.batch_events_max) {
    return absl::InvalidArgumentError(absl::StrCat("append: the batch has ", events.size(), " events; wanted at most ",
                                                   limits.batch_events_max));
  }
  size_t bytes = 0;
  Sequence expected = last + 1;
  for (const EncodedEvent& event : events) {
    if (event.sequence != expected) {
      return absl::InvalidArgumentError(
          absl::StrCat("append: got sequence ", event.sequence, " where ", expected, " was wanted"));
    }
    ++expected;
    bytes += event.bytes.size();
  }
  if (bytes > limits.batch_bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("append: the batch has ", bytes, " bytes; wanted at most ", limits.batch_bytes_max));
  }
  return absl::OkStatus();
}

absl::Status CheckReadFrom(Sequence first, Sequence last) {
  if (first >= 1 && first <= last + 1) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("read: got first sequence ", first, "; wanted 1 to ", last + 1, ", as the log ends at ", last));
}

}  // namespace muster
