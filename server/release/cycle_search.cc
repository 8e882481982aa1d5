#include "server/release/cycle_search.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

namespace muster {
namespace {

constexpr CellId kNoCell = -1;
constexpr int64_t kImmovable = -1;
constexpr int64_t kUnreached = std::numeric_limits<int64_t>::max();
// More than the price of any cell that is no total; prices of a whole table still fit.
constexpr int64_t kTotalPrice = kCellValueMax * 2;

size_t At(int index) { return static_cast<size_t>(index); }

// Sets of sums, each sum with a sign relative to its set: tells whether the signs can be chosen so that every cell
// leaves one sum and enters the other, which makes the sums and cells a flow network.
class SignedUnion {
 public:
  explicit SignedUnion(int count) : parent_(At(count)), sign_(At(count), 1), bad_(At(count)) {
    for (int i = 0; i < count; ++i) parent_[At(i)] = i;
  }
  int Find(int i) const { return Root(i).first; }
  bool bad(int root) const { return bad_[At(root)]; }
  void MarkBad(int i) { bad_[At(Root(i).first)] = true; }
  // Joins the sets of `a` and `b`, whose signs must relate as `relation`.
  void Join(int a, int b, int relation) {
    const auto [root_a, sign_a] = Root(a);
    const auto [root_b, sign_b] = Root(b);
    if (root_a == root_b) {
      if (sign_a * sign_b != relation) bad_[At(root_a)] = true;
      return;
    }
    parent_[At(root_b)] = root_a;
    sign_[At(root_b)] = sign_a * sign_b * relation;
    if (bad_[At(root_b)]) bad_[At(root_a)] = true;
  }

 private:
  std::pair<int, int> Root(int i) const {
    int sign = 1;
    for (; parent_[At(i)] != i; i = parent_[At(i)]) sign *= sign_[At(i)];
    return {i, sign};
  }
  std::vector<int> parent_;
  std::vector<int> sign_;
  std::vector<bool> bad_;
};

}  // namespace

struct CycleSearch::Arrival {
  int64_t price = kUnreached;
  Node from = -1;
  Move move = {kNoCell, 0};
};

CycleSearch::CycleSearch(const CellTable& table, Movable movable)
    : table_(table),
      range_(At(table.size())),
      price_(At(table.size()), kImmovable),
      binding_sums_(At(table.size())),
      absorber_(At(table.sum_count()), kNoCell) {
  for (CellId id = 0; id < table_.size(); ++id) {
    const Cell& cell = table_.cell(id);
    range_[At(id)] = table_.IsHidden(id) ? table_.Known(id) : table_.KnownIfHidden(id);
    if (table_.IsHidden(id)) {
      price_[At(id)] = 0;
    } else if (movable == Movable::kHiddenOrWithheld && cell.may_be_withheld) {
      price_[At(id)] = 1 + (cell.value < 0 ? -cell.value : cell.value) + (table_.IsTotal(id) ? kTotalPrice : 0);
    }
  }
  FindAbsorbers();
  FindIncompleteSums();
}

void CycleSearch::FindAbsorbers() {
  for (CellId id = 0; id < table_.size(); ++id) {
    if (price_[At(id)] != 0 || table_.sums_of_cell(id).size() != 1) continue;
    const KnownRange& range = range_[At(id)];
    CellId& absorber = absorber_[At(table_.sums_of_cell(id)[0].sum)];
    if (range.low <= -kUnboundedValue && range.high >= kUnboundedValue && absorber == kNoCell) absorber = id;
  }
  for (CellId id = 0; id < table_.size(); ++id) {
    for (const CellTerm& term : table_.sums_of_cell(id)) {
      if (absorber_[At(term.sum)] == kNoCell) binding_sums_[At(id)].push_back(term);
    }
    if (price_[At(id)] != kImmovable && binding_sums_[At(id)].size() == 1) ground_cells_.push_back(id);
  }
}

void CycleSearch::FindIncompleteSums() {
  SignedUnion sums(table_.sum_count());
  for (CellId id = 0; id < table_.size(); ++id) {
    const std::vector<CellTerm>& binding = binding_sums_[At(id)];
    if (price_[At(id)] != 0 || binding.empty()) continue;
    for (size_t i = 1; i < binding.size(); ++i) {
      sums.Join(binding[0].sum, binding[i].sum, -binding[0].sign * binding[i].sign);
    }
    if (binding.size() > 2 || IsBesideGap(id)) sums.MarkBad(binding[0].sum);
  }
  for (int sum = 0; sum < table_.sum_count(); ++sum) {
    component_.push_back(sums.Find(sum));
    incomplete_.push_back(sums.bad(component_.back()));
  }
}

bool CycleSearch::IsBesideGap(CellId cell) const {
  const KnownRange& range = range_[At(cell)];
  const int64_t value = table_.cell(cell).value;
  return range.gap_low <= range.gap_high && (value + 1 == range.gap_low || value - 1 == range.gap_high);
}

bool CycleSearch::IsComplete(CellId target) const {
  const auto components_complete = [this](CellId cell) {
    const std::vector<CellTerm>& binding = binding_sums_[At(cell)];
    return !IsBesideGap(cell) && std::none_of(binding.begin(), binding.end(), [this](const CellTerm& term) {
      return incomplete_[At(component_[At(term.sum)])];
    });
  };
  const std::vector<CellTerm>& sums = table_.sums_of_cell(target);
  if (sums.size() != 1 || absorber_[At(sums[0].sum)] != target) return components_complete(target);
  // An absorber follows the others of its sum. If that is one, it moves when that one moves; if several, a chain may
  // move two so that they cancel where another chain would not.
  int others = 0;
  bool complete = true;
  for (const SumTerm& term : table_.terms_of_sum(sums[0].sum)) {
    if (term.cell == target || price_[At(term.cell)] != 0) continue;
    ++others;
    complete = complete && components_complete(term.cell);
  }
  return complete && others <= 1;
}

std::optional<std::vector<CellId>> CycleSearch::CheapestChain(CellId target) const {
  std::vector<CellId> starts = {target};
  const std::vector<CellTerm>& sums = table_.sums_of_cell(target);
  if (sums.size() == 1 && absorber_[At(sums[0].sum)] == target) {
    starts.clear();
    for (const SumTerm& term : table_.terms_of_sum(sums[0].sum)) {
      if (term.cell != target && price_[At(term.cell)] != kImmovable) starts.push_back(term.cell);
    }
  }
  std::optional<Chain> best;
  for (const CellId start : starts) {
    std::optional<Chain> chain = ChainThrough(start);
    if (!chain.has_value() || (best.has_value() && best->price <= chain->price)) continue;
    if (CompleteAndCheck(target, &chain->moves)) best = std::move(chain);
  }
  if (!best.has_value()) return std::nullopt;
  std::vector<CellId> cells;
  for (const Move& move : best->moves) cells.push_back(move.cell);
  std::sort(cells.begin(), cells.end());
  return cells;
}

std::optional<CycleSearch::Chain> CycleSearch::ChainThrough(CellId target) const {
  std::optional<Chain> up = ChainFrom(target, 1);
  std::optional<Chain> down = ChainFrom(target, -1);
  if (!up.has_value() || (down.has_value() && down->price < up->price)) return down;
  return up;
}

std::optional<CycleSearch::Chain> CycleSearch::ChainFrom(CellId target, int64_t step) const {
  const std::vector<CellTerm>& binding = binding_sums_[At(target)];
  if (!CanMove(target, step) || binding.size() > 2) return std::nullopt;
  Chain chain = {{}, 0};
  if (!binding.empty()) {
    const Node from = NodeOf(binding[0].sum, binding[0].sign * step);
    // What arrives at the other sum must cancel what the target's own move does there.
    const Node to = binding.size() == 2 ? NodeOf(binding[1].sum, -binding[1].sign * step) : ground();
    std::optional<Chain> route = Route(target, from, to);
    if (!route.has_value()) return std::nullopt;
    chain = *std::move(route);
  }
  chain.moves.push_back({target, step});
  chain.price += price_[At(target)];
  return chain;
}

bool CycleSearch::CanMove(CellId cell, int64_t step) const {
  return price_[At(cell)] != kImmovable && range_[At(cell)].Contains(table_.cell(cell).value + step);
}

template <typename Visit>
void CycleSearch::ForEachMove(CellId target, Node node, Visit visit) const {
  if (node == ground()) {
    for (const CellId cell : ground_cells_) {
      const CellTerm& term = binding_sums_[At(cell)][0];
      for (const int64_t step : {1, -1}) {
        if (cell != target && CanMove(cell, step)) visit(Move{cell, step}, NodeOf(term.sum, term.sign * step));
      }
    }
    return;
  }
  const int sum = node / 2;
  const int64_t off = node % 2 == 0 ? 1 : -1;
  for (const SumTerm& term : table_.terms_of_sum(sum)) {
    const std::vector<CellTerm>& binding = binding_sums_[At(term.cell)];
    const Move move = {term.cell, -off * term.sign};
    if (term.cell == target || binding.size() > 2 || !CanMove(move.cell, move.step)) continue;
    if (binding.size() == 1) {
      visit(move, ground());
    } else {
      const CellTerm& other = binding[0].sum == sum ? binding[1] : binding[0];
      visit(move, NodeOf(other.sum, other.sign * move.step));
    }
  }
}

std::optional<CycleSearch::Chain> CycleSearch::Route(CellId target, Node from, Node to) const {
  std::vector<Arrival> arrivals(At(ground()) + 1);
  // Dijkstra's algorithm; of equal prices the lower node first, so that the answer is the same everywhere.
  using Entry = std::pair<int64_t, Node>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> open;
  arrivals[At(from)].price = 0;
  open.push({0, from});
  while (!open.empty()) {
    const auto [price, node] = open.top();
    open.pop();
    if (node == to) break;
    if (price != arrivals[At(node)].price) continue;
    const auto arrive = [&, node = node, price = price](const Move& move, Node next) {
      const int64_t next_price = price + price_[At(move.cell)];
      if (next_price >= arrivals[At(next)].price) return;
      arrivals[At(next)] = {next_price, node, move};
      open.push({next_price, next});
    };
    ForEachMove(target, node, arrive);
  }
  if (arrivals[At(to)].price == kUnreached) return std::nullopt;
  Chain chain = {{}, arrivals[At(to)].price};
  for (Node node = to; node != from; node = arrivals[At(node)].from) chain.moves.push_back(arrivals[At(node)].move);
  return chain;
}

bool CycleSearch::CompleteAndCheck(CellId target, std::vector<Move>* moves) const {
  std::vector<int64_t> moved(At(table_.size()), 0);
  for (const Move& move : *moves) moved[At(move.cell)] += move.step;
  const auto off_by = [&](int sum) {
    int64_t off = 0;
    for (const SumTerm& term : table_.terms_of_sum(sum)) off += term.sign * moved[At(term.cell)];
    return off;
  };
  const size_t chain_length = moves->size();
  for (size_t i = 0; i < chain_length; ++i) {
    for (const CellTerm& term : table_.sums_of_cell((*moves)[i].cell)) {
      const CellId absorber = absorber_[At(term.sum)];
      const int64_t off = off_by(term.sum);
      if (off == 0) continue;
      if (absorber == kNoCell) return false;
      const int64_t step = -off * table_.sums_of_cell(absorber)[0].sign;
      moved[At(absorber)] += step;
      moves->push_back({absorber, step});
    }
  }
  for (const Move& move : *moves) {
    if (!range_[At(move.cell)].Contains(table_.cell(move.cell).value + moved[At(move.cell)])) return false;
  }
  return moved[At(target)] != 0;
}

}  // namespace muster
