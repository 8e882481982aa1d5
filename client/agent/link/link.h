// The daemon's way to the brokers: which connection is in use, and how it stands.
//
// The threads that use it (receiver, sender, heartbeat, local reads) tell it what they saw; it makes one state of that.
// Enrolment replaces the connection: users ask for it again when `generation` has moved on.
//
// Threading: thread-safe; mu_ is a leaf.
#ifndef MUSTER_CLIENT_AGENT_LINK_LINK_H_
#define MUSTER_CLIENT_AGENT_LINK_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/lib/connection.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::agent {

// Whether a call ended without an answer: nobody was there, or we stopped waiting.
bool NoBrokerAnswered(const absl::Status& status);

struct ClockOffset {
  absl::Duration offset;       // The broker's clock minus ours.
  absl::Duration uncertainty;  // Half the round trip, and as much as our clock was set during it.
  absl::Time measured_at;
};

class Link {
 public:
  // READY is refused when the clocks differ by more.
  static constexpr absl::Duration kReadyOffsetMax = absl::Seconds(30);
  static constexpr absl::Duration kMeasuredWithin = absl::Seconds(15);

  explicit Link(const Clock* clock);  // Not owned; outlives this.

  // `listener` is told after every change of the connection or of its state, on the thread that made it, without locks.
  // It must not block, and is told as long as this lives. To be called before other threads use this.
  void OnChange(std::function<void()> listener);

  struct Current {
    std::shared_ptr<Connection> connection;  // Null before enrolment.
    uint64_t generation = 0;
  };
  Current current() const;
  // A new identity: everything goes over `connection` from now on. `not_after` is its certificate's.
  void Use(std::shared_ptr<Connection> connection, std::string agency_id, std::string post, absl::Time not_after);

  // What users saw.
  void FeedCaughtUp();  // CONNECTED.
  // OFF_LINE, or REFUSED for what a certificate or standing is refused for. What a feed says of a connection that is
  // cut in the handshake does not tell: so REFUSED stays until a probe says otherwise.
  void FeedBroke(const absl::Status& why);
  // What a call said that was made to learn why the feed is down: REFUSED, OFF_LINE, or accepted again and CONNECTING.
  // Nothing changes while connected.
  void Probed(const absl::Status& status);
  void Answered();    // A broker answered something just now.
  void Unanswered();  // A call had no answer in its time, though connected.
  void Measured(const ClockOffset& offset);

  bool connected() const;
  // Connected, and the last call that needed an answer had one: whether a read is worth the wait.
  bool responsive() const;
  v1::LinkStatus status() const;
  std::string agency_id() const;
  std::string post() const;
  absl::Time certificate_not_after() const;
  // Infinitely long ago before the first measurement.
  ClockOffset clock_offset() const;
  v1::ClockStatus clock_status() const;
  // Refuses READY (CLOCK_OFF) when a measurement of this connection says so; OK when there is none: what was measured
  // before a break may have been mended, or have become wrong.
  absl::Status CheckClockForReady() const;
  // Whether there is one, or there should have been one long ago (kMeasuredWithin) and there is not.
  bool clock_checked() const;

 private:
  // Moves to `state` for `trouble`; whether that changed anything.
  bool MoveTo(v1::LinkState state, absl::string_view trouble) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void NoteContact() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell() const;

  const Clock* const clock_;
  std::vector<std::function<void()>> listeners_;
  mutable absl::Mutex mu_;
  Current current_ ABSL_GUARDED_BY(mu_);
  std::string agency_id_ ABSL_GUARDED_BY(mu_);
  std::string post_ ABSL_GUARDED_BY(mu_);
  absl::Time not_after_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
  v1::LinkStatus status_ ABSL_GUARDED_BY(mu_);
  bool unanswered_ ABSL_GUARDED_BY(mu_) = false;
  bool measured_since_break_ ABSL_GUARDED_BY(mu_) = false;
  Deadline measured_by_ ABSL_GUARDED_BY(mu_);  // From the last change of the state on.
  bool was_connected_ ABSL_GUARDED_BY(mu_) = false;
  ClockOffset offset_ ABSL_GUARDED_BY(mu_) = {absl::ZeroDuration(), absl::ZeroDuration(), absl::InfinitePast()};
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_LINK_H_
