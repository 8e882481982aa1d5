// Which agencies are connected to this broker, and when each was last heard.
//
// Kept in memory, from the broker's start: it tells of connections, not of the record.
//
// Threading: thread-safe.
#ifndef MUSTER_SERVER_RPC_PRESENCE_BOARD_H_
#define MUSTER_SERVER_RPC_PRESENCE_BOARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/state/queries.h"

namespace muster {

class PresenceBoard final : public PresenceSource {
 public:
  // Borrows `clock`, which outlives this.
  explicit PresenceBoard(const Clock* clock) : clock_(clock), counted_since_(clock->Now()) {}

  // An admitted call of the agency. There are no more agencies than the roster has.
  void Heard(absl::string_view agency_id);
  // The agency has a feed open for as long as somebody keeps what this returns. Outlives it.
  std::shared_ptr<void> OpenFeed(absl::string_view agency_id);

  v1::Presence Of(absl::string_view agency_id) const override;
  // Everybody that was ever heard.
  std::vector<v1::Presence> All() const;
  absl::Time counted_since() const override { return counted_since_; }

 private:
  struct Entry {
    uint32_t open_feeds = 0;
    absl::Time connected_since;
    absl::Time last_heard;
  };
  void CloseFeed(absl::string_view agency_id);
  static v1::Presence Describe(absl::string_view agency_id, const Entry& entry);

  const Clock* const clock_;
  const absl::Time counted_since_;
  mutable absl::Mutex mu_;  // Held for a look-up only: nothing else is locked while it is held.
  absl::flat_hash_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_PRESENCE_BOARD_H_
