// The one writer: puts submissions in order, makes them durable, decides them, tells the readers, answers.
//
// Time enters the log the same way: when something falls due and no submission comes that would let it happen, an event
// without one is appended.
//
// Batching is natural: a commit takes what is waiting, up to the limits; a lone submission is never delayed by a timer.
//
// In a cluster it runs while this broker leads, once each time. What it cannot commit because another broker leads, or
// because it could not learn what became of it, is handed over (Hooks::hand_over) to be sent to whoever leads: under
// its own submission_id, so that it is decided once.
//
// Threading: Submit from any thread, never blocks. One thread of its own, "sequencer", from Start to Stop.
#ifndef MUSTER_SERVER_BROKER_SEQUENCER_H_
#define MUSTER_SERVER_BROKER_SEQUENCER_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "google/protobuf/arena.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/applier.h"
#include "server/broker/pending_submission.h"
#include "server/log/event_log.h"
#include "server/state/state.h"

namespace muster {

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
    // After each commit.
    std::function<void()> committed;
    // Nothing is waiting.
    std::function<void()> idle;
    // The log's or the feed's fate is unknown: nothing more is accepted; the process must end and recover by replay.
    std::function<void(const absl::Status&)> failed;
    // In a cluster, both: the log took nothing, or nobody knows whether it did, so that nothing more is accepted until
    // the next Start; and what takes over what this broker cannot commit, called by any thread.
    std::function<void(const absl::Status&)> deposed;
    std::function<void(std::vector<PendingSubmission>)> hand_over;
  };

  // All pointers borrowed; they outlive this. Nothing is accepted before Start.
  Sequencer(const Options& options, Hooks hooks, EventLog* log, Applier* applier, const Clock* clock);
  ~Sequencer();

  Sequencer(const Sequencer&) = delete;
  Sequencer& operator=(const Sequencer&) = delete;

  // After Stop it may be started again.
  void Start();
  // Refuses what comes from now on (DRAINING) or hands it over, finishes what is queued, ends the thread.
  void Stop();

  // The decision rules that new events get, from the next commit on. kRulesVersion until it is called.
  void SetRulesVersion(uint32_t version) { rules_version_ = version; }

  void Submit(PendingSubmission pending);
  // The same for many at once, in order.
  void SubmitAll(std::vector<PendingSubmission> pending);

  SequencerStats Stats() const;

 private:
  // One commit: what waits for an answer, beside the event that it became.
  struct Batch {
    std::vector<PendingSubmission> pending;
    // On the arenas of what is pending.
    std::vector<const v1::Event*> events;
    std::vector<EncodedEvent> encoded;
  };

  void Run();
  bool WaitForWork();
  std::vector<PendingSubmission> TakeQueued();
  void CommitBatch(std::vector<PendingSubmission> submissions);
  Batch Sequence(std::vector<PendingSubmission> submissions);
  // Time passes, and nobody sends anything.
  static PendingSubmission TimersDue();
  // Gives what becomes `event` its place at the end of `batch`.
  void Stamp(PendingSubmission pending, v1::Event* event, absl::Time accepted_at, Batch* batch) const;
  void Acknowledge(Batch batch, std::vector<Applied> applied);
  void FailBatch(Batch batch, const absl::Status& why);
  // Answers with `refusal`, or hands over.
  void TurnAway(std::vector<PendingSubmission> pending, const absl::Status& refusal);
  // Returns what was queued.
  std::vector<PendingSubmission> StopAccepting(const absl::Status& why,
                                               const std::function<void(const absl::Status&)>& tell);

  const Options options_;
  const Hooks hooks_;
  EventLog* const log_;
  Applier* const applier_;
  const Clock* const clock_;
  std::thread thread_;
  std::atomic<uint32_t> rules_version_ = kRulesVersion;

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
