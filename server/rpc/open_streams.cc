#include "server/rpc/open_streams.h"

#include <pthread.h>

#include <utility>

namespace muster {
namespace {

constexpr absl::Duration kCheckEvery = absl::Seconds(1);

}  // namespace

void OpenStreams::Start() {
  pump_thread_ = std::thread([this] { PumpLoop(); });
  check_thread_ = std::thread([this] { CheckLoop(); });
}

void OpenStreams::EndAll(const absl::Status& why) {
  {
    absl::MutexLock lock(&streams_mu_);
    const bool ending = !ended_.ok();
    ended_ = why;
    if (ending) return;  // A stream that is asked twice does not wait for what it writes: CheckAll does that, later.
  }
  for (const std::shared_ptr<OpenStream>& stream : All()) stream->End(why);
}

void OpenStreams::LetIn() {
  absl::MutexLock lock(&streams_mu_);
  ended_ = absl::OkStatus();
}

void OpenStreams::Stop() {
  stopped_.Bump();
  {
    absl::MutexLock lock(&woken_mu_);
    pump_stopped_ = true;
  }
  if (pump_thread_.joinable()) pump_thread_.join();
  if (check_thread_.joinable()) check_thread_.join();
}

void OpenStreams::Add(std::shared_ptr<OpenStream> stream) {
  absl::Status ended;
  {
    absl::MutexLock lock(&streams_mu_);
    ended = ended_;
    const OpenStream* key = stream.get();
    streams_.emplace(key, stream);
  }
  // It was admitted a moment ago; a revocation since then has not seen it.
  if (ended.ok()) ended = check_(stream->caller());
  if (!ended.ok()) stream->End(ended);
}

void OpenStreams::Remove(const OpenStream* stream) {
  std::shared_ptr<OpenStream> removed;  // Destroyed after the lock.
  absl::MutexLock lock(&streams_mu_);
  const auto it = streams_.find(stream);
  if (it == streams_.end()) return;
  removed = std::move(it->second);
  streams_.erase(it);
}

void OpenStreams::Wake(std::weak_ptr<OpenStream> stream) {
  absl::MutexLock lock(&woken_mu_);
  woken_.push_back(std::move(stream));
}

void OpenStreams::CheckAll() {
  absl::Status ended;
  {
    absl::MutexLock lock(&streams_mu_);
    ended = ended_;
  }
  for (const std::shared_ptr<OpenStream>& stream : All()) {
    const absl::Status status = ended.ok() ? check_(stream->caller()) : ended;
    if (!status.ok()) stream->End(status);
  }
}

size_t OpenStreams::size() const {
  absl::MutexLock lock(&streams_mu_);
  return streams_.size();
}

void OpenStreams::PumpLoop() {
  pthread_setname_np(pthread_self(), "stream-writer");
  while (true) {
    std::vector<std::weak_ptr<OpenStream>> woken;
    {
      absl::MutexLock lock(&woken_mu_);
      woken_mu_.Await(absl::Condition(
          +[](OpenStreams* self) { return !self->woken_.empty() || self->pump_stopped_; }, this));
      if (woken_.empty()) return;
      woken.swap(woken_);
    }
    for (const std::weak_ptr<OpenStream>& weak : woken) {
      if (const std::shared_ptr<OpenStream> stream = weak.lock()) stream->Pump();
    }
  }
}

void OpenStreams::CheckLoop() {
  pthread_setname_np(pthread_self(), "stream-check");
  while (stopped_.WaitBeyond(0, kCheckEvery) == 0) CheckAll();
}

std::vector<std::shared_ptr<OpenStream>> OpenStreams::All() const {
  absl::MutexLock lock(&streams_mu_);
  std::vector<std::shared_ptr<OpenStream>> all;
  all.reserve(streams_.size());
  for (const auto& [key, stream] : streams_) all.push_back(stream);
  return all;
}

}  // namespace muster
