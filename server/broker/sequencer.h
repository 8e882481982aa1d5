// The one writer: puts submissions in order, makes them durable, decides them, tells the readers, answers.
//
// Time enters the log the same way: when something falls due and no submission comes that would let it happen, an event
// without one is appended.
//
// Batching is natural: a commit takes what is waiting, up to the limits; a lone submission is never delayed by a timer.
//
// Threading: Submit from any thread, never blocks. One thread of its own, "sequencer", from Start to Stop.
#ifndef MUSTER_SERVER_BROKER_SEQUENCER_H_
#define MUSTER_SERVER_BROKER_SEQUENCER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/publisher.h"
#include "server/log/event_log.h"
#include "server/state/state.h"

namespace muster {

// A submission that has been authenticated, authorized and validated, on its way to the log.
struct PendingSubmission {
  v1::Principal principal;
  v1::Submission submission;
  // Called exactly once, without locks, by the sequencer thread or by Submit itself. With the outcome, durable,
  // accepted or rejected; or with an error, which means that the submission is not on the record (RESOURCE_EXHAUSTED,
  // or UNAVAILABLE with DRAINING) or may be (UNAVAILABLE with FATE_UNKNOWN). Retrying with the same submission_id is
  // safe always. Must not block.
  std::function<void(absl::StatusOr<v1::Outcome>)> done;
};

struct SequencerStats {
  uint64_t events = 0;
  uint64_t commits = 0;
  uint64_t repeats = 0;   // Answered from memory, not logged.
  uint64_t rejected = 0;  // Logged and rejected by the rules.
  size_t queued = 0;
};

class Sequencer {
 public:
  struct Options {
    size_t queue_max = 8192;
    size_t batch_events_max = 512;
  };
  // What the sequencer tells its owner. Called by the sequencer thread, without locks.
  struct Hooks {
    // A certificate was revoked or a standing changed; the state shows it.
    std::function<void()> access_changed;
    // After each commit.
    std::function<void()> committed;
    // Nothing is waiting.
    std::function<void()> idle;
    // The log's or the feed's fate is unknown: nothing more is accepted; the process must end and recover by replay.
    std::function<void(const absl::Status&)> failed;
  };

  // All pointers borrowed; they outlive this. `state` is guarded by `*state_mu`; only the sequencer thread changes it.
  Sequencer(const Options& options, Hooks hooks, EventLog* log, State* state, absl::Mutex* state_mu,
            Publisher* publisher, const Clock* clock);
  ~Sequencer();

  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  void Start();
  // Refuses what comes from now on (DRAINING), finishes what is queued, ends the thread.
  void Stop();

  void Submit(PendingSubmission pending);
  // The same for many at once, in order.
  void SubmitAll(std::vector<PendingSubmission> pending);

  SequencerStats Stats() const;

 private:
  // One commit: what waits for an answer, beside the event that it became.
  struct Batch {
    std::vector<PendingSubmission> pending;
    std::vector<v1::Event> events;
    std::vector<EncodedEvent> encoded;
  };

  void Run();
  bool WaitForWork();
  std::vector<PendingSubmission> TakeQueued();
  void CommitBatch(std::vector<PendingSubmission> submissions);
  Batch Sequence(std::vector<PendingSubmission> submissions);
  // Gives `event` its place at the end of `batch`.
  void Stamp(v1::Event event, absl::Time accepted_at, Batch* batch) const;
  std::vector<Applied> ApplyAll(const std::vector<v1::Event>& events);
  void Acknowledge(Batch batch, std::vector<Applied> applied);
  void FailBatch(Batch batch, const absl::Status& why);
  void StopAccepting(const absl::Status& why);

  const Options options_;
  const Hooks hooks_;
  EventLog* const log_;
  State* const state_;
  absl::Mutex* const state_mu_;
  Publisher* const publisher_;
  const Clock* const clock_;
  std::thread thread_;

  // The sequencer thread's: what fell due could not be stored just now.
  bool timers_refused_ = false;

  mutable absl::Mutex queue_mu_;  // Before *state_mu_ and the publisher's.
  std::deque<PendingSubmission> queue_ ABSL_GUARDED_BY(queue_mu_);
  // Why nothing is accepted, once it is not.
  absl::Status refusal_ ABSL_GUARDED_BY(queue_mu_);

  std::atomic<uint64_t> events_ = 0;
  std::atomic<uint64_t> commits_ = 0;
  std::atomic<uint64_t> repeats_ = 0;
  std::atomic<uint64_t> rejected_ = 0;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_SEQUENCER_H_
