#include "client/gateway/http/rate_limit.h"

#include <algorithm>

namespace muster::gateway {

double RateLimit::TokensNow(const Bucket& bucket, absl::Duration now) const {
  return std::min(burst_, bucket.tokens + absl::ToDoubleSeconds(now - bucket.at) * per_second_);
}

bool RateLimit::Allow(absl::string_view key) {
  const absl::Duration now = clock_->Monotonic();
  absl::MutexLock lock(&mu_);
  if (buckets_.size() >= kKeysMax && !buckets_.contains(key)) {
    // A full bucket is as good as none.
    absl::erase_if(buckets_, [&](const auto& each) { return TokensNow(each.second, now) >= burst_; });
    if (buckets_.size() >= kKeysMax) return false;
  }
  Bucket& bucket = buckets_.try_emplace(key, Bucket{burst_, now}).first->second;
  bucket.tokens = TokensNow(bucket, now);
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

}  // namespace muster::gateway
