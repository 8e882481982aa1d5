// What becomes of items when brokers answer.
//
// Threading: as the session's.
#ifndef MUSTER_CLIENT_AGENT_STORE_OUTBOX_TAKE_H_
#define MUSTER_CLIENT_AGENT_STORE_OUTBOX_TAKE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/agent/store/database.h"
#include "client/agent/store/outbox_rows.h"
#include "muster/v1/outcome.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// See Outbox::Take. Whether anything changed. `gap_at` is kept from one call to the next: the first item of all that
// brokers reported a gap before, though nothing before it is to be sent; 0 for none.
absl::StatusOr<bool> TakeAnswers(Session& session, absl::Span<const muster::v1::SubmissionAnswer> answers,
                                 absl::Time now, uint64_t new_after, uint64_t* gap_at);

// Notes that `row` was refused for good, unless it is settled or to be withdrawn already. Whether anything changed.
absl::StatusOr<bool> NoteRefusal(Session& session, OutboxRow row, const muster::v1::Rejected& why);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_OUTBOX_TAKE_H_
