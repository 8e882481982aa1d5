// An operation's suspected duplicates (rule T5): what is pending follows from the entries that count, what was decided
// is in the ledger.
//
// Threading: functions of the state, which the caller holds still.
#ifndef MUSTER_SERVER_STATE_TALLIES_SUSPECTED_DUPLICATES_H_
#define MUSTER_SERVER_STATE_TALLIES_SUSPECTED_DUPLICATES_H_

#include <cstdint>
#include <vector>

#include "muster/v1/tally.pb.h"
#include "server/state/tallies/counting.h"

namespace muster {

// How many pairs waited for a decision, as of the question's time. Looks at the entries that the viewer's figures cover
// and at no others (rule P7).
uint32_t CountPendingDuplicates(const TallyQuestion& question);

// Every pair, pending and decided, by their ids, the smaller first. For who sees every entry.
std::vector<v1::SuspectedDuplicate> SuspectedDuplicates(const OperationRecord& operation);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_SUSPECTED_DUPLICATES_H_
