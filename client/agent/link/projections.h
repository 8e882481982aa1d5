// What a delivery says about reads: the answers that it makes out of date and holds itself.
//
// A plan arrives whole, as this agency may see it. Of a readiness board only what changed arrives, and is put into the
// board that is kept. Kept in the same commit as the delivery, they make the last plan readable off line however soon
// after the delivery the link or the process ends.
//
// Threading: pure but for reading `mirror`; from any thread. A kept board that cannot be read is left as it is: the
// deliveries come first.
#ifndef MUSTER_CLIENT_AGENT_LINK_PROJECTIONS_H_
#define MUSTER_CLIENT_AGENT_LINK_PROJECTIONS_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/agent/store/mirror.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// The answers that `deliveries` hold, at most one for each read; the first of them gets row `first_row` in the inbox.
// An answer was true when the broker sent the delivery, but never later than `now`.
std::vector<MirrorAnswer> ProjectionsOf(absl::Span<const muster::v1::Delivery> deliveries, uint64_t first_row,
                                        const Mirror& mirror, absl::Time now);

// Puts what `changes` says into `board`.
void MergeBoard(const muster::v1::ReadinessBoard& changes, muster::v1::ReadinessBoard* board);

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_PROJECTIONS_H_
