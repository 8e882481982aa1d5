#include "server/release/repair_search.h"

#include <algorithm>

namespace muster {
namespace {

size_t At(int index) { return static_cast<size_t>(index); }

}  // namespace

RepairSearch::RepairSearch(const CellTable& table) : table_(table), queued_(At(table.sum_count())) {}

RepairSearch::Answer RepairSearch::FindOtherValue(CellId target, int64_t steps_max) {
  CollectComponent(target);
  // A witness is mostly near, and found sooner where nothing can stray; only without that limit is there a proof.
  for (const int64_t reach : {table_.k() * 4, kUnboundedValue * 2}) {
    const Answer answer = SearchWithin(target, reach, steps_max / 2);
    if (answer == Answer::kWitnessFound || reach > kUnboundedValue) return answer;
  }
  return Answer::kBudgetSpent;
}

RepairSearch::Answer RepairSearch::SearchWithin(CellId target, int64_t reach, int64_t steps_max) {
  range_.clear();
  for (CellId id = 0; id < table_.size(); ++id) {
    const int64_t cell_value = table_.cell(id).value;
    range_.push_back(table_.Known(id));
    // The true value is always left.
    Narrow({id, Side::kLow, cell_value - reach});
    Narrow({id, Side::kHigh, cell_value + reach});
  }
  ClearQueue();
  trail_.clear();
  Answer answer = Answer::kNoWitness;
  const int64_t value = table_.cell(target).value;
  for (const Narrowing& away : {Narrowing{target, Side::kLow, value + 1}, Narrowing{target, Side::kHigh, value - 1}}) {
    // Half for each side: one that has no witness may use up its share by raising unbounded ranges without end.
    steps_left_ = steps_max / 2;
    const Answer found = Search(away);
    UndoTo(0);
    if (found == Answer::kWitnessFound) return found;
    if (found == Answer::kBudgetSpent) answer = found;
  }
  return answer;
}

void RepairSearch::CollectComponent(CellId target) {
  std::vector<bool> seen(At(table_.sum_count()));
  component_sums_.clear();
  const auto add_sums_of = [&](CellId cell) {
    for (const CellTerm& term : table_.sums_of_cell(cell)) {
      if (!seen[At(term.sum)]) component_sums_.push_back(term.sum);
      seen[At(term.sum)] = true;
    }
  };
  add_sums_of(target);
  for (size_t i = 0; i < component_sums_.size(); ++i) {
    for (const SumTerm& term : table_.terms_of_sum(component_sums_[i])) {
      if (table_.IsHidden(term.cell)) add_sums_of(term.cell);
    }
  }
}

RepairSearch::Answer RepairSearch::Search(const Narrowing& first) {
  std::vector<Choice> choices;
  for (const int sum : component_sums_) Enqueue(sum);
  bool consistent = Narrow(first) && Propagate();
  while (true) {
    if (steps_left_ <= 0) {
      ClearQueue();
      return Answer::kBudgetSpent;
    }
    if (consistent) {
      Narrowing repair = {first.cell, Side::kLow, kNoLowerBound};
      if (!ChooseRepair(&repair)) return Answer::kWitnessFound;
      const bool raises = repair.side == Side::kLow;
      choices.push_back(
          {trail_.size(), {repair.cell, raises ? Side::kHigh : Side::kLow, repair.bound + (raises ? -1 : 1)}});
      consistent = Narrow(repair) && Propagate();
    } else {
      ClearQueue();
      if (choices.empty()) return Answer::kNoWitness;
      const Choice choice = choices.back();
      choices.pop_back();
      UndoTo(choice.trail_size);
      consistent = Narrow(choice.otherwise) && Propagate();
    }
  }
}

bool RepairSearch::Narrow(const Narrowing& narrowing) {
  KnownRange& range = range_[At(narrowing.cell)];
  int64_t low = range.low;
  int64_t high = range.high;
  if (narrowing.side == Side::kLow) low = std::max(low, narrowing.bound);
  if (narrowing.side == Side::kHigh) high = std::min(high, narrowing.bound);
  // A bound never lies in the gap.
  if (low >= range.gap_low && low <= range.gap_high) low = range.gap_high + 1;
  if (high >= range.gap_low && high <= range.gap_high) high = range.gap_low - 1;
  if (low > high) return false;
  if (low == range.low && high == range.high) return true;
  trail_.push_back({narrowing.cell, range.low, range.high});
  range.low = low;
  range.high = high;
  for (const CellTerm& term : table_.sums_of_cell(narrowing.cell)) Enqueue(term.sum);
  return true;
}

bool RepairSearch::Propagate() {
  while (!queue_.empty() && steps_left_ > 0) {
    const int sum = queue_.front();
    queue_.pop_front();
    queued_[At(sum)] = false;
    if (!PropagateSum(sum)) return false;
  }
  return true;
}

bool RepairSearch::PropagateSum(int sum) {
  const std::vector<SumTerm>& terms = table_.terms_of_sum(sum);
  steps_left_ -= static_cast<int64_t>(terms.size());
  int64_t least = 0;
  int64_t most = 0;
  for (const SumTerm& term : terms) {
    const KnownRange& range = range_[At(term.cell)];
    least += term.sign > 0 ? range.low : -range.high;
    most += term.sign > 0 ? range.high : -range.low;
  }
  if (least > 0 || most < 0) return false;
  for (const SumTerm& term : terms) {
    const KnownRange before = range_[At(term.cell)];
    if (before.low == before.high) continue;
    // The other terms add up to at least others_least and at most others_most; this one is minus that.
    const int64_t others_least = least - (term.sign > 0 ? before.low : -before.high);
    const int64_t others_most = most - (term.sign > 0 ? before.high : -before.low);
    const int64_t low = term.sign > 0 ? -others_most : others_least;
    const int64_t high = term.sign > 0 ? -others_least : others_most;
    if (!Narrow({term.cell, Side::kLow, low}) || !Narrow({term.cell, Side::kHigh, high})) return false;
    const KnownRange& after = range_[At(term.cell)];
    least = others_least + (term.sign > 0 ? after.low : -after.high);
    most = others_most + (term.sign > 0 ? after.high : -after.low);
  }
  return true;
}

int64_t RepairSearch::Tentative(CellId cell) const {
  const KnownRange& range = range_[At(cell)];
  return std::clamp(table_.cell(cell).value, range.low, range.high);
}

bool RepairSearch::ChooseRepair(Narrowing* repair) {
  for (const int sum : component_sums_) {
    const std::vector<SumTerm>& terms = table_.terms_of_sum(sum);
    steps_left_ -= static_cast<int64_t>(terms.size());
    int64_t off = 0;
    for (const SumTerm& term : terms) off += term.sign * Tentative(term.cell);
    if (off == 0) continue;
    // Of the cells that can make up for it, the one in the fewest sums: it unsettles the least.
    const SumTerm* best = nullptr;
    for (const SumTerm& term : terms) {
      const KnownRange& range = range_[At(term.cell)];
      const bool raise = (off < 0) == (term.sign > 0);
      const int64_t room = raise ? range.high - Tentative(term.cell) : Tentative(term.cell) - range.low;
      if (room <= 0) continue;
      const auto sums_of = [this](const SumTerm& t) { return table_.sums_of_cell(t.cell).size(); };
      if (best == nullptr || sums_of(term) < sums_of(*best)) best = &term;
    }
    // Propagation leaves room in every sum. Were it not so, a repair that changes nothing would only spend the budget.
    if (best == nullptr) return true;
    const KnownRange& range = range_[At(best->cell)];
    const int64_t wanted = Tentative(best->cell) - off * best->sign;
    *repair = {best->cell, wanted > Tentative(best->cell) ? Side::kLow : Side::kHigh,
               std::clamp(wanted, range.low, range.high)};
    return true;
  }
  return false;
}

void RepairSearch::Enqueue(int sum) {
  if (queued_[At(sum)]) return;
  queued_[At(sum)] = true;
  queue_.push_back(sum);
}

void RepairSearch::ClearQueue() {
  for (const int sum : queue_) queued_[At(sum)] = false;
  queue_.clear();
}

void RepairSearch::UndoTo(size_t trail_size) {
  for (; trail_.size() > trail_size; trail_.pop_back()) {
    KnownRange& range = range_[At(trail_.back().cell)];
    range.low = trail_.back().low;
    range.high = trail_.back().high;
  }
}

}  // namespace muster
