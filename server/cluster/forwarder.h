// Sends submissions to the broker that leads, with the certificates that prove who they are of.
//
// In the order in which they came, one call at a time: what waits meanwhile goes with the next, so that numbered
// submissions of one outbox stay in order, and a busy follower sends few large calls. The answers are given when this
// broker has come as far as the leader had: who was told of something finds it here. A submission waits while nobody
// leads, and is sent again when its fate is unknown: its submission_id makes that safe. It is refused (NO_LEADER) when
// `patience` has passed since it came.
//
// Threading: Forward from any thread, never blocks. One thread of its own, "forwarder", from Start to Stop.
#ifndef MUSTER_SERVER_CLUSTER_FORWARDER_H_
#define MUSTER_SERVER_CLUSTER_FORWARDER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/revision.h"
#include "muster/cluster/v1/peer.pb.h"
#include "server/broker/sequencer.h"

namespace muster {

class Forwarder {
 public:
  struct Options {
    size_t queue_max = 8192;
    size_t call_submissions_max = 1024;
    // Of submissions and certificates; one is sent whatever it has.
    size_t call_bytes_max = 1 << 20;
    absl::Duration patience = absl::Seconds(8);
  };
  // Where what waits can go now.
  struct Way {
    // This broker leads: back to its own sequencer.
    bool here = false;
    // The leader's; empty: nobody leads.
    std::string address;
  };
  struct Hooks {
    std::function<Way()> way;
    // One call to the broker at `address`; blocks.
    std::function<absl::StatusOr<cluster::v1::ForwardResponse>(const std::string& address,
                                                               const cluster::v1::ForwardRequest& request)>
        send;
    // Waits, not long, until this broker has applied so many events.
    std::function<void(uint64_t applied_sequence)> await_applied;
    // To this broker's own sequencer.
    std::function<void(std::vector<PendingSubmission>)> submit_here;
  };

  Forwarder(const Options& options, Hooks hooks, const Clock* clock);
  ~Forwarder() { Stop(); }

  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  void Start();
  // Refuses what waits and what comes (NO_LEADER).
  void Stop();

  void Forward(std::vector<PendingSubmission> pending);

  // The way may have changed.
  void LookAgain() { news_.Bump(); }

  uint64_t forwarded() const { return forwarded_; }
  size_t waiting() const;

 private:
  void Run();
  void RefuseLate();
  // What one call takes; or `all`.
  std::vector<PendingSubmission> Take(bool all);
  // Puts back what must be tried again, in its place; false when there is any. What the leader refuses as a call is
  // sent in smaller ones, and what it refuses alone is answered.
  bool SendTo(const std::string& address, std::vector<PendingSubmission> batch);
  void PutBack(std::vector<PendingSubmission> batch);

  const Options options_;
  const Hooks hooks_;
  const Clock* const clock_;
  std::thread thread_;
  Revision news_;
  Revision stopping_;  // Bumped once.

  mutable absl::Mutex queue_mu_;  // A leaf.
  std::deque<PendingSubmission> queue_ ABSL_GUARDED_BY(queue_mu_);
  bool stopped_ ABSL_GUARDED_BY(queue_mu_) = true;
  std::atomic<uint64_t> forwarded_ = 0;
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_FORWARDER_H_
