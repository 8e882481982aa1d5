// Snapshots of the state beside the log, so that a restart replays only what came after.
//
// One file a snapshot, `snapshot-<sequence, 20 digits>`: a line of magic, the SHA-256 of the rest, and the StateImage's
// deterministic encoding. Written whole under another name, synced, renamed, and the folder synced: a snapshot is
// either all there or not. A damaged one is passed over; the log has everything.
//
// Threading: one thread at a time.
#ifndef MUSTER_SERVER_BROKER_SNAPSHOT_STORE_H_
#define MUSTER_SERVER_BROKER_SNAPSHOT_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/storage/v1/storage.pb.h"
#include "server/log/event_log.h"

namespace muster {

class SnapshotStore {
 public:
  // `dir` exists. Keeps the newest `keep` snapshots, at least one.
  SnapshotStore(std::string dir, uint32_t keep);

  // Writes a snapshot and removes those it makes superfluous.
  absl::Status Save(const storage::v1::StateImage& image);

  // The newest undamaged snapshot; nothing when there is none. The path of every damaged one is added to `damaged`.
  absl::StatusOr<std::optional<storage::v1::StateImage>> LoadNewest(std::vector<std::string>* damaged) const;

  // The sequences of all snapshots, ascending. NOT_FOUND: there is no such folder.
  absl::StatusOr<std::vector<Sequence>> List() const;

  // Errors: NOT_FOUND, DATA_LOSS.
  absl::StatusOr<storage::v1::StateImage> Load(Sequence sequence) const;

 private:
  std::string PathOf(Sequence sequence) const;

  const std::string dir_;
  const uint32_t keep_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_SNAPSHOT_STORE_H_
