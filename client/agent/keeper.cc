#include "client/agent/keeper.h"

#include <utility>

#include "common/logging.h"
#include "common/status_macros.h"

namespace muster::agent {

Keeper::Keeper(Store* store, Hook* hook, const Clock* clock, absl::Duration keep,
               std::function<void(const absl::Status&)> failed)
    : store_(store), hook_(hook), clock_(clock), keep_(keep), failed_(std::move(failed)) {}

Keeper::~Keeper() { Stop(); }

void Keeper::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Keeper::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  changed_.Bump();
  if (thread_.joinable()) thread_.join();
}

absl::Status Keeper::Tidy() {
  MUSTER_RETURN_IF_ERROR(hook_->Skip());
  return store_->Maintain(clock_->Now() - keep_);
}

void Keeper::Run() {
  while (true) {
    const absl::Status status = Tidy();
    if (!status.ok()) LogError("old deliveries and items could not be removed", {{"why", status.message()}});
    if (absl::IsUnknown(status)) failed_(status);
    const auto stopping = [this] {
      absl::MutexLock lock(&mu_);
      return stopping_;
    };
    if (changed_.Await(kInterval, stopping)) return;
  }
}

}  // namespace muster::agent
