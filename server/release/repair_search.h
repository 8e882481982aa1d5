// Finds another table that a reader could not tell from the true one, in tables of any shape, within a counted budget.
//
// It narrows the ranges of the hidden cells through the sums, forces the target away from its true value, and repairs
// the sums that are off one by one, always staying as near to the true values as the ranges allow; where a repair leads
// nowhere it goes back and rules that repair out. Given enough steps it finds a witness or proves that there is none,
// as long as the ranges are bounded.
//
// Threading: none. Borrows the table, which outlives it and does not change. Deterministic: steps are counted, not
// timed.
#ifndef MUSTER_SERVER_RELEASE_REPAIR_SEARCH_H_
#define MUSTER_SERVER_RELEASE_REPAIR_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "server/release/cell_table.h"

namespace muster {

class RepairSearch {
 public:
  enum class Answer { kWitnessFound, kNoWitness, kBudgetSpent };

  explicit RepairSearch(const CellTable& table);

  // Looks for values of all hidden cells, consistent with everything an attacker knows, in which the hidden cell
  // `target` has another value. Looks at no more than about `steps_max` terms of sums.
  Answer FindOtherValue(CellId target, int64_t steps_max);

 private:
  enum class Side { kLow, kHigh };
  // `cell` is narrowed to at least (kLow) or at most (kHigh) `bound`.
  struct Narrowing {
    CellId cell;
    Side side;
    int64_t bound;
  };
  struct Choice {
    size_t trail_size;
    Narrowing otherwise;
  };
  struct Undo {
    CellId cell;
    int64_t low;
    int64_t high;
  };

  // The sums that are tied to `target` through hidden cells.
  void CollectComponent(CellId target);
  // The search with no hidden cell farther than `reach` from its true value.
  Answer SearchWithin(CellId target, int64_t reach, int64_t steps_max);
  Answer Search(const Narrowing& first);
  // False if no value is left.
  bool Narrow(const Narrowing& narrowing);
  // Narrows through the sums waiting in queue_ until nothing changes. False if a cell has no value left.
  bool Propagate();
  bool PropagateSum(int sum);
  // The nearest to the true value that is left.
  int64_t Tentative(CellId cell) const;
  // A repair of the first sum that the tentative values leave off. False if there is none: they are a witness.
  bool ChooseRepair(Narrowing* repair);
  void Enqueue(int sum);
  void ClearQueue();
  void UndoTo(size_t trail_size);

  const CellTable& table_;
  std::vector<KnownRange> range_;  // By cell, narrowed.
  std::vector<int> component_sums_;
  std::vector<Undo> trail_;
  // First come, first served: of two sums that raise each other's ranges without end, none keeps a third from being
  // heard.
  std::deque<int> queue_;
  std::vector<bool> queued_;
  int64_t steps_left_ = 0;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RELEASE_REPAIR_SEARCH_H_
