// The thread that gets the outbox to a broker: each item once, in the order of numbers.
//
// It works in passes. A pass reads what is to be sent from the outbox, keeps up to kInFlightMax of it in flight on one
// stream, and writes what brokers answer into the outbox, one commit for what has arrived. Nothing is remembered from
// one pass to the next but how long to wait: what has no durable answer is sent again under the same id and number,
// which the broker deduplicates.
//
// A pass ends, and its stream with it, when the link breaks or changes, when an answer decides nothing (then the next
// one waits), and when a broker refuses an item for good. That one is due again, as its withdrawal, and before the
// items behind it, which all wait for its number: the next pass begins with it.
//
// Threading: Start and Stop on one thread; SendNow from any.
#ifndef MUSTER_CLIENT_AGENT_LINK_SENDER_H_
#define MUSTER_CLIENT_AGENT_LINK_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/agent/link/link.h"
#include "client/agent/store/outbox.h"
#include "client/lib/retry.h"
#include "client/lib/submit_stream.h"
#include "common/clock.h"

namespace muster::agent {

class Sender {
 public:
  static constexpr size_t kInFlightMax = 512;
  // Small enough for a slow link to show progress before anybody gives up.
  static constexpr size_t kMessageBytesMax = 64 << 10;

  // Not owned; outlive this. `failed` is told when the store cannot be trusted any more.
  Sender(Link* link, Outbox* outbox, const Clock* clock, const RetryPolicy& retry,
         std::function<void(const absl::Status&)> failed);
  ~Sender();

  void Start();
  void Stop();
  // Tries now, whatever it was waiting for.
  void SendNow();

 private:
  class Answers;
  // What a pass has sent.
  struct Sent {
    bool waits_for_clock = false;  // Of the next item.
    uint64_t through = 0;          // The last item.
    absl::flat_hash_set<std::string> withdrawn_ids;
  };
  // How a pass goes on after answers have been taken.
  enum class Verdict { kGoOn, kBeginAnew, kWait };

  void Run();
  // OK: all is sent and answered, or the next pass may begin at once.
  absl::Status Pass(const Link::Current& current);
  // Sends what there is room for, after what has been sent.
  absl::Status Feed(SubmitStream& stream, Sent* sent);
  enum class Leave { kSend, kWait, kReadAgain };
  // kWait: not before the clock has been measured. kReadAgain: the daemon itself refused it; it is a withdrawal now.
  absl::StatusOr<Leave> MaySend(const Outbox::Due& item);
  absl::StatusOr<Verdict> Take(const std::vector<muster::v1::SubmissionAnswer>& answers, const Sent& sent);
  absl::StatusOr<Verdict> Judge(const muster::v1::SubmissionAnswer& answer, const Sent& sent) const;
  // Whether the pass over `current` should end.
  bool Interrupted(const Link::Current& current);
  void OnLinkChange();
  void Pause(absl::Duration duration);
  bool Stopping() const;

  Link* const link_;
  Outbox* const outbox_;
  const Clock* const clock_;
  const std::function<void(const absl::Status&)> failed_;
  Backoff backoff_;  // The thread's own.

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  bool send_now_ ABSL_GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_SENDER_H_
