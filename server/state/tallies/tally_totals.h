// Figures from the ledger: each can be traced to the entries that make it.
//
// A figure and its explanation run the same decision over the same entries, so that they cannot disagree.
#ifndef MUSTER_SERVER_STATE_TALLIES_TALLY_TOTALS_H_
#define MUSTER_SERVER_STATE_TALLIES_TALLY_TOTALS_H_

#include "muster/v1/tally.pb.h"
#include "server/state/tallies/counting.h"

namespace muster {

v1::TallyTotals TotalsFor(const TallyQuestion& question);

// The figure and every entry that could have entered it. The viewer must be one that may see entries.
v1::ExplainTallyResponse ExplainFigure(const TallyQuestion& question, v1::FigureKind figure);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_TALLY_TOTALS_H_
