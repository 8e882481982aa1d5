#include "client/gateway/people/lockout.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/random.h"
#include "common/sha256.h"

namespace muster::gateway {
namespace {

constexpr int kPlaceBytes = 2;  // 65,536 places for names that belong to nobody.

}  // namespace

Lockout::Lockout(const Clock* clock) : clock_(clock), salt_(RandomBytes(16)) {}

std::string Lockout::PlaceOf(absl::string_view name, bool known) const {
  if (known) return std::string(name);
  // A space cannot be in a known name.
  return absl::StrCat(" ", Sha256Bytes(absl::StrCat(salt_, name)).substr(0, kPlaceBytes));
}

absl::Duration Lockout::Attempt(absl::string_view name, bool known) {
  const absl::Duration now = clock_->Monotonic();
  absl::MutexLock lock(&mu_);
  MakeRoom(now);
  Attempts& attempts = attempts_[PlaceOf(name, known)];
  // The lock lasts the whole window from the attempt that brought it about.
  if (attempts.size() >= kAttemptsMax) {
    const absl::Duration left = attempts.back() + kWindow - now;
    if (left > absl::ZeroDuration()) return left;
    attempts.clear();
  }
  while (!attempts.empty() && attempts.front() + kWindow <= now) attempts.erase(attempts.begin());
  attempts.push_back(now);
  return absl::ZeroDuration();
}

void Lockout::NotTried(absl::string_view name, bool known) {
  absl::MutexLock lock(&mu_);
  const auto found = attempts_.find(PlaceOf(name, known));
  if (found == attempts_.end()) return;
  found->second.pop_back();
  if (found->second.empty()) attempts_.erase(found);
}

void Lockout::Succeeded(absl::string_view name) {
  absl::MutexLock lock(&mu_);
  attempts_.erase(PlaceOf(name, /*known=*/true));
}

size_t Lockout::remembered() const {
  absl::MutexLock lock(&mu_);
  return attempts_.size();
}

void Lockout::MakeRoom(absl::Duration now) {
  if (attempts_.size() < room_) return;
  absl::erase_if(attempts_, [now](const auto& each) { return each.second.back() + kWindow <= now; });
  room_ = std::max(kRoomMin, 2 * attempts_.size());
}

}  // namespace muster::gateway
