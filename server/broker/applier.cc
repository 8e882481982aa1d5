#include "server/broker/applier.h"

#include <algorithm>

namespace muster {

std::vector<Applied> Applier::Apply(absl::Span<const v1::Event* const> events) {
  std::vector<Applied> applied;
  applied.reserve(events.size());
  absl::MutexLock lock(state_mu_);
  for (const v1::Event* event : events) applied.push_back(state_->Apply(*event));
  return applied;
}

absl::Status Applier::Publish(Sequence first, absl::Span<const Applied> applied) {
  const bool access_changed =
      std::any_of(applied.begin(), applied.end(), [](const Applied& one) { return one.access_changed; });
  // Before anything is published: who may no longer be here must not receive what follows.
  if (access_changed && access_changed_) access_changed_();
  const absl::Status published = publisher_->Publish(first, applied, state_->audiences());
  progress_.Bump();
  return published;
}

}  // namespace muster
