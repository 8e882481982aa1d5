// Published figures beside the ledger's, and what explains the difference (rules T1, T9, T13, T17).
//
// Threading: pure functions.
#ifndef MUSTER_SERVER_STATE_TALLIES_RECONCILIATION_H_
#define MUSTER_SERVER_STATE_TALLIES_RECONCILIATION_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "muster/v1/claims.pb.h"
#include "server/state/tallies/counting.h"

namespace muster {

// What the ledger held, by a definition and as of a time.
using LedgerFigures = std::function<Figures(v1::CountingDefinition, absl::Time as_of)>;

// For each claim, in order: the ledger's figure by both definitions, the difference (claimed minus ledger) and every
// single explanation that accounts for all of it:
//
//   MATCHES    there is no difference
//   DEFINITION the source's definition gives what is claimed
//   AS_OF      the ledger gave what is claimed when it was published
//   STATES     of a claim about the whole operation: claims about at most three single states differ from the ledger by
//              as much together; the fewest states, and of those rather claims of the same source. Looks at the first
//              kStateClaimsMax of them. Of a claim about a state: that state.
//
// UNRECONCILED when there is none, or when the ledger has nothing to compare with (rule T3).
std::vector<v1::Reconciliation> ReconcileClaims(const absl::btree_map<std::string, v1::ClaimRecord>& claims,
                                                const LedgerFigures& ledger);

inline constexpr size_t kStateClaimsMax = 60;

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_RECONCILIATION_H_
