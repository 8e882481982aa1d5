#include "server/rpc/network.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace muster {
namespace {

constexpr unsigned int kCoresPerNetworkThread = 4;
constexpr int kCallThreads = 2;

}  // namespace

void Network::Start() {
  const unsigned int network_threads = std::max(1U, std::thread::hardware_concurrency() / kCoresPerNetworkThread);
  for (unsigned int i = 0; i < network_threads; ++i) {
    threads_.emplace_back([this] {
      pthread_setname_np(pthread_self(), "network");
      ServeQueue();
    });
  }
  for (int i = 0; i < kCallThreads; ++i) threads_.emplace_back([this] { ServeCalls(); });
}

void Network::Stop() {
  {
    absl::MutexLock lock(&mu_);
    if (stopped_) return;
    const auto none_lives = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return live_calls_ == 0; };
    if (!threads_.empty()) mu_.Await(absl::Condition(&none_lives));
    stopped_ = true;
  }
  queue_->Shutdown();
  if (threads_.empty()) ServeQueue();  // Nobody else empties it.
  for (std::thread& thread : threads_) thread.join();
}

void Network::Run(std::function<void()> call) {
  absl::MutexLock lock(&mu_);
  calls_.push_back(std::move(call));
}

void Network::ServeQueue() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) static_cast<Completion*>(tag)->Complete(ok);
}

void Network::ServeCalls() {
  pthread_setname_np(pthread_self(), "calls");
  while (true) {
    std::function<void()> call;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(
          +[](Network* self) { return !self->calls_.empty() || self->stopped_; }, this));
      if (calls_.empty()) return;
      call = std::move(calls_.front());
      calls_.pop_front();
    }
    call();
  }
}

}  // namespace muster
