// The thread that keeps the mirror fresh while there is a broker: every read of kept_reads.h, of every operation that
// this agency sees.
//
// All of them when the link comes up and every kAllEvery; after deliveries those that they may have changed, a moment
// later so that a burst costs one round. A round is followed by a pause of nine times its own length, one second at
// least and a minute at most: on a slow link the mirror takes a tenth of it. Off line nothing is asked, and what is due
// stays due.
//
// Threading: Start and Stop on one thread; Arrived and RefreshAll from any.
#ifndef MUSTER_CLIENT_AGENT_LINK_REFRESHER_H_
#define MUSTER_CLIENT_AGENT_LINK_REFRESHER_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/agent/link/kept_reads.h"
#include "client/agent/link/link.h"
#include "client/agent/link/seen_tracker.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/mirror.h"
#include "common/clock.h"
#include "common/revision.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class Refresher {
 public:
  static constexpr absl::Duration kBurst = absl::Milliseconds(300);
  static constexpr absl::Duration kPauseMin = absl::Seconds(1);
  static constexpr absl::Duration kPauseMax = absl::Minutes(1);
  static constexpr absl::Duration kAllEvery = absl::Minutes(5);
  static constexpr absl::Duration kCallMax = absl::Seconds(30);

  // Not owned; outlive this. `failed` is told when the store cannot be trusted any more.
  Refresher(Link* link, Inbox* inbox, Mirror* mirror, Outbox* outbox, const Clock* clock,
            std::function<void(const absl::Status&)> failed);
  ~Refresher();

  void Start();
  void Stop();

  // Deliveries that have been stored.
  void Arrived(absl::Span<const muster::v1::Delivery> deliveries);
  void RefreshAll();

 private:
  using Cases = std::set<muster::v1::Notice::ContentCase>;
  // What may have changed: by operation ("" for none) what kinds of notices have arrived.
  struct Due {
    bool all = false;
    std::map<std::string, Cases> changes;
    bool empty() const { return !all && changes.empty(); }
  };

  void Run();
  // Waits until something is due and there is a broker to ask. Nothing when it is time to stop.
  bool AwaitDue(Due* due);
  void Restore(const Due& due);
  bool Stopping();
  // Stops at the first read that no broker answers, or that the store cannot keep.
  absl::Status Round(const Due& due);
  absl::Status RefreshAgency(const Link::Current& current, const Cases* changes);
  absl::Status RefreshOperation(const Link::Current& current, const std::string& operation_id, const Cases* changes);
  // Which operations there are; what is kept about those that we no longer take part in goes.
  absl::Status TakeOperations(const std::string& key, const muster::v1::ListOperationsResponse& list);
  absl::Status Refresh(const Link::Current& current, const KeptRead& read, const std::string& operation_id);
  void OnLinkChange();

  Link* const link_;
  Inbox* const inbox_;
  Mirror* const mirror_;
  const Clock* const clock_;
  const std::function<void(const absl::Status&)> failed_;

  // The thread's own.
  SeenTracker seen_;
  std::set<std::string> operations_;

  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool connected_ ABSL_GUARDED_BY(mu_) = false;
  Due due_ ABSL_GUARDED_BY(mu_);
  Revision changed_;  // Bumped after one of them has changed.

  std::thread thread_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_REFRESHER_H_
