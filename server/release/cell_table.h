// What a public release shows and what it hides: cells, the sums that tie them together, and what an attacker knows.
//
// Small cells identify people: with one minor recovered in a state, "1" is a person. A CellTable holds every figure
// that bears on a release, whether it is shown or not, with its true value, and every sum "total = part + part + ..."
// that a reader can know. server/release/derivation.h then asks what a reader can work out.
//
//   CellTable table(11);
//   const CellId persons = table.AddCell({.label = "persons", .value = 47});
//   const CellId adults = table.AddCell({.label = "adults", .value = 45});
//   const CellId minors = table.AddCell({.label = "minors", .value = 2, .shown = Shown::kNothing, .sensitive = true});
//   table.AddSum(persons, {adults, minors});   // 47 - 45 = 2: refused, rule S2.
//
// Differencing two releases (S4) needs no other machinery. The cells of the earlier release are further cells, shown as
// they were then and with may_be_withheld = false. A figure that has not changed since is ONE cell: a reader may know
// from elsewhere that it has not. A figure that has changed is two cells and a hidden cell for the difference, without
// lower bound, tied by AddSum(now, {then, difference}); a difference of 1..k-1 either way identifies people too.
//
// A figure that nobody reported (T3) is no cell, and no part of a sum.
//
// Threading: none; a value type. Everything here is exact integer arithmetic and the same on every machine.
#ifndef MUSTER_SERVER_RELEASE_CELL_TABLE_H_
#define MUSTER_SERVER_RELEASE_CELL_TABLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace muster {

// The position of a cell in its table, from 0 in the order of adding.
using CellId = int;

// Cells of 1 to kDefaultSmallCellLimit - 1 are suppressed (S1).
inline constexpr int64_t kDefaultSmallCellLimit = 11;

// Beyond every value: the attacker's bound where he knows none, and Cell::lower_bound of a difference.
inline constexpr int64_t kUnboundedValue = int64_t{1} << 41;
inline constexpr int64_t kNoLowerBound = -kUnboundedValue;
// The largest value of a cell, either way, and the most cells of a table. Together they keep all sums within int64_t.
inline constexpr int64_t kCellValueMax = int64_t{1} << 40;
inline constexpr int kCellsMax = 20'000;

// What the reader of the release sees of a cell.
enum class Shown {
  kValue,     // Its value.
  kBelowK,    // "fewer than k": suppressed because it is small (S1). Says that it is 1..k-1, since 0 is shown.
  kWithheld,  // "withheld": suppressed to protect another (S3). Says that it is 0 or at least k if it is sensitive,
              // since it would be kBelowK otherwise.
  kNothing,   // Nothing: not asked for, or shown by the same mark whatever the reason. Says nothing.
};

struct Cell {
  // What the cell counts, as a person would read it in a message: "Kentucky, minors".
  std::string label = {};
  int64_t value = 0;
  Shown shown = Shown::kValue;
  // Whether 1..k-1, or minus that, identifies people.
  bool sensitive = false;
  // Whether this release may still hide it. False for what an earlier release has shown.
  bool may_be_withheld = true;
  // What everyone knows it cannot be less than: 0 for counts, kNoLowerBound for differences.
  int64_t lower_bound = 0;
};

// The values that an attacker holds possible for one cell, before he looks at the sums: low..high but for
// gap_low..gap_high, which is empty if gap_low > gap_high.
struct KnownRange {
  int64_t low = 0;
  int64_t high = 0;
  int64_t gap_low = 0;
  int64_t gap_high = -1;

  bool Contains(int64_t value) const { return low <= value && value <= high && (value < gap_low || value > gap_high); }
};

// One cell in one sum, with +1 for the total and -1 for a part: the signed values of a sum's terms add up to 0.
struct SumTerm {
  CellId cell;
  int sign;
};
struct CellTerm {
  int sum;
  int sign;
};

class CellTable {
 public:
  // `k` is the smallest count that is not small: 3 or more, since "fewer than 2" would say 1.
  explicit CellTable(int64_t k = kDefaultSmallCellLimit);

  // Adds a cell that no sum holds yet.
  CellId AddCell(Cell cell);
  // States that `total` is the sum of `parts` (one or more, all different), which must be true of the values.
  void AddSum(CellId total, absl::Span<const CellId> parts);

  // The first thing that was wrong with what was added, INVALID_ARGUMENT, a bug of the caller; the table is then of no
  // use. OK otherwise.
  const absl::Status& status() const { return status_; }

  int64_t k() const { return k_; }
  int size() const { return static_cast<int>(cells_.size()); }
  const Cell& cell(CellId id) const { return cells_[static_cast<size_t>(id)]; }
  int sum_count() const { return static_cast<int>(sums_.size()); }
  // The terms of a sum, the total first; and the sums that a cell is in.
  const std::vector<SumTerm>& terms_of_sum(int sum) const { return sums_[static_cast<size_t>(sum)]; }
  const std::vector<CellTerm>& sums_of_cell(CellId id) const { return sums_of_cell_[static_cast<size_t>(id)]; }
  // Whether the cell is the total of some sum.
  bool IsTotal(CellId id) const;

  // Whether the cell's value identifies people: sensitive, and 1..k-1 or minus that.
  bool IsSmall(CellId id) const;
  bool IsHidden(CellId id) const { return cell(id).shown != Shown::kValue; }
  // What an attacker knows of the cell alone, as it is shown now, and as Hide would show it.
  KnownRange Known(CellId id) const { return KnownIf(id, cell(id).shown); }
  KnownRange KnownIfHidden(CellId id) const { return KnownIf(id, HiddenAs(id)); }

  // Suppresses the cell: kBelowK if it is small, kWithheld if not.
  void Hide(CellId id) { SetShown(id, HiddenAs(id)); }
  void SetShown(CellId id, Shown shown) { cells_[static_cast<size_t>(id)].shown = shown; }

 private:
  KnownRange KnownIf(CellId id, Shown shown) const;
  Shown HiddenAs(CellId id) const;
  // Keeps the first of the problems.
  void Fail(absl::Status problem);

  int64_t k_;
  std::vector<Cell> cells_;
  std::vector<std::vector<SumTerm>> sums_;
  std::vector<std::vector<CellTerm>> sums_of_cell_;
  absl::Status status_;
};

// S1: hides every small cell of this release that is shown with its value; 0 stays shown. Returns what it hid, in
// order.
std::vector<CellId> SuppressSmallCells(CellTable* table);

}  // namespace muster

#endif  // MUSTER_SERVER_RELEASE_CELL_TABLE_H_
