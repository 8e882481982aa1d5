// Finds, fast, another table that a reader could not tell from the true one: by moving cells of a closed chain by one.
//
// If a hidden cell grows by one, every sum that it is in is off by one until another hidden cell of that sum makes up
// for it, which unsettles that cell's other sum, and so on until the chain closes. In a table by rows and columns such
// a chain is a cycle in a graph: sums are its nodes, cells the edges between their two sums (or between their one sum
// and the ground, where nothing needs to add up), and a cell is protected exactly if it lies on a cycle of cells that
// can move. So this search is complete for such tables and merely sound for others, where RepairSearch takes over.
//
// The same search finds which shown cells are cheapest to withhold: they are edges with a price.
//
// Threading: const after construction. Borrows the table, which outlives it and does not change.
#ifndef MUSTER_SERVER_RELEASE_CYCLE_SEARCH_H_
#define MUSTER_SERVER_RELEASE_CYCLE_SEARCH_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "server/release/cell_table.h"

namespace muster {

class CycleSearch {
 public:
  enum class Movable {
    kHidden,            // Only what is hidden already: the chain is a witness that the cell is protected.
    kHiddenOrWithheld,  // Also what may be withheld, at a price: smaller first, and what is no total before totals.
  };

  CycleSearch(const CellTable& table, Movable movable);

  // The cells of the cheapest chain through the hidden cell `target`, in the order of their ids; none if no chain was
  // found. The chain is checked against everything an attacker knows, with its cells hidden.
  std::optional<std::vector<CellId>> CheapestChain(CellId target) const;

  // Whether no chain through the hidden cell `target` means that its value can be derived. For Movable::kHidden.
  bool IsComplete(CellId target) const;

 private:
  struct Move {
    CellId cell;
    int64_t step;  // +1 or -1.
  };
  struct Chain {
    std::vector<Move> moves;
    int64_t price;
  };
  // A sum that is off by +1 (even) or -1 (odd), or the ground (the last).
  using Node = int;
  struct Arrival;

  bool CanMove(CellId cell, int64_t step) const;
  // Whether the gap in the cell's range keeps it from moving by one; it could still move by more.
  bool IsBesideGap(CellId cell) const;
  int ground() const { return table_.sum_count() * 2; }
  static Node NodeOf(int sum, int64_t off) { return sum * 2 + (off < 0 ? 1 : 0); }

  void FindAbsorbers();
  void FindIncompleteSums();

  // The cheapest chain through `target`, not looking at the sums that have an absorber.
  std::optional<Chain> ChainThrough(CellId target) const;
  std::optional<Chain> ChainFrom(CellId target, int64_t step) const;
  // The cheapest way to undo that `from` is off, all the way to `to`, without `target`.
  std::optional<Chain> Route(CellId target, Node from, Node to) const;
  // Where one move leads from `node`, for each move that settles it.
  template <typename Visit>
  void ForEachMove(CellId target, Node node, Visit visit) const;

  // Adds what the absorbers have to do; then whether this moves `target` and is consistent with what is known.
  bool CompleteAndCheck(CellId target, std::vector<Move>* moves) const;

  const CellTable& table_;
  // By cell: what an attacker would hold possible if it were hidden; the price of moving it, kImmovable if it cannot
  // be; and the sums that it must settle.
  std::vector<KnownRange> range_;
  std::vector<int64_t> price_;
  std::vector<std::vector<CellTerm>> binding_sums_;
  // By sum: a hidden cell, in no other sum and without bounds, that takes up any change; such a sum binds no other
  // cell. kNoCell if it has none.
  std::vector<CellId> absorber_;
  // The movable cells that have one binding sum.
  std::vector<CellId> ground_cells_;
  // By sum: a number of its component of sums joined by hidden cells, and by component, whether it is no plain graph.
  std::vector<int> component_;
  std::vector<bool> incomplete_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RELEASE_CYCLE_SEARCH_H_
