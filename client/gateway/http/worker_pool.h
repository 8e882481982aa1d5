// Threads for what blocks. They are made as they are needed, and kept.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_WORKER_POOL_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_WORKER_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace muster::gateway {

// Thread-safe, but Stop is called by one thread.
class WorkerPool {
 public:
  // Up to `threads_max` at work, and up to `waiting_max` pieces of work that wait for one. `name` is the threads': up
  // to 15 bytes.
  WorkerPool(std::string name, size_t threads_max, size_t waiting_max);
  ~WorkerPool() { Stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when all are busy and enough is waiting, or after Stop: `work` will not be done.
  bool Submit(std::function<void()> work);
  // Takes no more work, and returns when all that was taken is done.
  void Stop();

 private:
  void Run();

  const std::string name_;
  const size_t threads_max_;
  const size_t waiting_max_;
  absl::Mutex mu_;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  size_t idle_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<std::function<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_WORKER_POOL_H_
