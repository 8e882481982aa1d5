// How many calls may be at work at once, and the end of those that wait.
//
// Each call has a thread. Short ones (reads, submissions) and long ones (streams, AwaitOutboxItem) have limits of their
// own, so that forgotten streams never keep a short call from being answered.
//
// Threading: thread-safe.
#ifndef MUSTER_CLIENT_AGENT_SERVE_OPEN_CALLS_H_
#define MUSTER_CLIENT_AGENT_SERVE_OPEN_CALLS_H_

#include <atomic>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"

namespace muster::agent {

class OpenCalls {
 public:
  static constexpr int kShortMax = 128;
  static constexpr int kLongMax = 96;

  // A place among the calls, given back when it is destroyed.
  class Place {
   public:
    explicit Place(std::atomic<int>* taken) : taken_(taken) {}
    Place(Place&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (taken_ != nullptr) taken_->fetch_sub(1);
    }

   private:
    std::atomic<int>* taken_;
  };

  OpenCalls() = default;
  OpenCalls(const OpenCalls&) = delete;
  OpenCalls& operator=(const OpenCalls&) = delete;

  // RESOURCE_EXHAUSTED (QUEUE_FULL) when too many are at work; UNAVAILABLE (DRAINING) once stopping.
  absl::StatusOr<Place> EnterShort() { return Enter(&short_, kShortMax); }
  absl::StatusOr<Place> EnterLong() { return Enter(&long_, kLongMax); }

  // From now on ShouldEnd tells every call that waits to end.
  void Stop() { stopping_.store(true); }

  // For a call that waits, to be asked again and again: OK to go on, else what to end with.
  absl::Status ShouldEnd(const grpc::ServerContext& context) const;

 private:
  absl::StatusOr<Place> Enter(std::atomic<int>* taken, int max);

  std::atomic<bool> stopping_{false};
  std::atomic<int> short_{0};
  std::atomic<int> long_{0};
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_OPEN_CALLS_H_
