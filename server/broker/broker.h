// The broker without its network: the log, the state, the feed, and the threads that move submissions through them.
//
// Threading: thread-safe. Open, Start and Stop from one thread.
#ifndef MUSTER_SERVER_BROKER_BROKER_H_
#define MUSTER_SERVER_BROKER_BROKER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "server/broker/publisher.h"
#include "server/broker/recovery.h"
#include "server/broker/sequencer.h"
#include "server/broker/snapshot_store.h"
#include "server/log/event_log.h"
#include "server/state/state.h"

namespace muster {

struct BrokerStats {
  SequencerStats sequencer;
  PublisherStats publisher;
  Sequence last_sequence = 0;
  Sequence last_snapshot = 0;
  bool snapshot_running = false;  // It is being written.
  uint64_t snapshot_failures = 0;
  absl::Duration snapshot_pause;  // Of the thread that applies, for the last snapshot: syncing the feed included.
  bool failed = false;
};

class Broker {
 public:
  struct Options {
    std::string data_dir;
    v1::Genesis genesis;  // For an empty log.
    Sequencer::Options sequencer;
    Publisher::Options publisher;
    uint64_t snapshot_every_events = 20000;
    uint32_t snapshots_kept = 2;
    uint64_t history_notices_max = 0;  // 0: keep all.
  };
  // Called without locks, by the thread that applies.
  struct Hooks {
    std::function<void()> access_changed;
    std::function<void(const absl::Status&)> failed;
    // Of a cluster: as Sequencer::Hooks. Both or none.
    std::function<void(const absl::Status&)> deposed = nullptr;
    std::function<void(std::vector<PendingSubmission>)> hand_over = nullptr;
  };

  // Recovers what `log` and `options.data_dir` hold. See Recover for the errors.
  static absl::StatusOr<std::unique_ptr<Broker>> Open(Options options, std::unique_ptr<EventLog> log,
                                                      const Clock* clock);
  ~Broker();

  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Begins to lead, and to serve readers; with Hooks::hand_over, to follow.
  void Start(Hooks hooks);

  // ---- In a cluster: one thread calls these ----

  // While it follows: applies and publishes what the log has beyond the state. An error is one that only a new start
  // mends.
  absl::Status Follow();
  // From following to leading. The state must be at the end of the log.
  void Lead(uint32_t rules_version);
  // From leading to following; what is queued is committed or handed over. Nothing when it follows.
  void StopLeading();
  bool leads() const { return leads_; }
  // In a cluster, and not leading: its state may be a moment behind.
  bool follows() const { return hooks_.hand_over && !leads_; }
  void SetRulesVersion(uint32_t version) { sequencer_->SetRulesVersion(version); }
  // Bumped whenever events were applied and published.
  const Revision& progress() const { return applier_->progress(); }

  // Refuses new submissions and answers the queued ones. Reads go on.
  void StopAccepting();
  // StopAccepting, ends the subscribers, and writes a snapshot. No caller may be left.
  void Stop();

  // See PendingSubmission for what is owed before and after.
  void Submit(PendingSubmission pending) { sequencer_->Submit(std::move(pending)); }
  void SubmitAll(std::vector<PendingSubmission> pending) { sequencer_->SubmitAll(std::move(pending)); }

  // Runs `read` with the state held still. It must be short and must not block.
  template <typename Read>
  auto WithState(Read&& read) const {
    absl::ReaderMutexLock lock(&state_mu_);
    return std::forward<Read>(read)(*state_);
  }

  // `after`: an agency's own cursor (empty: from the beginning), or nothing for "from now on". Errors in the cursor
  // itself come back at once, the others from the subscriber.
  absl::StatusOr<std::shared_ptr<Subscriber>> Subscribe(absl::string_view agency_id,
                                                        std::optional<absl::string_view> after, Subscriber::Wake wake);

  // Where the agency's published feed stands.
  std::string FeedCursor(absl::string_view agency_id) const;

  const std::string& log_id() const { return log_id_; }
  const RecoveryReport& recovery() const { return recovery_; }
  const std::string& data_dir() const { return options_.data_dir; }
  BrokerStats Stats() const;

 private:
  Broker(Options options, std::unique_ptr<EventLog> log, const Clock* clock);

  // On the thread that applies, between commits.
  void OnIdle();
  // As many as hold four times what the last snapshot wrote: so snapshots cost a part of what the log costs, however
  // much state there is, until a restart would take too long.
  uint64_t EventsBetweenSnapshots() const;
  void TakeSnapshotIfDue(uint64_t after_events);
  void OnFailed(const absl::Status& why);

  const Options options_;
  const Clock* const clock_;
  const std::unique_ptr<EventLog> log_;
  std::unique_ptr<FeedStore> feed_;  // Of the thread that applies.
  RecoveryReport recovery_;
  std::string log_id_;
  Hooks hooks_;

  mutable absl::Mutex state_mu_;  // After the sequencer's queue_mu_, before the publisher's.
  // Guarded by state_mu_, except that the thread that applies, the only one that changes it, also reads it without.
  std::unique_ptr<State> state_;

  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<Applier> applier_;
  std::unique_ptr<Sequencer> sequencer_;
  std::atomic<bool> leads_ = false;

  // Writing a snapshot takes longer than a commit may wait: a thread does it, one at a time.
  std::unique_ptr<SnapshotStore> snapshots_;
  std::thread snapshot_thread_;
  std::atomic<bool> snapshot_running_ = false;
  std::atomic<Sequence> last_snapshot_ = 0;   // When one was begun, or put off.
  std::atomic<Sequence> saved_snapshot_ = 0;  // The last that is on disk; the next is made upon it.
  std::atomic<uint64_t> last_snapshot_bytes_ = 0;
  std::atomic<uint64_t> snapshot_failures_ = 0;
  std::atomic<int64_t> snapshot_pause_ns_ = 0;
  std::atomic<bool> failed_ = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_BROKER_H_
