// Token buckets: so many calls per second for each key, with short bursts.
//
// Threading: thread-safe.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_RATE_LIMIT_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_RATE_LIMIT_H_

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace muster::gateway {

class RateLimit {
 public:
  // More keys than this at once are not told apart any more: then every key's calls are refused until some are idle.
  static constexpr size_t kKeysMax = 65'536;

  // `clock` is not owned and outlives this.
  RateLimit(double per_second, double burst, const Clock* clock)
      : per_second_(per_second), burst_(burst), clock_(clock) {}

  // Whether one more call of `key` may pass now.
  bool Allow(absl::string_view key);

 private:
  struct Bucket {
    double tokens;
    absl::Duration at;
  };
  double TokensNow(const Bucket& bucket, absl::Duration now) const;

  const double per_second_;
  const double burst_;
  const Clock* const clock_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_RATE_LIMIT_H_
