// What this command post sends: each submission once, in order, whatever happens in between.
//
// An item is SAVED_HERE until a broker's decision is durable here. Its number never changes and is never given to
// another. What a broker refuses before the log, and what a person drops, leaves a number that must still be used up,
// and perhaps an attempt that got through: so a withdrawal is sent under the same id and number, and its outcome says
// what is true (v1::WithdrawSubmission). Only then does the state change.
//
// Brokers know an item by an outbox and a number in it (muster::v1::OutboxNumber). That number is the item's own until
// a renumbering: when a broker says that it decided another submission under it (OUTBOX_NUMBER_TAKEN), this outbox has
// been restored from an old copy, and every undecided item from there on, all saved since, is sent in a new outbox,
// numbered from 1 in the same order. What is confirmed in the old one ends before them, so that an attempt in it that
// did get through is still known by its id. The same is done when a broker waits for numbers that will never come:
// one that was itself restored from an old copy, or that has not seen the number of an item settled by a late answer.
// What this cannot do: a copy made between a restoration and the renumbering that follows it, and restored in its turn,
// holds items under numbers that were taken; they are sent again though they got through after that renumbering.
//
// Threading: thread-safe. Errors of the storage: RESOURCE_EXHAUSTED nothing was written; UNKNOWN see store.h.
#ifndef MUSTER_CLIENT_AGENT_STORE_OUTBOX_H_
#define MUSTER_CLIENT_AGENT_STORE_OUTBOX_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/revision.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class Database;
class Session;

class Outbox {
 public:
  explicit Outbox(Database* db);  // Not owned; outlives this.

  // Makes `submission` durable under the next number and returns its item. `submission` is valid and has a
  // submission_id; an outbox_number of the caller's is replaced. A repeat (same id, same body) returns the item as it
  // stands, whatever its state.
  //
  // Errors: ALREADY_EXISTS (SUBMISSION_ID_REUSED)     the id stands for another body here;
  //         FAILED_PRECONDITION (SUBMISSION_TOO_OLD)  it is not known here, and was not made after all that Maintain
  //                                                   has removed: whether it was sent then cannot be told any more.
  absl::StatusOr<v1::OutboxItem> Save(muster::v1::Submission submission, absl::Time now);

  // An item to send. After a Renumber the outbox_number that brokers know it by is not the item's own.
  struct Due {
    uint64_t number = 0;
    muster::v1::Submission submission;
  };
  // What to send, in the order of items, after item `after_number`: undecided submissions, with outbox_number set, or
  // their withdrawals. At most `count_max`, and about 1 MiB. Held items (see Take) are left out.
  absl::StatusOr<std::vector<Due>> ToSend(uint64_t after_number, size_t count_max) const;

  // Records what brokers answered, in one commit. An answer about an item that is settled, or unknown, changes nothing;
  // so does one that decides nothing (a full queue, a suspended agency: see Judge in verdict.h).
  //   accepted, rejected       -> ACCEPTED, REJECTED; WITHDRAWN -> REJECTED or DROPPED, by whose wish it was
  //   refused for good         -> the refusal is noted, and a withdrawal is due
  //   OUTBOX_NUMBER_TAKEN      -> what is undecided from that item on is numbered anew, in a new outbox
  //   OUTBOX_GAP               -> nothing; but the same, when it is said twice, with nothing changed in between, of an
  //                               item before which nothing is to be sent
  //   SUBMISSION_TOO_OLD       -> of an item saved since the store was opened: as OUTBOX_NUMBER_TAKEN. Otherwise held,
  //                               with that as its refusal: the broker has forgotten what it decided (an outbox
  //                               restored from an old copy). A person looks, and retries or drops it
  absl::Status Take(absl::Span<const muster::v1::SubmissionAnswer> answers, absl::Time now);

  // The daemon itself refuses an item that it had saved (READY with a wrong clock): as refused for good.
  absl::Status Refuse(uint64_t number, const muster::v1::Rejected& why, absl::Time now);

  // See AgentService. NOT_FOUND for a name that is none; FAILED_PRECONDITION as there; INVALID_ARGUMENT for a reason
  // that brokers would not take. A held item, about which no broker can say more, is dropped at once, and retried by
  // dropping it and saving its body anew. Retrying twice makes one new item.
  absl::StatusOr<v1::OutboxItem> Drop(const v1::OutboxItemName& name, const std::string& reason, absl::Time now);
  absl::StatusOr<v1::OutboxItem> Retry(const v1::OutboxItemName& name, absl::Time now);

  // With its submission.
  absl::StatusOr<v1::OutboxItem> Get(const v1::OutboxItemName& name) const;
  // Items with one of `states` (none: all) and a number greater than `after_number`, without their submissions.
  absl::StatusOr<std::vector<v1::OutboxItem>> List(absl::Span<const v1::DeliveryState> states, uint64_t after_number,
                                                   size_t count_max) const;
  absl::StatusOr<v1::OutboxStatus> Counts() const;

  // Who has acknowledged an accepted plan or GO; kept with the item.
  absl::Status NoteSeen(uint64_t number, const v1::SeenBy& seen);

  // The one that new items go to. A UUIDv7, made with the store and again by every renumbering.
  std::string outbox_id() const;
  // Bumped by every change of an item.
  const Revision& revision() const { return revision_; }
  // Bumps the revision though nothing has changed, for those who wait for that and for something else.
  void Wake() { revision_.Bump(); }

 private:
  friend class Store;

  // Reads which outbox is in use. Once, before anything else.
  absl::Status Load();
  // Removes at most `count_max` settled items whose state is from before `before`, but for the last item. How many it
  // removed.
  absl::StatusOr<int64_t> RemoveBefore(absl::Time before, int64_t count_max);
  // Makes `change` durable; if it says that it has changed an item, tells so.
  absl::Status Change(absl::FunctionRef<absl::StatusOr<bool>(Session&)> change, absl::FunctionRef<void()> committed);

  Database* const db_;
  Revision revision_;
  mutable absl::Mutex mu_;  // A leaf.
  std::string outbox_id_ ABSL_GUARDED_BY(mu_);
  uint64_t new_after_ ABSL_GUARDED_BY(mu_) = 0;  // The last item when the store was opened.
  uint64_t gap_at_ ABSL_GUARDED_BY(mu_) = 0;     // See TakeAnswers.
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_OUTBOX_H_
