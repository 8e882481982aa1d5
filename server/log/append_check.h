// What every EventLog asks of a batch before it looks at its storage.
#ifndef MUSTER_SERVER_LOG_APPEND_CHECK_H_
#define MUSTER_SERVER_LOG_APPEND_CHECK_H_

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "server/log/event_log.h"

namespace muster {

// What an EventLog on one machine takes in one batch unless it is told otherwise.
inline constexpr EventLog::Limits kDefaultBatchLimits = {/*batch_events_max=*/1024, /*batch_bytes_max=*/4 << 20};

// INVALID_ARGUMENT unless `events` is non-empty, consecutive from last + 1 and within `limits`.
absl::Status CheckAppend(absl::Span<const EncodedEvent> events, Sequence last, const EventLog::Limits& limits);

// OUT_OF_RANGE unless 1 <= first <= last + 1.
absl::Status CheckReadFrom(Sequence first, Sequence last);

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_APPEND_CHECK_H_
