#include "server/cluster/housekeeping.h"

#include <algorithm>
#include <vector>

#include "common/deadline.h"
#include "common/logging.h"

namespace muster {
namespace {

constexpr absl::Duration kAskWithin = absl::Seconds(1);
constexpr absl::Duration kTrimFor = absl::Seconds(3);
constexpr absl::Duration kRecoverWithin = absl::Seconds(30);

}  // namespace

void Housekeeping::Note(const ClusterView& view) {
  absl::MutexLock lock(&mu_);
  for (const auto& [id, member] : view.members) {
    const absl::Time at = FromProto(member.at());
    const auto [it, added] = heard_.try_emplace(id, Heard{at, clock_->Monotonic()});
    if (!added && it->second.at != at) it->second = {at, clock_->Monotonic()};
  }
}

Sequence Housekeeping::MirroredByAll(const ClusterView& view, bool full) const {
  absl::MutexLock lock(&mu_);
  Sequence least = log_->last_sequence();
  for (const auto& [id, member] : view.members) {
    const auto heard = heard_.find(id);
    // Writes cannot wait for one that is away: it can take a copy of another's files.
    const bool waived = full && !view.alive.contains(id);
    const bool forgotten = !view.alive.contains(id) && heard != heard_.end() &&
                           clock_->Monotonic() - heard->second.since > options_.member_forgotten_after;
    if (!forgotten && !waived) least = std::min(least, member.mirrored_sequence());
  }
  return least;
}

bool Housekeeping::IsEtcdFull() const {
  const absl::StatusOr<std::vector<etcdserverpb::AlarmMember>> alarms = client_->Alarms(kAskWithin);
  return alarms.ok() && std::any_of(alarms->begin(), alarms->end(),
                                    [](const auto& alarm) { return alarm.alarm() == etcdserverpb::NOSPACE; });
}

void Housekeeping::Tidy(const ClusterView& view, Sequence snapshot) {
  const bool full = IsEtcdFull();
  const Sequence last = log_->last_sequence();
  const Sequence kept = full ? 0 : std::min<Sequence>(last, options_.etcd_events_kept);
  Sequence through = std::min(MirroredByAll(view, full), last - kept);
  if (!full) through = std::min(through, snapshot);
  Trim(through);
  if (!full) return;
  LogError("etcd is out of space and takes nothing; what all brokers have is deleted there",
           {{"through", through}, {"next", "give etcd a larger quota if this comes again"}});
  RecoverSpace();
}

void Housekeeping::TidyWithoutLeader() {
  if (!IsEtcdFull()) return;
  LogError("etcd is out of space, and nobody leads: only what was written over can go");
  etcdserverpb::RangeRequest look;
  look.set_key("/");
  const absl::StatusOr<etcdserverpb::RangeResponse> seen = client_->Range(look, kAskWithin);
  if (seen.ok()) client_->Compact(seen->header().revision(), kRecoverWithin).IgnoreError();
  RecoverSpace();
}

void Housekeeping::RecoverSpace() {
  const absl::Status recovered = client_->RecoverSpace(kRecoverWithin);
  if (recovered.ok()) {
    LogInfo("etcd has space again");
  } else {
    LogError("etcd is still out of space", {{"why", recovered.message()}});
  }
}

// Piece by piece, until nothing more may go or it has taken long enough: the rest goes next time. Once in any case, as
// that has etcd forget what was written over.
void Housekeeping::Trim(Sequence through) {
  const Deadline deadline(kTrimFor, *clock_);
  Sequence before = 0;
  do {
    if (const absl::Status trimmed = log_->Trim(through); !trimmed.ok()) {
      LogWarn("etcd could not be trimmed", {{"why", trimmed.message()}});
      return;
    }
    const absl::StatusOr<Sequence> first = log_->FirstHeld();
    if (!first.ok() || *first > through || *first == before) return;
    before = *first;
  } while (!deadline.passed());
}

}  // namespace muster
