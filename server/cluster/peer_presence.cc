#include "server/cluster/peer_presence.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/status_macros.h"

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

PeerPresence::PeerPresence(Peers* peers, std::function<std::vector<Other>()> others,
                           std::function<void(const Other&, const absl::Status&)> asked)
    : peers_(peers), others_(std::move(others)), asked_(std::move(asked)) {}

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
    for (const Other& other : others_()) {
      absl::StatusOr<Told> answer = Ask(other);
      asked_(other, answer.status());
      if (answer.ok()) told.emplace(other.broker_id, *std::move(answer));
    }
    absl::MutexLock lock(&mu_);
    told_.swap(told);
  } while (stopped_.WaitBeyond(0, kAskEvery) == 0);
}

absl::StatusOr<PeerPresence::Told> PeerPresence::Ask(const Other& other) const {
  MUSTER_ASSIGN_OR_RETURN(const cluster::v1::ListPeerPresenceResponse response,
                          peers_->ListPresence(other.address, kAskWithin));
  if (response.broker_id() != other.broker_id) {
    return absl::FailedPreconditionError(absl::StrCat("at ", other.address, " answers ", response.broker_id(),
                                                      ": look at ", other.broker_id, "'s cluster.peer_address"));
  }
  Told told;
  told.counted_since = FromProto(response.counted_since());
  for (const v1::Presence& presence : response.presence()) told.presence[presence.agency_id()] = presence;
  return told;
}

v1::Presence PeerPresence::Of(absl::string_view agency_id) const {
  v1::Presence all;
  all.set_agency_id(std::string(agency_id));
  // Null for a moment, as this broker starts.
  if (const PresenceSource* const own = own_.load(); own != nullptr) all = own->Of(agency_id);
  absl::MutexLock lock(&mu_);
  for (const auto& [id, told] : told_) {
    const auto it = told.presence.find(agency_id);
    if (it != told.presence.end()) Merge(it->second, &all);
  }
  return all;
}

absl::Time PeerPresence::counted_since() const {
  const PresenceSource* const own = own_.load();
  absl::Time since = own == nullptr ? absl::InfinitePast() : own->counted_since();
  absl::MutexLock lock(&mu_);
  for (const auto& [id, told] : told_) since = std::max(since, told.counted_since);
  return since;
}

}  // namespace muster
