#include "client/gateway/http/worker_pool.h"

#include <pthread.h>

#include <utility>

namespace muster::gateway {

WorkerPool::WorkerPool(std::string name, size_t threads_max, size_t waiting_max)
    : name_(std::move(name)), threads_max_(threads_max), waiting_max_(waiting_max) {}

bool WorkerPool::Submit(std::function<void()> work) {
  absl::MutexLock lock(&mu_);
  if (stopped_) return false;
  const bool taken_at_once = waiting_.size() < idle_;
  const bool may_grow = threads_.size() < threads_max_;
  if (!taken_at_once && !may_grow && waiting_.size() >= idle_ + waiting_max_) return false;
  waiting_.push_back(std::move(work));
  if (!taken_at_once && may_grow) threads_.emplace_back([this] { Run(); });
  return true;
}

void WorkerPool::Run() {
  pthread_setname_np(pthread_self(), name_.c_str());
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopped_ || !waiting_.empty(); };
  while (true) {
    std::function<void()> work;
    {
      absl::MutexLock lock(&mu_);
      ++idle_;
      mu_.Await(absl::Condition(&ready));
      --idle_;
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

void WorkerPool::Stop() {
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace muster::gateway
