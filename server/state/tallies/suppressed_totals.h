// Victim counts for roles that read them with small cells suppressed (section 7 of the rules: observers and public
// information).
//
// Threading: pure functions.
#ifndef MUSTER_SERVER_STATE_TALLIES_SUPPRESSED_TOTALS_H_
#define MUSTER_SERVER_STATE_TALLIES_SUPPRESSED_TOTALS_H_

#include <cstdint>
#include <vector>

#include "muster/v1/operation.pb.h"
#include "muster/v1/tally.pb.h"
#include "server/state/tallies/counting.h"

namespace muster {

// The smallest victim count of the operation that is not small (rule S1): 11 unless the operation says otherwise, and
// never less than 3, since "fewer than 2" would say 1.
int64_t SmallCellLimitOf(const v1::Operation& operation);

// Persons, adults, minors and services of the operation and of each state, as far as reported. Unset are the small
// ones, and as many others as it takes that none of the small ones can be derived (rules S1, S3); all of them, should
// that not be possible.
std::vector<v1::SuppressedFigure> SuppressedVictimCounts(const Figures& figures, int64_t small_cell_limit);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_SUPPRESSED_TOTALS_H_
