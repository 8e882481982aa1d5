// Whether one hidden cell is protected: the two searches, the fast one first.
//
// Threading: none. Borrows the table, which outlives it and does not change; the table's status() is OK.
#ifndef MUSTER_SERVER_RELEASE_DISCLOSURE_JUDGE_H_
#define MUSTER_SERVER_RELEASE_DISCLOSURE_JUDGE_H_

#include <cstdint>
#include <optional>

#include "server/release/cell_table.h"
#include "server/release/cycle_search.h"
#include "server/release/repair_search.h"

namespace muster {

// How many terms of sums the general search looks at for one cell, a few nanoseconds each. Tables by rows and columns,
// each cell in two sums at most, do not need it.
inline constexpr int64_t kSearchStepsPerCellMax = 200'000;

enum class Verdict {
  kProtected,  // A witness was found: the cell could have another value.
  kDerived,    // There is none.
  kUndecided,  // The budget ran out. To be treated as derived.
};

class DisclosureJudge {
 public:
  explicit DisclosureJudge(const CellTable& table, int64_t steps_per_cell_max = kSearchStepsPerCellMax)
      : table_(table), steps_per_cell_max_(steps_per_cell_max), cycles_(table, CycleSearch::Movable::kHidden) {}

  // Of the hidden cell `target`. Does not depend on what was judged before.
  Verdict Judge(CellId target);

 private:
  const CellTable& table_;
  const int64_t steps_per_cell_max_;
  const CycleSearch cycles_;
  std::optional<RepairSearch> repairs_;  // Made when first needed.
};

}  // namespace muster

#endif  // MUSTER_SERVER_RELEASE_DISCLOSURE_JUDGE_H_
