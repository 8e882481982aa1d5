// Snapshots of the state beside the log, so that a restart replays only what came after.
//
// One file a snapshot, `snapshot-<sequence, 20 digits>`: a line of magic, the SHA-256 of the rest, which rows of
// operations.db belong to it (operation_store.h), and the encoded StateImage without its operations. The rows are
// durable first; the file is then written whole under another name, synced, renamed, and the folder synced: a snapshot
// is either all there or not. A damaged one is passed over; the log has everything.
//
// Threading: one thread at a time; what Snapshot::load does, from any thread.
#ifndef MUSTER_SERVER_BROKER_SNAPSHOT_STORE_H_
#define MUSTER_SERVER_BROKER_SNAPSHOT_STORE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"
#include "server/broker/operation_store.h"
#include "server/log/event_log.h"
#include "server/state/state.h"

namespace muster {

class SnapshotStore {
 public:
  // `dir` exists. Keeps the newest `keep` snapshots, at least one.
  SnapshotStore(std::string dir, uint32_t keep);

  // Writes a snapshot of the whole state and removes those it makes superfluous.
  absl::Status Save(storage::v1::StateImage image) { return SaveChanges(std::move(image), 0); }

  // The same of what has changed, as State::TakeChanges gives it, since the snapshot of `base`, the last that was saved
  // or the one that was loaded. 0: there was none. What failed to be saved is saved with the next. `encoded`: what is
  // remembered of submissions and outboxes, as fields of an encoded StateImage that are not in `image`.
  absl::Status SaveChanges(storage::v1::StateImage image, Sequence base, absl::string_view encoded = "");

  struct Snapshot {
    storage::v1::StateImage image;  // Its operations lack their bodies.
    // Thread-safe. Ends the process, with a message, when the body that is asked for cannot be read: nothing can be
    // answered without it. When it is damaged, operations.db is deleted first, and the next start replays the log.
    State::LoadOperation load;
  };
  // The newest snapshot whose file and heads are undamaged; nothing when there is none. The path of every damaged one
  // is added to `damaged`.
  absl::StatusOr<std::optional<Snapshot>> LoadNewest(std::vector<std::string>* damaged) const;

  // The sequences of all snapshots, ascending. NOT_FOUND: there is no such folder.
  absl::StatusOr<std::vector<Sequence>> List() const;

  // The whole state. Errors: NOT_FOUND, DATA_LOSS.
  absl::StatusOr<storage::v1::StateImage> Load(Sequence sequence) const;

  // Copies a snapshot into another folder, as it is. Errors: NOT_FOUND, DATA_LOSS.
  absl::Status CopyTo(const std::string& dir, Sequence sequence) const;

 private:
  using Images = OperationStore::Images;
  // The file of a snapshot, undamaged.
  struct Root {
    std::string content;
    OperationStore::Range operations;
    size_t image_at = 0;  // In the content.
  };
  // What it says, with the heads of its operations, and where their bodies are.
  struct Opened {
    Root root;
    storage::v1::StateImage image;
    std::unique_ptr<OperationStore> store;
  };

  void AddUnsaved(storage::v1::StateImage* image);
  absl::Status SaveParts(const storage::v1::StateImage& rest, absl::string_view encoded, Images* operations,
                         Sequence base) const;
  absl::Status WriteRoot(Sequence sequence, absl::string_view content) const;
  absl::Status RemoveNewerThan(Sequence base) const;
  absl::Status RemoveOld() const;
  absl::StatusOr<Root> ReadRoot(Sequence sequence) const;
  absl::StatusOr<Opened> OpenSnapshot(Sequence sequence) const;
  absl::Status Damaged(Sequence sequence, const absl::Status& why) const;
  std::string PathOf(Sequence sequence) const;

  const std::string dir_;
  const uint32_t keep_;
  // Operations of snapshots that failed, by id.
  absl::btree_map<std::string, storage::v1::OperationImage> unsaved_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_SNAPSHOT_STORE_H_
