#include "server/rpc/waiting_reads.h"

#include <pthread.h>

#include <iterator>
#include <utility>

namespace muster {
namespace {

constexpr absl::Duration kLookAgain = absl::Milliseconds(100);
constexpr size_t kWaitingMax = 4096;

}  // namespace

void WaitingReads::Start() {
  thread_ = std::thread([this] { Run(); });
}

void WaitingReads::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void WaitingReads::Add(absl::Duration patience, Attempt attempt) {
  if (broker_->follows()) {
    absl::MutexLock lock(&mu_);
    if (!stopped_ && waiting_.size() < kWaitingMax) {
      waiting_.push_back({std::move(attempt), Deadline(patience, *clock_)});
      return;
    }
  }
  attempt(true);
}

void WaitingReads::Run() {
  pthread_setname_np(pthread_self(), "waiting-reads");
  while (true) {
    const uint64_t seen = broker_->progress().now();
    TryAll();
    {
      absl::MutexLock lock(&mu_);
      if (stopped_ && waiting_.empty()) return;
    }
    // Whoever comes meanwhile has been tried a moment ago.
    broker_->progress().WaitBeyond(seen, kLookAgain);
  }
}

void WaitingReads::TryAll() {
  std::vector<Waiting> all;
  bool last = false;
  {
    absl::MutexLock lock(&mu_);
    all.swap(waiting_);
    last = stopped_;
  }
  std::vector<Waiting> still;
  for (Waiting& one : all) {
    if (!one.attempt(last || one.deadline.passed())) still.push_back(std::move(one));
  }
  absl::MutexLock lock(&mu_);
  waiting_.insert(waiting_.end(), std::make_move_iterator(still.begin()), std::make_move_iterator(still.end()));
}

}  // namespace muster
