#include "server/release/cell_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {

CellTable::CellTable(int64_t k) : k_(k) {
  if (k < 3 || k > kCellValueMax) Fail(absl::InvalidArgumentError(absl::StrCat("k: got ", k, ", wanted 3 or more")));
}

CellId CellTable::AddCell(Cell cell) {
  const CellId id = size();
  if (id >= kCellsMax) Fail(absl::InvalidArgumentError(absl::StrCat("a table holds at most ", kCellsMax, " cells")));
  if (cell.value > kCellValueMax || cell.value < -kCellValueMax || cell.value < cell.lower_bound) {
    Fail(absl::InvalidArgumentError(absl::StrCat("cell \"", cell.label, "\": got ", cell.value, ", wanted ",
                                                 std::max(cell.lower_bound, -kCellValueMax), " to ", kCellValueMax)));
  }
  cells_.push_back(std::move(cell));
  sums_of_cell_.emplace_back();
  const Cell& added = cells_.back();
  // A mark that is not true of the value would make the solver look for what cannot be.
  if (!Known(id).Contains(added.value)) {
    Fail(absl::InvalidArgumentError(
        absl::StrCat("cell \"", added.label, "\": its mark does not go with its value ", added.value)));
  }
  return id;
}

void CellTable::AddSum(CellId total, absl::Span<const CellId> parts) {
  std::vector<SumTerm> terms = {{total, 1}};
  for (const CellId part : parts) terms.push_back({part, -1});
  std::vector<CellId> seen;
  int64_t difference = 0;
  for (const SumTerm& term : terms) {
    if (term.cell < 0 || term.cell >= size()) {
      return Fail(absl::InvalidArgumentError(absl::StrCat("a sum names cell ", term.cell, " of ", size())));
    }
    seen.push_back(term.cell);
    difference += term.sign * cell(term.cell).value;
  }
  std::sort(seen.begin(), seen.end());
  if (parts.empty() || std::adjacent_find(seen.begin(), seen.end()) != seen.end()) {
    return Fail(absl::InvalidArgumentError(
        absl::StrCat("the sum of \"", cell(total).label, "\": wanted one part or more, all different")));
  }
  if (difference != 0) {
    return Fail(absl::InvalidArgumentError(
        absl::StrCat("the sum of \"", cell(total).label, "\": the total is its parts plus ", difference)));
  }
  for (const SumTerm& term : terms) {
    sums_of_cell_[static_cast<size_t>(term.cell)].push_back({sum_count(), term.sign});
  }
  sums_.push_back(std::move(terms));
}

bool CellTable::IsTotal(CellId id) const {
  const std::vector<CellTerm>& sums = sums_of_cell(id);
  return std::any_of(sums.begin(), sums.end(), [](const CellTerm& term) { return term.sign > 0; });
}

bool CellTable::IsSmall(CellId id) const {
  const int64_t value = cell(id).value;
  return cell(id).sensitive && value != 0 && value < k_ && value > -k_;
}

KnownRange CellTable::KnownIf(CellId id, Shown shown) const {
  const Cell& c = cell(id);
  switch (shown) {
    case Shown::kValue:
      return {c.value, c.value};
    case Shown::kBelowK:
      return {std::max<int64_t>(c.lower_bound, 1), k_ - 1};
    case Shown::kWithheld:
      if (c.sensitive && c.lower_bound >= 0) return {c.lower_bound, kUnboundedValue, 1, k_ - 1};
      break;
    case Shown::kNothing:
      break;
  }
  return {std::max(c.lower_bound, kNoLowerBound), kUnboundedValue};
}

Shown CellTable::HiddenAs(CellId id) const {
  return IsSmall(id) && cell(id).value > 0 ? Shown::kBelowK : Shown::kWithheld;
}

void CellTable::Fail(absl::Status problem) {
  if (status_.ok()) status_ = std::move(problem);
}

std::vector<CellId> SuppressSmallCells(CellTable* table) {
  std::vector<CellId> hidden;
  for (CellId id = 0; id < table->size(); ++id) {
    if (table->IsHidden(id) || !table->IsSmall(id) || !table->cell(id).may_be_withheld) continue;
    table->Hide(id);
    hidden.push_back(id);
  }
  return hidden;
}

}  // namespace muster
