// Brings the state and the feed up to the end of the log: at start-up, and to check a log against its snapshots.
//
// Threading: before anything else runs; one thread.
#ifndef MUSTER_SERVER_BROKER_RECOVERY_H_
#define MUSTER_SERVER_BROKER_RECOVERY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/feed_store.h"
#include "server/broker/snapshot_store.h"
#include "server/log/event_log.h"
#include "server/state/state.h"

namespace muster {

// Parses a stored event and checks that it is the one expected.
//
// Errors: DATA_LOSS           not an event, or another's sequence.
//         FAILED_PRECONDITION decided by rules that this build does not have: install a newer musterd.
absl::StatusOr<v1::Event> DecodeEvent(Sequence sequence, absl::string_view bytes);

// The first event of a log, stamped by `clock`.
EncodedEvent GenesisEvent(const v1::Genesis& genesis, const Clock& clock);

struct RecoveryReport {
  Sequence from_snapshot = 0;  // 0: replayed from the beginning.
  uint64_t events_replayed = 0;
  bool feed_rebuilt = false;
  std::vector<std::string> damaged_snapshots;
};

struct Recovered {
  std::unique_ptr<State> state;
  std::unique_ptr<FeedStore> feed;
  RecoveryReport report;
};

// Loads the newest usable snapshot, replays the log after it, and completes the feed in `data_dir`. An empty log first
// gets `genesis` as its first event, stamped by `clock`.
//
// Errors: DATA_LOSS the log is damaged, or ends before what a snapshot or the feed has seen: acknowledged events are
//                   missing.
//         Otherwise those of the log and the stores.
absl::StatusOr<Recovered> Recover(const std::string& data_dir, const SnapshotStore& snapshots,
                                  const v1::Genesis& genesis, const Clock& clock, EventLog* log);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_RECOVERY_H_
