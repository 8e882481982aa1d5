// Everything the daemon keeps: one SQLite database, sealed, with one connection that does all reads and writes.
//
//   outbox    what this command post sends, numbered without gaps, with what became of it
//   inbox     every delivery of the agency's feed, in order; the last one's cursor says where to go on
//   mirror    the latest answers to reads, for when no broker can be reached
//   identity  certificate, key, authorities and brokers, replaced as one
//
// Durability: every method that changes something returns after its commit has been synced (synchronous=FULL). A failed
// commit is never tried again: the store refuses every further change until it is opened anew, and the daemon ends
// itself (failed()). All values but row numbers, states, times, ids and cursors are sealed (sealer.h).
//
// Threading: thread-safe. One mutex is held for each statement and commit; it is a leaf.
#ifndef MUSTER_CLIENT_AGENT_STORE_STORE_H_
#define MUSTER_CLIENT_AGENT_STORE_STORE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/agent/store/unlock_key.h"
#include "muster/agent/v1/agent.pb.h"

namespace muster::agent {

class Inbox;
class Mirror;
class Outbox;

class Store {
 public:
  struct Options {
    std::string state_dir;   // Created with mode 0700, durably, if missing. Locked: one process at a time.
    std::string sqlite_vfs;  // Tests inject faults here; empty: the system's.
  };

  // Opens or creates `state_dir`/agent.db and unlocks it.
  //
  // Errors: PERMISSION_DENIED  the key does not open this store.
  //         FAILED_PRECONDITION  `state_dir` cannot be made or used, or a newer muster-agent wrote it.
  //         UNAVAILABLE        another process has it open.
  //         DATA_LOSS          the database is damaged; the message says what to do.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const Options& options, const UnlockKey& key);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  Outbox& outbox();
  Inbox& inbox();
  Mirror& mirror();

  // Nothing before the first SetIdentity.
  absl::StatusOr<std::optional<v1::EnrollmentBundle>> identity() const;
  // The agency that the outbox belongs to; empty before the first SetIdentity.
  std::string agency_id() const;
  // Replaces all of it in one commit. FAILED_PRECONDITION when `agency_id` is not the one the outbox belongs to.
  absl::Status SetIdentity(const v1::EnrollmentBundle& bundle, const std::string& agency_id);

  // From now on `key` opens the store, and no other does.
  // The files hold nothing any more that the old one opens; copies of them made before do.
  absl::Status ChangeUnlockKey(const UnlockKey& key);

  // Removes deliveries (but the last, and what the hook has not seen: Inbox::SetHookRow) and settled items (but the
  // last) older than `before`, and copies the write-ahead log into the database.
  absl::Status Maintain(absl::Time before);

  // `PRAGMA quick_check`, and that every row opens: OK, or DATA_LOSS naming the first that does not.
  absl::Status Verify() const;

  // Why nothing can be changed any more: the commit whose fate is unknown. OK while all is well.
  absl::Status failed() const;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_STORE_H_
