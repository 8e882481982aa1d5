#include "server/state/tallies/suppressed_totals.h"

#include <algorithm>

#include "server/release/complementary_suppression.h"
#include "server/state/releases/victim_cells.h"

namespace muster {

int64_t SmallCellLimitOf(const v1::Operation& operation) {
  if (operation.small_cell_threshold() == 0) return kDefaultSmallCellLimit;
  return std::max<int64_t>(operation.small_cell_threshold(), 3);
}

std::vector<v1::SuppressedFigure> SuppressedVictimCounts(const Figures& figures, int64_t small_cell_limit) {
  Publication publication;
  for (const auto& [name, value] : figures) {
    publication.figures.emplace(name, value);
    publication.shown.emplace(name, Shown::kValue);
  }
  VictimCells cells(small_cell_limit, {}, publication);
  SuppressSmallCells(&cells.table());
  const auto suppression = WithholdComplements(&cells.table());
  const bool safe = suppression.ok() && suppression->remaining.empty();
  std::vector<v1::SuppressedFigure> counts;
  for (const auto& [name, value] : figures) {
    if (!IsVictimFigure(name.figure)) continue;
    v1::SuppressedFigure& count = counts.emplace_back();
    count.set_figure(name.figure);
    count.set_state(name.state);
    if (safe && !cells.table().IsHidden(*cells.LatestCell(name))) count.set_value(value);
  }
  return counts;
}

}  // namespace muster
