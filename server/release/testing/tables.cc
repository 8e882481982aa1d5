#include "server/release/testing/tables.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

// Far above the values of the random tables, at most 4, so that what can change at all can change within it.
constexpr int64_t kLeafMax = 24;

size_t At(int index) { return static_cast<size_t>(index); }

// What the definition says an attacker knows of a cell alone.
bool Possible(const CellTable& table, CellId id, int64_t value) {
  const Cell& cell = table.cell(id);
  const bool is_count = cell.lower_bound >= 0;
  if (value < cell.lower_bound) return false;
  switch (cell.shown) {
    case Shown::kValue:
      return value == cell.value;
    case Shown::kBelowK:
      return value >= 1 && value < table.k();
    case Shown::kWithheld:
      return !(cell.sensitive && is_count && value >= 1 && value < table.k());
    case Shown::kNothing:
      return true;
  }
  return false;
}

// Goes through all assignments to the leaves, one leaf after the other.
class BruteForce {
 public:
  explicit BruteForce(const LeafTable& leaf_table) : table_(leaf_table), leaves_(At(leaf_table.leaf_count)) {
    checks_.resize(leaves_.size());
    for (CellId id = 0; id < table_.table.size(); ++id) {
      int last = 0;
      for (int leaf = 0; leaf < table_.leaf_count; ++leaf) {
        if (table_.leaves_of_cell[At(id)][At(leaf)] != 0) last = leaf;
      }
      checks_[At(last)].push_back(id);
      if (table_.table.IsHidden(id) && table_.table.IsSmall(id)) undecided_.push_back(id);
    }
  }

  std::vector<CellId> Run() {
    Assign(0);
    return undecided_;
  }

 private:
  int64_t ValueOf(CellId id) const {
    int64_t value = 0;
    for (size_t leaf = 0; leaf < leaves_.size(); ++leaf) {
      value += table_.leaves_of_cell[At(id)][leaf] * leaves_[leaf];
    }
    return value;
  }

  void Assign(int leaf) {
    if (undecided_.empty()) return;
    if (leaf == table_.leaf_count) {
      const auto differs = [this](CellId id) { return ValueOf(id) != table_.table.cell(id).value; };
      undecided_.erase(std::remove_if(undecided_.begin(), undecided_.end(), differs), undecided_.end());
      return;
    }
    for (int64_t value = 0; value <= kLeafMax; ++value) {
      leaves_[At(leaf)] = value;
      const std::vector<CellId>& checks = checks_[At(leaf)];
      const auto possible = [this](CellId id) { return Possible(table_.table, id, ValueOf(id)); };
      if (std::all_of(checks.begin(), checks.end(), possible)) Assign(leaf + 1);
    }
  }

  const LeafTable& table_;
  std::vector<int64_t> leaves_;
  std::vector<std::vector<CellId>> checks_;  // By leaf: the cells whose last leaf it is.
  std::vector<CellId> undecided_;            // The targets that have had their true value in every assignment so far.
};

class RandomTable {
 public:
  explicit RandomTable(std::mt19937_64* random) : random_(*random), made_{CellTable(3), {}, 0} {}

  LeafTable Make() {
    const uint64_t shape = Below(3);
    if (shape == 0) {
      MakeRowsAndColumns();
    } else {
      MakeLeaves(2 + Below(4));
      const uint64_t sums = 1 + Below(3);
      for (uint64_t i = 0; i < sums; ++i) AddRandomSum();
    }
    if (shape == 2) AddDifferences();
    return std::move(made_);
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  CellId Add(std::vector<int64_t> leaves, int64_t value, bool is_count) {
    Cell cell = {.label = absl::StrCat("c", made_.table.size()), .value = value};
    cell.sensitive = Below(4) != 0;
    cell.may_be_withheld = Below(5) != 0;
    if (!is_count) cell.lower_bound = kNoLowerBound;
    cell.shown = Below(2) == 0 ? Shown::kValue : Shown::kNothing;
    const CellId id = made_.table.AddCell(cell);
    // As releases do it, mostly: small counts are marked, others withheld.
    if (Below(3) != 0 && (is_count ? made_.table.IsSmall(id) : Below(2) == 0)) made_.table.Hide(id);
    if (is_count && !made_.table.IsSmall(id) && Below(4) == 0) made_.table.Hide(id);
    if (!is_count) made_.table.SetShown(id, Below(4) == 0 ? Shown::kValue : Shown::kNothing);
    made_.leaves_of_cell.push_back(std::move(leaves));
    return id;
  }

  void MakeLeaves(uint64_t count) {
    made_.leaf_count = static_cast<int>(count);
    for (uint64_t i = 0; i < count; ++i) {
      std::vector<int64_t> leaves(count);
      leaves[i] = 1;
      Add(std::move(leaves), static_cast<int64_t>(Below(5)), true);
    }
  }

  CellId AddTotal(const std::vector<CellId>& parts) {
    std::vector<int64_t> leaves(At(made_.leaf_count));
    int64_t value = 0;
    for (const CellId part : parts) {
      value += made_.table.cell(part).value;
      for (size_t i = 0; i < leaves.size(); ++i) leaves[i] += made_.leaves_of_cell[At(part)][i];
    }
    const CellId total = Add(std::move(leaves), value, true);
    made_.table.AddSum(total, parts);
    return total;
  }

  void AddRandomSum() {
    std::vector<CellId> parts;
    for (CellId id = 0; id < made_.table.size(); ++id) {
      if (Below(2) == 0) parts.push_back(id);
    }
    if (!parts.empty()) AddTotal(parts);
  }

  void MakeRowsAndColumns() {
    const int rows = 2;
    const int columns = 2 + static_cast<int>(Below(2));
    MakeLeaves(static_cast<uint64_t>(rows * columns));
    std::vector<CellId> row_totals;
    std::vector<CellId> column_totals;
    for (int row = 0; row < rows; ++row) {
      std::vector<CellId> parts;
      for (int column = 0; column < columns; ++column) parts.push_back(row * columns + column);
      row_totals.push_back(AddTotal(parts));
    }
    const bool has_column_totals = Below(4) != 0;
    for (int column = 0; has_column_totals && column < columns; ++column) {
      column_totals.push_back(AddTotal({column, columns + column}));
    }
    const CellId total = AddTotal(row_totals);
    if (has_column_totals) made_.table.AddSum(total, column_totals);
  }

  // now - then for a few pairs of counts.
  void AddDifferences() {
    const uint64_t count = 1 + Below(2);
    for (uint64_t i = 0; i < count; ++i) {
      const auto size = static_cast<uint64_t>(made_.table.size());
      const auto now = static_cast<CellId>(Below(size));
      const auto then = static_cast<CellId>(Below(size));
      if (now == then || made_.table.cell(now).lower_bound < 0 || made_.table.cell(then).lower_bound < 0) continue;
      std::vector<int64_t> leaves = made_.leaves_of_cell[At(now)];
      for (size_t j = 0; j < leaves.size(); ++j) leaves[j] -= made_.leaves_of_cell[At(then)][j];
      const int64_t value = made_.table.cell(now).value - made_.table.cell(then).value;
      made_.table.AddSum(now, {then, Add(std::move(leaves), value, false)});
    }
  }

  std::mt19937_64& random_;
  LeafTable made_;
};

}  // namespace

TwoWayTable MakeTwoWayTable(const std::vector<std::vector<int64_t>>& values, int64_t k) {
  TwoWayTable made = {CellTable(k), {}, {}, {}, 0};
  const size_t columns = values[0].size();
  std::vector<int64_t> column_sums(columns);
  int64_t sum = 0;
  for (size_t row = 0; row < values.size(); ++row) {
    made.cells.emplace_back();
    int64_t row_sum = 0;
    for (size_t column = 0; column < columns; ++column) {
      const int64_t value = values[row][column];
      made.cells[row].push_back(
          made.table.AddCell({.label = absl::StrCat("r", row, "c", column), .value = value, .sensitive = true}));
      row_sum += value;
      column_sums[column] += value;
    }
    sum += row_sum;
    made.row_totals.push_back(
        made.table.AddCell({.label = absl::StrCat("r", row), .value = row_sum, .sensitive = true}));
    made.table.AddSum(made.row_totals.back(), made.cells[row]);
  }
  made.grand_total = made.table.AddCell({.label = "all", .value = sum});
  for (size_t column = 0; column < columns; ++column) {
    std::vector<CellId> parts;
    for (const std::vector<CellId>& row : made.cells) parts.push_back(row[column]);
    made.column_totals.push_back(
        made.table.AddCell({.label = absl::StrCat("c", column), .value = column_sums[column], .sensitive = true}));
    made.table.AddSum(made.column_totals.back(), parts);
  }
  made.table.AddSum(made.grand_total, made.row_totals);
  made.table.AddSum(made.grand_total, made.column_totals);
  return made;
}

LeafTable RandomLeafTable(std::mt19937_64* random) { return RandomTable(random).Make(); }

std::vector<CellId> DerivableByBruteForce(const LeafTable& table) { return BruteForce(table).Run(); }

std::string Print(const CellTable& table) {
  constexpr const char* kMarks[] = {"shown", "<k", "withheld", "nothing"};
  std::string text;
  for (CellId id = 0; id < table.size(); ++id) {
    const Cell& cell = table.cell(id);
    absl::StrAppend(&text, id, " ", cell.label, " = ", cell.value, " ", kMarks[static_cast<int>(cell.shown)],
                    cell.sensitive ? " sensitive" : "", cell.may_be_withheld ? "" : " fixed", "\n");
  }
  for (int sum = 0; sum < table.sum_count(); ++sum) {
    for (const SumTerm& term : table.terms_of_sum(sum)) {
      absl::StrAppend(&text, term.sign > 0 ? "" : " + ", term.cell, term.sign > 0 ? " =" : "");
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace muster
