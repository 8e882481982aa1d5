#include "server/cluster/leader_reach.h"

#include "common/error_reason.h"
#include "common/logging.h"

namespace muster {
namespace {

// A call or two may fail for any reason.
constexpr absl::Duration kUnreachedFor = absl::Seconds(5);

}  // namespace

bool LeaderReach::Note(const std::string& leader_id, int64_t term, const absl::Status& status) {
  // Who says that it does not lead has been reached.
  const bool reached = status.ok() || RejectedOf(status).reason() == v1::ERROR_REASON_NO_LEADER;
  bool news = false;
  {
    absl::MutexLock lock(&mu_);
    news = term_ != term || why_not_.empty() != reached;
    if (news) since_ = clock_->Monotonic();
    term_ = term;
    why_not_ = reached ? "" : std::string(status.message());
  }
  if (news && !reached) LogWarn("cannot reach the leader", {{"leader", leader_id}, {"why", status.message()}});
  return reached;
}

std::string LeaderReach::TroubleIn(int64_t term) const {
  absl::MutexLock lock(&mu_);
  return term_ == term && clock_->Monotonic() - since_ >= kUnreachedFor ? why_not_ : "";
}

}  // namespace muster
