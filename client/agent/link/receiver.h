// The thread that takes the agency's feed in: from the broker into the inbox, never the other way round.
//
// Where it goes on after a break, a restart or an enrolment is the inbox's cursor and nothing else. What is there at
// once is stored in one commit, together with what it says about reads (projections.h). It tells the link how the feed
// stands.
//
// What does not pass by itself: refused (REFUSED; tried again with growing waits, at once when a probe finds that we
// are accepted again); a break in the chain of cursors (logged as an error; tried again from the last good cursor, and
// when the same break has come kSameBreakMax times noted as a gap for ever and passed over); history that the broker no
// longer holds (a gap as well; the whole mirror is read again).
//
// Threading: Start and Stop on one thread.
#ifndef MUSTER_CLIENT_AGENT_LINK_RECEIVER_H_
#define MUSTER_CLIENT_AGENT_LINK_RECEIVER_H_

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/agent/link/link.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/mirror.h"
#include "client/lib/retry.h"
#include "client/lib/subscription.h"
#include "common/clock.h"
#include "common/revision.h"

namespace muster::agent {

class Receiver {
 public:
  static constexpr int kSameBreakMax = 3;
  // Deliveries in one commit.
  static constexpr size_t kBatchMax = 512;

  struct Hooks {
    // Deliveries have been stored. May be empty, like the others.
    std::function<void(absl::Span<const muster::v1::Delivery>)> arrived;
    // What was missed can only be known by reading everything again.
    std::function<void()> missed;
    // The store cannot be trusted any more.
    std::function<void(const absl::Status&)> failed;
  };

  // Not owned; outlive this. `retry` is for what does not pass by itself.
  Receiver(Link* link, Inbox* inbox, Mirror* mirror, const Clock* clock, const RetryPolicy& retry, Hooks hooks);
  ~Receiver();

  void Start();
  void Stop();

 private:
  using Batch = std::vector<muster::v1::Delivery>;

  void Run();
  // Follows the feed over `current` until it ends; why.
  absl::Status Follow(const Link::Current& current);
  absl::Status Drain(Subscription& feed, bool* told_present);
  // Stores the batch, however often it takes while the disk is full. Then the feed does not count as being at the
  // present.
  absl::Status Save(const Batch& batch, bool* told_present);
  absl::Status SaveOnce(const Batch& batch);
  // What to do about the end of a subscription; then waits.
  void Handle(const absl::Status& ended, const Link::Current& current);
  void HandleBreak(const absl::Status& ended, const Link::Current& current);
  absl::Status PassOver(const absl::Status& ended, const Link::Current& current);
  void OnLinkChange();
  // False when it is time to stop.
  bool WaitFor(absl::Duration duration);
  bool Stopping() const;

  Link* const link_;
  Inbox* const inbox_;
  Mirror* const mirror_;
  const Clock* const clock_;
  const Hooks hooks_;

  // The thread's own.
  Backoff backoff_;
  std::string broken_after_;
  std::string gap_until_;
  int same_break_ = 0;

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool wake_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t generation_ ABSL_GUARDED_BY(mu_) = 0;
  Subscription* feed_ ABSL_GUARDED_BY(mu_) = nullptr;

  Revision changed_;  // Bumped after stopping_ or wake_ was set.

  std::thread thread_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_RECEIVER_H_
