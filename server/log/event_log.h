// The durable, totally ordered record of everything Muster has accepted. Knows no Muster message: events are bytes.
//
// Threading: Append is called by one thread at a time (the sequencer); other methods from any thread.
#ifndef MUSTER_SERVER_LOG_EVENT_LOG_H_
#define MUSTER_SERVER_LOG_EVENT_LOG_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace muster {

// The place of an event in the log: 1, 2, 3 ... without gaps. 0 means "none".
using Sequence = uint64_t;

// An event, encoded once: the bytes appended are the bytes hashed and replayed.
struct EncodedEvent {
  Sequence sequence = 0;
  std::string bytes;
};

class EventLog {
 public:
  struct Limits {
    size_t batch_events_max;
    size_t batch_bytes_max;
  };

  virtual ~EventLog() = default;

  // Appends `events` and returns once they are durable. They must be non-empty, consecutive from last_sequence() + 1
  // and within limits(). Blocks for one fdatasync (local) or one transaction (etcd). All or nothing.
  //
  // Errors: INVALID_ARGUMENT   not consecutive, empty or beyond the limits; nothing was written.
  //         ABORTED            another broker leads; nothing was written.
  //         RESOURCE_EXHAUSTED disk or quota full; nothing was written.
  //         UNKNOWN            the fate is unknown; every later Append fails until the log is reopened.
  virtual absl::Status Append(absl::Span<const EncodedEvent> events) = 0;

  // Calls `visit` for every event from `first` to the end as it was when Read was called, in order, and stops at its
  // first error, which Read returns. The bytes are valid during the call only.
  //
  // Errors: OUT_OF_RANGE `first` is 0 or beyond last_sequence() + 1.
  //         DATA_LOSS    a stored record fails its checksum; the message names the first bad sequence.
  using Visitor = std::function<absl::Status(Sequence sequence, absl::string_view bytes)>;
  virtual absl::Status Read(Sequence first, const Visitor& visit) const = 0;

  // The last durable event; 0 when the log is empty.
  virtual Sequence last_sequence() const = 0;

  virtual Limits limits() const = 0;

  // To be called by the appending thread when there is nothing to append: housekeeping, bounded in time. An error is
  // one that every later Append will return.
  virtual absl::Status Idle() { return absl::OkStatus(); }
};

}  // namespace muster

#endif  // MUSTER_SERVER_LOG_EVENT_LOG_H_
