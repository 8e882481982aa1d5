// Locks a name after five attempts to sign in within fifteen minutes that did not succeed.
//
// Names that belong to nobody are counted too, so that a lock tells nothing; there is no end of those, so they share a
// fixed number of places.
//
// Kept in memory alone: a restart of the gateway forgets every lock. Whoever can restart it can read its files anyway.
//
// Threading: thread-safe.
#ifndef MUSTER_CLIENT_GATEWAY_PEOPLE_LOCKOUT_H_
#define MUSTER_CLIENT_GATEWAY_PEOPLE_LOCKOUT_H_

#include <cstddef>
#include <deque>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace muster::gateway {

class Lockout {
 public:
  static constexpr size_t kAttemptsMax = 5;
  static constexpr absl::Duration kWindow = absl::Minutes(15);

  // `clock` is not owned and outlives this.
  explicit Lockout(const Clock* clock);

  // How long `name` is still locked. Zero: it is not, and this attempt counts until Succeeded says otherwise; so
  // attempts at the same moment are no more than those one after another.
  absl::Duration Attempt(absl::string_view name, bool known);
  // The last Attempt of `name` came to nothing, since nobody looked at its password: it does not count.
  void NotTried(absl::string_view name, bool known);
  // The attempts of `name`, a known one, are forgotten.
  void Succeeded(absl::string_view name);

 private:
  std::string PlaceOf(absl::string_view name, bool known) const;

  const Clock* const clock_;
  const std::string salt_;
  absl::Mutex mu_;
  // The moments, by the monotonic clock, of attempts within the window.
  absl::flat_hash_map<std::string, std::deque<absl::Duration>> attempts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_PEOPLE_LOCKOUT_H_
