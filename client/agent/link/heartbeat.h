// The thread that asks the broker who we are, every 15 seconds and whenever the link changes.
//
// The answer measures the clock (the broker's time against the middle of the round trip) and shows that the link is
// alive; its absence tells why the feed is down, which a stream that is cut in the handshake does not. It also warns in
// the log of a certificate that is about to expire, once a day from 30, 14 and 3 days on, and of a clock that is off.
//
// Threading: Start and Stop on one thread. Beat: that of the thread, or of a test without one.
#ifndef MUSTER_CLIENT_AGENT_LINK_HEARTBEAT_H_
#define MUSTER_CLIENT_AGENT_LINK_HEARTBEAT_H_

#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/agent/link/link.h"
#include "common/clock.h"
#include "common/revision.h"

namespace muster::agent {

class Heartbeat {
 public:
  static constexpr absl::Duration kInterval = absl::Seconds(15);
  // However often the link changes.
  static constexpr absl::Duration kIntervalMin = absl::Seconds(1);
  static constexpr absl::Duration kClockOffWarning = absl::Seconds(5);
  // A round trip that took longer measures nothing.
  static constexpr absl::Duration kRoundTripMax = absl::Seconds(10);

  Heartbeat(Link* link, const Clock* clock);  // Not owned; outlive this.
  ~Heartbeat();

  void Start();
  void Stop();

  // Asks once, or twice when the first answer took long.
  void Beat();

 private:
  static constexpr absl::Duration kNever = -absl::InfiniteDuration();  // Of the monotonic clock.

  void Run();
  bool Stopping();
  absl::StatusOr<ClockOffset> Ask(Connection& connection) const;
  void Take(const ClockOffset& measured);
  void WarnOfClock(const ClockOffset& measured);
  void WarnOfExpiry();

  Link* const link_;
  const Clock* const clock_;

  // The thread's own: what has been warned of.
  absl::Duration clock_warned_at_ = kNever;
  int64_t expiry_warned_days_ = 0;
  absl::Duration expiry_warned_at_ = kNever;

  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool wake_ ABSL_GUARDED_BY(mu_) = false;
  Revision changed_;  // Bumped after one of them was set.

  std::thread thread_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_HEARTBEAT_H_
