// Which further cells to withhold so that no hidden small cell can be derived (S3).
//
// Greedy: for each cell that can be derived it withholds the cheapest cells that close a chain through it, smaller
// values first and what is no total before totals; then it shows again what turned out not to be needed. The result is
// checked by FindDerivable and deterministic; that it withholds as little as possible is likely, not certain.
//
// Threading: pure function.
#ifndef MUSTER_SERVER_RELEASE_COMPLEMENTARY_SUPPRESSION_H_
#define MUSTER_SERVER_RELEASE_COMPLEMENTARY_SUPPRESSION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "server/release/cell_table.h"
#include "server/release/derivation.h"

namespace muster {

struct ComplementarySuppression {
  // What to withhold beyond what is hidden already, ascending; the table has them hidden.
  std::vector<CellId> withheld;
  // What can be derived all the same: from what earlier releases have shown, which cannot be taken back, or from the
  // marks alone, such as ten cells of 1..10 whose total is 1..10. Such a release is to be refused.
  std::vector<Derivation> remaining;
};

// Hides further cells of `table` and says which. Errors: INVALID_ARGUMENT: the table's status(); nothing is hidden.
absl::StatusOr<ComplementarySuppression> WithholdComplements(CellTable* table, const SearchLimits& limits = {});

}  // namespace muster

#endif  // MUSTER_SERVER_RELEASE_COMPLEMENTARY_SUPPRESSION_H_
