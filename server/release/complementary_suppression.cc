#include "server/release/complementary_suppression.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>

#include "server/release/cycle_search.h"
#include "server/release/disclosure_judge.h"

namespace muster {
namespace {

size_t At(int index) { return static_cast<size_t>(index); }

bool MayWithhold(const CellTable& table, CellId id) { return !table.IsHidden(id) && table.cell(id).may_be_withheld; }

bool IsProtected(const CellTable& table, CellId target, const SearchLimits& limits) {
  return DisclosureJudge(table, limits.steps_per_cell_max).Judge(target) == Verdict::kProtected;
}

// What a reader loses with the cell, for comparison: totals last, then the larger.
std::tuple<bool, int64_t, CellId> LossOf(const CellTable& table, CellId id) {
  const int64_t value = table.cell(id).value;
  return {table.IsTotal(id), value < 0 ? -value : value, id};
}

// The cell with the least loss among the nearest to `target`, counted in sums, that may be withheld.
std::optional<CellId> NearestToWithhold(const CellTable& table, CellId target) {
  std::vector<char> seen(At(table.size()));
  seen[At(target)] = true;
  for (std::vector<CellId> reached = {target}; !reached.empty();) {
    std::vector<CellId> next;
    std::optional<CellId> best;
    for (const CellId from : reached) {
      for (const CellTerm& in : table.sums_of_cell(from)) {
        for (const SumTerm& term : table.terms_of_sum(in.sum)) {
          if (std::exchange(seen[At(term.cell)], true)) continue;
          next.push_back(term.cell);
          if (!MayWithhold(table, term.cell)) continue;
          if (!best.has_value() || LossOf(table, term.cell) < LossOf(table, *best)) best = term.cell;
        }
      }
    }
    if (best.has_value()) return best;
    reached = std::move(next);
  }
  return std::nullopt;
}

// Hides cells until `target` is protected or nothing tied to it is left to hide. Adds them to `withheld`.
void Protect(CellTable* table, CellId target, const SearchLimits& limits, std::vector<CellId>* withheld) {
  while (!IsProtected(*table, target, limits)) {
    const size_t before = withheld->size();
    const CycleSearch cycles(*table, CycleSearch::Movable::kHiddenOrWithheld);
    if (const auto chain = cycles.CheapestChain(target); chain.has_value()) {
      for (const CellId id : *chain) {
        if (!table->IsHidden(id)) withheld->push_back(id);
      }
    } else if (const auto nearest = NearestToWithhold(*table, target); nearest.has_value()) {
      withheld->push_back(*nearest);
    }
    if (withheld->size() == before) return;
    for (size_t i = before; i < withheld->size(); ++i) table->Hide((*withheld)[i]);
  }
}

// Shows again, the greatest loss first, whatever leaves as many of `targets` protected as now.
void ShowWhatIsNotNeeded(CellTable* table, const std::vector<CellId>& targets, const SearchLimits& limits,
                         std::vector<CellId>* withheld) {
  std::vector<CellId> protected_targets;
  for (const CellId target : targets) {
    if (IsProtected(*table, target, limits)) protected_targets.push_back(target);
  }
  std::sort(withheld->begin(), withheld->end(),
            [table](CellId a, CellId b) { return LossOf(*table, a) > LossOf(*table, b); });
  std::vector<CellId> needed;
  for (const CellId id : *withheld) {
    table->SetShown(id, Shown::kValue);
    DisclosureJudge judge(*table, limits.steps_per_cell_max);
    const auto safe = [&judge](CellId target) { return judge.Judge(target) == Verdict::kProtected; };
    if (std::all_of(protected_targets.begin(), protected_targets.end(), safe)) continue;
    table->Hide(id);
    needed.push_back(id);
  }
  std::sort(needed.begin(), needed.end());
  *withheld = std::move(needed);
}

}  // namespace

absl::StatusOr<ComplementarySuppression> WithholdComplements(CellTable* table, const SearchLimits& limits) {
  if (!table->status().ok()) return table->status();
  std::vector<CellId> targets;
  for (CellId id = 0; id < table->size(); ++id) {
    if (table->IsHidden(id) && table->IsSmall(id)) targets.push_back(id);
  }
  ComplementarySuppression result;
  for (size_t i = 0; i < targets.size(); ++i) {
    const size_t before = result.withheld.size();
    Protect(table, targets[i], limits, &result.withheld);
    // A small cell that was shown, by an override of S1, is one more to protect once it is hidden.
    for (size_t j = before; j < result.withheld.size(); ++j) {
      if (table->IsSmall(result.withheld[j])) targets.push_back(result.withheld[j]);
    }
  }
  ShowWhatIsNotNeeded(table, targets, limits, &result.withheld);
  absl::StatusOr<std::vector<Derivation>> remaining = FindDerivable(*table, limits);
  if (!remaining.ok()) return remaining.status();
  result.remaining = *std::move(remaining);
  return result;
}

}  // namespace muster
