// The completion queue that gRPC reports to, and the threads that take from it.
//
// gRPC's callback API has threads of its own, which sleep when a broker is idle, and which wake one another for every
// message when it is not: each that asks for events may be the one that finds another's. So here one thread polls,
// reacts and writes, on a machine of up to four cores.
//
// Threading: thread-safe. Threads of its own from Start to Stop: "network", which run reactions and must not block, and
// "calls", which run what may take as long as a large read.
#ifndef MUSTER_SERVER_RPC_NETWORK_H_
#define MUSTER_SERVER_RPC_NETWORK_H_

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/completion_queue.h"

namespace muster {

// What gRPC is given with an operation, and is told by when it is done.
class Completion {
 public:
  virtual void Complete(bool ok) = 0;
  void* tag() { return this; }

 protected:
  ~Completion() = default;
};

// Calls a method of its owner.
template <typename Owner, void (Owner::*kMethod)(bool ok)>
class CompletionOf final : public Completion {
 public:
  explicit CompletionOf(Owner* owner) : owner_(owner) {}
  void Complete(bool ok) override { (owner_->*kMethod)(ok); }

 private:
  Owner* const owner_;
};

class Network {
 public:
  explicit Network(std::unique_ptr<grpc::ServerCompletionQueue> queue) : queue_(std::move(queue)) {}
  ~Network() { Stop(); }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  grpc::ServerCompletionQueue* queue() { return queue_.get(); }

  void Start();
  // After the server has shut down, so that no call comes any more. Waits until those that are there are gone: gRPC
  // does not bear that one is finished whose queue has been shut down.
  void Stop();

  // Runs `call` on a thread that may take its time.
  void Run(std::function<void()> call);

 private:
  friend class LiveCall;

  void ServeQueue();
  void ServeCalls();

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::vector<std::thread> threads_;

  absl::Mutex mu_;  // A leaf.
  std::deque<std::function<void()>> calls_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  size_t live_calls_ ABSL_GUARDED_BY(mu_) = 0;
};

// Counts a call, from when it is awaited until it is gone.
class LiveCall {
 public:
  explicit LiveCall(Network* network) : network_(network) {
    absl::MutexLock lock(&network_->mu_);
    ++network_->live_calls_;
  }
  ~LiveCall() {
    absl::MutexLock lock(&network_->mu_);
    --network_->live_calls_;
  }
  LiveCall(const LiveCall&) = delete;
  LiveCall& operator=(const LiveCall&) = delete;

 private:
  Network* const network_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_NETWORK_H_
