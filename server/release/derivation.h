// Which hidden small cells a reader can work out from what is shown (S2, S3, S4), and from what.
//
// A small cell (sensitive, true value 1..k-1) that is hidden counts as DERIVED unless a witness was found: other values
// of the hidden cells that agree with everything a reader knows and in which that cell differs. A reader knows the
// shown values, what each mark says (Shown), the lower bounds, and every sum. So an error on the side of caution is the
// only one possible: where the counted search ends without an answer, the cell is reported, marked as not proven.
//
// Derived means the exact value. That a cell can be proven to lie in 1..k-1 is no finding: the mark "fewer than k" says
// just that, and S1 allows the mark. Nor is a narrower range such as "2 or 3". Hidden cells that are 0, or k or more,
// are no targets: S1 shows the one and does not protect the other. Nothing here looks at how the cells to withhold were
// chosen, and a reader who can rerun that choice may learn a little more.
//
// Threading: pure functions. Deterministic: no clock, no randomness, no floating point.
//
// Errors: INVALID_ARGUMENT: the table's own status(), a bug of the caller.
#ifndef MUSTER_SERVER_RELEASE_DERIVATION_H_
#define MUSTER_SERVER_RELEASE_DERIVATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/release/cell_table.h"
#include "server/release/disclosure_judge.h"

namespace muster {

struct SearchLimits {
  // See DisclosureJudge.
  int64_t steps_per_cell_max = kSearchStepsPerCellMax;
  // For how many findings, the first ones, FindDerivable says from what; that takes longer than finding them.
  int explained_max = 8;
};

struct Derivation {
  CellId cell = 0;
  // False: the search ended without an answer.
  bool proven = true;
  // The shown cells from which the value follows, none of which can be left out; ascending. Empty if not proven, if
  // explained_max findings came before, or if the value follows from the marks and sums alone.
  std::vector<CellId> from = {};
};

// Every hidden small cell that is not known to be protected, in the order of the cells.
absl::StatusOr<std::vector<Derivation>> FindDerivable(const CellTable& table, const SearchLimits& limits = {});

// "persons 47 minus adults 45 gives minors 2", or a like phrase for what is no single sum. It holds the hidden value:
// only for who may know it.
std::string Describe(const CellTable& table, const Derivation& derivation);

}  // namespace muster

#endif  // MUSTER_SERVER_RELEASE_DERIVATION_H_
