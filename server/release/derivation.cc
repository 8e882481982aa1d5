#include "server/release/derivation.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace muster {
namespace {

size_t At(int index) { return static_cast<size_t>(index); }

bool IsTarget(const CellTable& table, CellId id) { return table.IsHidden(id) && table.IsSmall(id); }

// The shortest sum in which `cell` is the only hidden one; -1 if there is none.
int SumThatGives(const CellTable& table, CellId cell) {
  int best = -1;
  for (const CellTerm& in : table.sums_of_cell(cell)) {
    const std::vector<SumTerm>& terms = table.terms_of_sum(in.sum);
    const bool gives = std::all_of(terms.begin(), terms.end(), [&](const SumTerm& term) {
      return term.cell == cell || !table.IsHidden(term.cell);
    });
    if (gives && (best < 0 || terms.size() < table.terms_of_sum(best).size())) best = in.sum;
  }
  return best;
}

// The shown cells by their distance from `cell`, counted in sums: rings[0] share a sum with it.
std::vector<std::vector<CellId>> ShownCellsByDistance(const CellTable& table, CellId cell) {
  std::vector<std::vector<CellId>> rings;
  std::vector<char> seen_cell(At(table.size()));
  std::vector<char> seen_sum(At(table.sum_count()));
  seen_cell[At(cell)] = true;
  for (std::vector<CellId> reached = {cell}; !reached.empty();) {
    std::vector<CellId> ring;
    std::vector<CellId> next;
    for (const CellId from : reached) {
      for (const CellTerm& in : table.sums_of_cell(from)) {
        if (std::exchange(seen_sum[At(in.sum)], true)) continue;
        for (const SumTerm& term : table.terms_of_sum(in.sum)) {
          if (std::exchange(seen_cell[At(term.cell)], true)) continue;
          next.push_back(term.cell);
          if (!table.IsHidden(term.cell)) ring.push_back(term.cell);
        }
      }
    }
    rings.push_back(std::move(ring));
    reached = std::move(next);
  }
  return rings;
}

// Shown cells from which `cell` follows, none of which can be left out.
std::vector<CellId> Explain(const CellTable& table, CellId cell, int64_t steps_per_cell_max) {
  std::vector<CellId> from;
  CellTable trial = table;
  const auto follows = [&] { return DisclosureJudge(trial, steps_per_cell_max).Judge(cell) != Verdict::kProtected; };
  const auto show = [&](const std::vector<CellId>& cells) {
    for (const CellId id : cells) trial.SetShown(id, Shown::kValue);
    from.insert(from.end(), cells.begin(), cells.end());
  };
  for (CellId id = 0; id < table.size(); ++id) {
    if (!table.IsHidden(id)) trial.SetShown(id, Shown::kNothing);
  }
  if (const int sum = SumThatGives(table, cell); sum >= 0) {
    std::vector<CellId> others;
    for (const SumTerm& term : table.terms_of_sum(sum)) {
      if (term.cell != cell) others.push_back(term.cell);
    }
    show(others);
  } else {
    // What is near, then ring by ring farther out until the cell follows.
    for (const std::vector<CellId>& ring : ShownCellsByDistance(table, cell)) {
      if (follows()) break;
      show(ring);
    }
  }
  for (size_t i = from.size(); i-- > 0;) {
    trial.SetShown(from[i], Shown::kNothing);
    if (follows()) {
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      trial.SetShown(from[i], Shown::kValue);
    }
  }
  std::sort(from.begin(), from.end());
  return from;
}

std::string Named(const CellTable& table, CellId id) {
  return absl::StrCat(table.cell(id).label, " ", table.cell(id).value);
}

// The sum that consists of `cell` and exactly the cells `from`, which is sorted; -1 if there is none.
int SumOf(const CellTable& table, CellId cell, const std::vector<CellId>& from) {
  for (const CellTerm& in : table.sums_of_cell(cell)) {
    const std::vector<SumTerm>& terms = table.terms_of_sum(in.sum);
    const auto known = [&](const SumTerm& term) {
      return term.cell == cell || std::binary_search(from.begin(), from.end(), term.cell);
    };
    if (terms.size() == from.size() + 1 && std::all_of(terms.begin(), terms.end(), known)) return in.sum;
  }
  return -1;
}

}  // namespace

absl::StatusOr<std::vector<Derivation>> FindDerivable(const CellTable& table, const SearchLimits& limits) {
  if (!table.status().ok()) return table.status();
  std::vector<Derivation> found;
  DisclosureJudge judge(table, limits.steps_per_cell_max);
  for (CellId id = 0; id < table.size(); ++id) {
    if (!IsTarget(table, id)) continue;
    const Verdict verdict = judge.Judge(id);
    if (verdict == Verdict::kProtected) continue;
    Derivation derivation = {id, verdict == Verdict::kDerived};
    if (derivation.proven && found.size() < At(limits.explained_max)) {
      derivation.from = Explain(table, id, limits.steps_per_cell_max);
    }
    found.push_back(std::move(derivation));
  }
  return found;
}

std::string Describe(const CellTable& table, const Derivation& derivation) {
  const std::string cell = Named(table, derivation.cell);
  if (!derivation.proven) return absl::StrCat("the search could not show that ", cell, " stays hidden");
  if (derivation.from.empty()) return absl::StrCat("the marks and sums alone give ", cell);
  const int sum = SumOf(table, derivation.cell, derivation.from);
  if (sum < 0) {
    const auto named = [&](std::string* out, CellId id) { absl::StrAppend(out, Named(table, id)); };
    return absl::StrCat("taken together, ", absl::StrJoin(derivation.from, ", ", named), " give ", cell);
  }
  // The terms that are on the other side of the equation, in the order of the sum.
  const std::vector<SumTerm>& terms = table.terms_of_sum(sum);
  const bool is_total = terms[0].cell == derivation.cell;
  std::string text;
  for (const SumTerm& term : terms) {
    if (term.cell == derivation.cell) continue;
    absl::StrAppend(&text, text.empty() ? "" : (is_total ? " plus " : " minus "), Named(table, term.cell));
  }
  return absl::StrCat(text, " gives ", cell);
}

}  // namespace muster
