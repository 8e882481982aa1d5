#include "server/rpc/presence_board.h"

#include "common/clock.h"

namespace muster {

void PresenceBoard::Heard(absl::string_view agency_id) {
  const absl::Time now = clock_->Now();
  absl::MutexLock lock(&mu_);
  entries_[agency_id].last_heard = now;
}

std::shared_ptr<void> PresenceBoard::OpenFeed(absl::string_view agency_id) {
  const absl::Time now = clock_->Now();
  absl::MutexLock lock(&mu_);
  Entry& entry = entries_[agency_id];
  entry.last_heard = now;
  if (entry.open_feeds++ == 0) entry.connected_since = now;
  return {this, [this, id = std::string(agency_id)](void*) { CloseFeed(id); }};
}

void PresenceBoard::CloseFeed(absl::string_view agency_id) {
  const absl::Time now = clock_->Now();
  absl::MutexLock lock(&mu_);
  Entry& entry = entries_[agency_id];
  entry.last_heard = now;
  --entry.open_feeds;
}

v1::Presence PresenceBoard::Of(absl::string_view agency_id) const {
  v1::Presence presence;
  presence.set_agency_id(std::string(agency_id));
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(agency_id);
  if (found == entries_.end()) return presence;
  const Entry& entry = found->second;
  presence.set_open_feeds(entry.open_feeds);
  if (entry.open_feeds > 0) *presence.mutable_connected_since() = ToProto(entry.connected_since);
  *presence.mutable_last_heard_at() = ToProto(entry.last_heard);
  return presence;
}

}  // namespace muster
