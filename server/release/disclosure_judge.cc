#include "server/release/disclosure_judge.h"

namespace muster {

Verdict DisclosureJudge::Judge(CellId target) {
  if (cycles_.CheapestChain(target).has_value()) return Verdict::kProtected;
  if (cycles_.IsComplete(target)) return Verdict::kDerived;
  if (!repairs_.has_value()) repairs_.emplace(table_);
  switch (repairs_->FindOtherValue(target, steps_per_cell_max_)) {
    case RepairSearch::Answer::kWitnessFound:
      return Verdict::kProtected;
    case RepairSearch::Answer::kNoWitness:
      return Verdict::kDerived;
    case RepairSearch::Answer::kBudgetSpent:
      return Verdict::kUndecided;
  }
  return Verdict::kUndecided;
}

}  // namespace muster
