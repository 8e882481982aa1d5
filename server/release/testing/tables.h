// Tables for the tests of the release rules, and an oracle that tries every possibility. Test code only.
#ifndef MUSTER_SERVER_RELEASE_TESTING_TABLES_H_
#define MUSTER_SERVER_RELEASE_TESTING_TABLES_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "server/release/cell_table.h"

namespace muster {

// A table by rows and columns with all margins, everything shown. The counts are sensitive, the grand total is not.
struct TwoWayTable {
  CellTable table;
  std::vector<std::vector<CellId>> cells;  // By row and column.
  std::vector<CellId> row_totals;
  std::vector<CellId> column_totals;
  CellId grand_total;
};
TwoWayTable MakeTwoWayTable(const std::vector<std::vector<int64_t>>& values, int64_t k = kDefaultSmallCellLimit);

// A table whose cells are all known functions of a few free ones, the leaves, so that every assignment can be tried.
struct LeafTable {
  CellTable table;
  // By cell: by leaf: how often the leaf is in the cell. The first cells are the leaves themselves.
  std::vector<std::vector<int64_t>> leaves_of_cell;
  int leaf_count;
};

// A small random table with k = 3: rows and columns, or sums of anything, or differences between two releases; cells
// shown or hidden at random, in all the ways.
LeafTable RandomLeafTable(std::mt19937_64* random);

// The hidden small cells that have the same value in every assignment that agrees with what an attacker knows, in
// order. Tries all counts up to 24. Written from the definition in derivation.h alone.
std::vector<CellId> DerivableByBruteForce(const LeafTable& table);

// For messages: every cell with its value and how it is shown, and every sum.
std::string Print(const CellTable& table);

}  // namespace muster

#endif  // MUSTER_SERVER_RELEASE_TESTING_TABLES_H_
