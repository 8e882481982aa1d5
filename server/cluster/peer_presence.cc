#include "server/cluster/peer_presence.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/clock.h"

namespace muster {
namespace {

constexpr absl::Duration kAskEvery = absl::Seconds(1);
constexpr absl::Duration kAskWithin = absl::Seconds(1);

// Adds what another broker says of an agency.
void Merge(const v1::Presence& other, v1::Presence* all) {
  all->set_open_feeds(all->open_feeds() + other.open_feeds());
  if (other.has_connected_since() &&
      (!all->has_connected_since() || FromProto(other.connected_since()) < FromProto(all->connected_since()))) {
    *all->mutable_connected_since() = other.connected_since();
  }
  if (other.has_last_heard_at() &&
      (!all->has_last_heard_at() || FromProto(other.last_heard_at()) > FromProto(all->last_heard_at()))) {
    *all->mutable_last_heard_at() = other.last_heard_at();
  }
}

}  // namespace

PeerPresence::PeerPresence(Peers* peers, std::function<std::vector<std::string>()> others,
                           std::function<void(const std::string&)> unreachable)
    : peers_(peers), others_(std::move(others)), unreachable_(std::move(unreachable)) {}

void PeerPresence::Start(const PresenceSource* own) {
  own_ = own;
  thread_ = std::thread([this] { Run(); });
}

void PeerPresence::Stop() {
  stopped_.Bump();
  if (thread_.joinable()) thread_.join();
}

void PeerPresence::Run() {
  pthread_setname_np(pthread_self(), "peer-presence");
  do {
    std::map<std::string, Told> told;
    for (const std::string& address : others_()) {
      const absl::StatusOr<cluster::v1::ListPeerPresenceResponse> response = peers_->ListPresence(address, kAskWithin);
      if (!response.ok()) {
        unreachable_(address);
        continue;
      }
      Told& one = told[address];
      one.counted_since = FromProto(response->counted_since());
      for (const v1::Presence& presence : response->presence()) one.presence[presence.agency_id()] = presence;
    }
    absl::MutexLock lock(&mu_);
    told_.swap(told);
  } while (stopped_.WaitBeyond(0, kAskEvery) == 0);
}

v1::Presence PeerPresence::Of(absl::string_view agency_id) const {
  v1::Presence all = own_->Of(agency_id);
  absl::MutexLock lock(&mu_);
  for (const auto& [address, told] : told_) {
    const auto it = told.presence.find(agency_id);
    if (it != told.presence.end()) Merge(it->second, &all);
  }
  return all;
}

absl::Time PeerPresence::counted_since() const {
  absl::Time since = own_->counted_since();
  absl::MutexLock lock(&mu_);
  for (const auto& [address, told] : told_) since = std::max(since, told.counted_since);
  return since;
}

}  // namespace muster
