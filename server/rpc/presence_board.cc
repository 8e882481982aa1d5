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

v1::Presence PresenceBoard::Describe(absl::string_view agency_id, const Entry& entry) {
  v1::Presence presence;
  presence.set_agency_id(std::string(agency_id));
  presence.set_open_feeds(entry.open_feeds);
  if (entry.open_feeds > 0) *presence.mutable_connected_since() = ToProto(entry.connected_since);
  *presence.mutable_last_heard_at() = ToProto(entry.last_heard);
  return presence;
}

v1::Presence PresenceBoard::Of(absl::string_view agency_id) const {
  v1::Presence nothing_heard;
  nothing_heard.set_agency_id(std::string(agency_id));
  absl::MutexLock lock(&mu_);
  const auto found = entries_.find(agency_id);
  return found == entries_.end() ? nothing_heard : Describe(agency_id, found->second);
}

std::vector<v1::Presence> PresenceBoard::All() const {
  absl::MutexLock lock(&mu_);
  std::vector<v1::Presence> all;
  all.reserve(entries_.size());
  for (const auto& [id, entry] : entries_) all.push_back(Describe(id, entry));
  return all;
}

}  // namespace muster
