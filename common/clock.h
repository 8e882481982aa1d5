// The time, as something a test can hold still.
//
// absl::Now() appears in clock.cc and nowhere else.
#ifndef MUSTER_COMMON_CLOCK_H_
#define MUSTER_COMMON_CLOCK_H_

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace muster {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // The wall clock: for moments that people and other machines know. It can be set, forward and back.
  virtual absl::Time Now() const = 0;
  // Since some moment in the past, the same for the life of the process; nobody sets it. For how long something has
  // taken or may still take (deadline.h).
  virtual absl::Duration Monotonic() const = 0;
};

// The machine's clock. Lives for ever.
const Clock* SystemClock();

// Stands still until it is told otherwise. Thread-safe.
class FakeClock : public Clock {
 public:
  explicit FakeClock(absl::Time now) : now_(now) {}
  absl::Time Now() const override;
  absl::Duration Monotonic() const override;
  // As somebody sets a wall clock: the monotonic one stays.
  void Set(absl::Time now);
  // Time passes.
  void Advance(absl::Duration by);

 private:
  mutable absl::Mutex mu_;
  absl::Time now_ ABSL_GUARDED_BY(mu_);
  absl::Duration passed_ ABSL_GUARDED_BY(mu_);
};

// Conversions to and from the protobuf shape; nanoseconds are kept.
google::protobuf::Timestamp ToProto(absl::Time time);
absl::Time FromProto(const google::protobuf::Timestamp& timestamp);

}  // namespace muster

#endif  // MUSTER_COMMON_CLOCK_H_
