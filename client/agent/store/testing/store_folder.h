// A daemon's store in a folder of its own, and what goes into it, for tests.
#ifndef MUSTER_CLIENT_AGENT_STORE_TESTING_STORE_FOLDER_H_
#define MUSTER_CLIENT_AGENT_STORE_TESTING_STORE_FOLDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/mirror.h"
#include "client/agent/store/outbox.h"
#include "client/agent/store/store.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// A temporary folder, removed with everything in it.
class StoreFolder {
 public:
  StoreFolder();
  ~StoreFolder();
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;

  // A key file's key: 32 times `fill`.
  static UnlockKey Key(char fill = 'k');

  const std::string& root() const { return root_; }
  // root() + "/state", which Open makes.
  std::string state_dir() const { return root_ + "/state"; }
  std::string database() const { return state_dir() + "/agent.db"; }

  absl::StatusOr<std::unique_ptr<Store>> TryOpen(const UnlockKey& key = Key(),
                                                 const std::string& sqlite_vfs = "") const;
  // Stops the test program when it does not open.
  std::unique_ptr<Store> Open() const;

  // Runs `sql` in the database of a closed store, as somebody who has the disk could.
  void Tamper(const std::string& sql) const;

  // Every file in state_dir(), as it is now: name and content.
  std::vector<std::pair<std::string, std::string>> Files() const;

 private:
  std::string root_;
};

// 2026-03-04 05:06:07 UTC, and `seconds` later.
absl::Time TestTime(int64_t seconds = 0);

// A valid submission of about the size of `text` with a new id: a hold in `operation_id`.
muster::v1::Submission NewSubmission(const std::string& text = "smoke", const std::string& operation_id = "op-1",
                                     absl::Time made_at = TestTime());

v1::OutboxItemName ByNumber(uint64_t number);
v1::OutboxItemName ById(const std::string& submission_id);

// What brokers answer.
muster::v1::SubmissionAnswer Accepted(const std::string& submission_id);
// Decided, on the record.
muster::v1::SubmissionAnswer Rejected(const std::string& submission_id, muster::v1::ErrorReason reason);
// A rejected outcome that is about the number, and not on the record.
muster::v1::SubmissionAnswer Objected(const std::string& submission_id, muster::v1::ErrorReason reason);
// Before the log.
muster::v1::SubmissionAnswer Refused(const std::string& submission_id, muster::v1::ErrorReason reason);

// The `position`-th delivery of a feed, counted from 1, about `operation_id`.
muster::v1::Delivery NewDelivery(int position, const std::string& operation_id = "op-1",
                                 const std::string& text = "smoke");
std::string CursorAt(int position);
// Deliveries `first` to `last`.
std::vector<muster::v1::Delivery> NewDeliveries(int first, int last, const std::string& operation_id = "op-1");

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_TESTING_STORE_FOLDER_H_
