// The inbox's tables.
//
// Threading: as the session's.
#ifndef MUSTER_CLIENT_AGENT_STORE_INBOX_ROWS_H_
#define MUSTER_CLIENT_AGENT_STORE_INBOX_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/agent/store/database.h"
#include "client/agent/store/inbox.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// A row as it is kept.
struct SealedDelivery {
  uint64_t row = 0;
  std::string cursor;
  int64_t received_at = 0;
  std::string sealed;
};

absl::Status InsertDelivery(Session& session, uint64_t row, const muster::v1::Delivery& delivery, absl::Time now);
// At most `count_max` and about `bytes_max` after `row`; the first whatever its size.
absl::StatusOr<std::vector<SealedDelivery>> ReadDeliveries(Session& session, uint64_t row, size_t count_max,
                                                           size_t bytes_max);
absl::StatusOr<Inbox::Stored> OpenDelivery(const Sealer& sealer, const SealedDelivery& sealed);

absl::Status InsertGap(Session& session, uint64_t after_row, const v1::FeedGap& gap);
// The last `count_max`, oldest first.
absl::StatusOr<std::vector<v1::FeedGap>> ReadGaps(Session& session, size_t count_max);
// The cursor of the last row, or of where a gap behind it said to go on.
absl::StatusOr<std::string> ReadCursor(Session& session);
// The row behind which a reader with `cursor` goes on; nothing when none of the kept rows and gaps tells.
absl::StatusOr<std::optional<uint64_t>> FindCursor(Session& session, absl::string_view cursor);

// That every row opens, of the inbox from `row` on at most `count_max`. The last row looked at, 0 when there was none.
absl::StatusOr<uint64_t> VerifyDeliveries(Session& session, uint64_t row, size_t count_max);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_INBOX_ROWS_H_
