// The outbox's tables.
//
// Threading: as the session's.
#ifndef MUSTER_CLIENT_AGENT_STORE_OUTBOX_ROWS_H_
#define MUSTER_CLIENT_AGENT_STORE_OUTBOX_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/agent/store/database.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// An item and its place. `item` is without its submission, which never changes and is kept apart.
struct OutboxRow {
  v1::OutboxItem item;
  uint64_t outbox = 0;
  uint64_t sent_as = 0;
  std::string fingerprint;
  // Whether there is something to send: SAVED_HERE and not held.
  bool due = false;
};

// Gives `row` the next number of all, and the next one in the outbox in use, and stores both.
absl::Status InsertRow(Session& session, OutboxRow* row, const muster::v1::Submission& submission);
absl::Status UpdateRow(Session& session, const OutboxRow& row);

absl::StatusOr<std::optional<OutboxRow>> FindRow(Session& session, uint64_t number);
absl::StatusOr<std::optional<OutboxRow>> FindRow(Session& session, absl::string_view submission_id);
// Those due after `after_number`, in order.
absl::StatusOr<std::vector<OutboxRow>> DueRows(Session& session, uint64_t after_number, size_t count_max);
// Those with one of `states` (none: all) after `after_number`, in order.
absl::StatusOr<std::vector<OutboxRow>> ListRows(Session& session, absl::Span<const v1::DeliveryState> states,
                                                uint64_t after_number, size_t count_max);
// As it was saved.
absl::StatusOr<muster::v1::Submission> ReadSubmission(Session& session, const v1::OutboxItem& item);

struct OutboxInUse {
  uint64_t outbox = 0;
  std::string outbox_id;
};
absl::StatusOr<OutboxInUse> ReadOutboxInUse(Session& session);
absl::StatusOr<std::string> ReadOutboxId(Session& session, uint64_t outbox);
// The first item that is due in `outbox`. All of its numbers before that are settled, durably, or held: then brokers
// say themselves that they are confirmed.
absl::StatusOr<std::optional<OutboxRow>> FirstDue(Session& session, uint64_t outbox);

// Moves what is due from `number` on to a new outbox, numbered from 1 in the same order.
absl::Status Renumber(Session& session, uint64_t number, absl::Time now);

// That every item and submission opens, from `number` on at most `count_max`. The last number looked at, 0 when there
// was none.
absl::StatusOr<uint64_t> VerifyRows(Session& session, uint64_t number, size_t count_max);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_OUTBOX_ROWS_H_
