// Locks a name after five attempts to sign in within fifteen minutes that did not succeed.
//
// Names that belong to nobody are counted too, so that a lock tells nothing; there is no end of those, so they share a
// fixed number of places. What lies further back than the window is forgotten whenever the names have doubled.
//
// Kept in memory alone: a restart of the gateway forgets every lock. Whoever can restart it can read its files anyway.
//
// Threading: thread-safe.
#ifndef MUSTER_CLIENT_GATEWAY_PEOPLE_LOCKOUT_H_
#define MUSTER_CLIENT_GATEWAY_PEOPLE_LOCKOUT_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace muster::gateway {

class Lockout {
 public:
  static constexpr size_t kAttemptsMax = 5;
  static constexpr absl::Duration kWindow = absl::Minutes(15);
  // So many names and places are remembered without looking whether they still count.
  static constexpr size_t kRoomMin = 1024;

  // `clock` is not owned and outlives this.
  explicit Lockout(const Clock* clock);

  // How long `name` is still locked. Zero: it is not, and this attempt counts until Succeeded says otherwise; so
  // attempts at the same moment are no more than those one after another.
  absl::Duration Attempt(absl::string_view name, bool known);
  // The last Attempt of `name` came to nothing, since nobody looked at its password: it does not count.
  void NotTried(absl::string_view name, bool known);
  // The attempts of `name`, a known one, are forgotten.
  void Succeeded(absl::string_view name);

  // How many names and places are remembered. For tests.
  size_t remembered() const;

 private:
  // Moments by the monotonic clock, the earliest first.
  using Attempts = absl::InlinedVector<absl::Duration, kAttemptsMax>;

  std::string PlaceOf(absl::string_view name, bool known) const;
  // Forgets whose last attempt is out of the window, if there are many.
  void MakeRoom(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Clock* const clock_;
  const std::string salt_;
  mutable absl::Mutex mu_;
  // Of attempts within the window; never empty.
  absl::flat_hash_map<std::string, Attempts> attempts_ ABSL_GUARDED_BY(mu_);
  size_t room_ ABSL_GUARDED_BY(mu_) = kRoomMin;  // With so many names, look whom to forget.
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_PEOPLE_LOCKOUT_H_
