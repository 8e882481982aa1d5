#include "server/state/releases/victim_cells.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

// Persons of unknown age, which are no figure of their own.
constexpr v1::FigureKind kAgeUnknown = v1::FIGURE_KIND_UNSPECIFIED;

constexpr v1::FigureKind kKinds[] = {v1::FIGURE_KIND_PERSONS, v1::FIGURE_KIND_ADULTS, v1::FIGURE_KIND_MINORS,
                                     v1::FIGURE_KIND_SERVICES, kAgeUnknown};

uint64_t ValueOr0(const Figures& figures, const FigureName& name) {
  const auto it = figures.find(name);
  return it == figures.end() ? 0 : it->second;
}

// The victims' figures, and the persons of unknown age that are left of them.
Figures WithAgeUnknown(const Figures& figures) {
  Figures all;
  for (const auto& [name, value] : figures) {
    if (IsVictimFigure(name.figure)) all.emplace(name, value);
  }
  for (const auto& [name, persons] : figures) {
    if (name.figure != v1::FIGURE_KIND_PERSONS) continue;
    const uint64_t known = ValueOr0(figures, {name.state, v1::FIGURE_KIND_ADULTS}) +
                           ValueOr0(figures, {name.state, v1::FIGURE_KIND_MINORS});
    if (persons > known) all.emplace(FigureName{name.state, kAgeUnknown}, persons - known);
  }
  return all;
}

// What tells a reader more.
int Rank(Shown shown) {
  switch (shown) {
    case Shown::kValue:
      return 2;
    case Shown::kBelowK:
    case Shown::kWithheld:
      return 1;
    case Shown::kNothing:
      return 0;
  }
  return 0;
}

std::string Key(const FigureName& name, uint64_t value) {
  return absl::StrCat(name.state, "/", static_cast<int>(name.figure), "=", value);
}

}  // namespace

bool IsVictimFigure(v1::FigureKind figure) {
  return figure == v1::FIGURE_KIND_PERSONS || figure == v1::FIGURE_KIND_ADULTS || figure == v1::FIGURE_KIND_MINORS ||
         figure == v1::FIGURE_KIND_SERVICES;
}

VictimCells::VictimCells(int64_t k, const std::vector<Publication>& earlier, const Publication& latest,
                         bool is_published)
    : table_(k) {
  for (const Publication& publication : earlier) Collect(publication, false);
  if (is_published) {
    latest_ = WithAgeUnknown(latest.figures);
    Collect(latest, true);
  }
  AddCells();
  for (const Publication& publication : earlier) AddSums(WithAgeUnknown(publication.figures));
  AddSums(latest_);
  AddChanges(WithAgeUnknown(latest.figures));
}

std::optional<CellId> VictimCells::LatestCell(const FigureName& name) const {
  if (latest_.count(name) == 0) return std::nullopt;
  return CellOf(latest_, name);
}

std::optional<FigureName> VictimCells::LatestName(CellId cell) const {
  const FigureName& name = NameOf(cell);
  if (LatestCell(name) != std::optional<CellId>(cell)) return std::nullopt;
  return name;
}

void VictimCells::Collect(const Publication& publication, bool is_latest) {
  for (const auto& [name, count] : WithAgeUnknown(publication.figures)) {
    const auto mark = publication.shown.find(name);
    const Shown shown = mark == publication.shown.end() ? Shown::kNothing : mark->second;
    const auto [it, is_new] = values_[name].try_emplace(count);
    Value& value = it->second;
    if (is_new) value.first_release_id = publication.release_id;
    if (Rank(shown) > Rank(value.shown)) value.shown = shown;
    value.shown_before |= !is_latest && shown == Shown::kValue;
    value.is_latest |= is_latest;
  }
}

void VictimCells::AddCells() {
  for (auto& [name, values] : values_) {
    for (auto& [count, value] : values) {
      Cell cell;
      cell.label =
          value.is_latest ? NameInWords(name) : absl::StrCat(NameInWords(name), " in release ", value.first_release_id);
      cell.value = static_cast<int64_t>(std::min<uint64_t>(count, kCellValueMax + 1));  // Beyond it, the table refuses.
      cell.shown = value.shown;
      cell.sensitive = true;
      cell.may_be_withheld = !value.shown_before;
      value.cell = AddCell(std::move(cell), Key(name, count), name);
    }
  }
}

void VictimCells::AddSums(const Figures& figures) {
  std::set<std::string> places;
  for (const auto& [name, value] : figures) places.insert(name.state);
  for (const std::string& place : places) {
    AddSum(figures, {place, v1::FIGURE_KIND_PERSONS},
           {{place, v1::FIGURE_KIND_ADULTS}, {place, v1::FIGURE_KIND_MINORS}, {place, kAgeUnknown}});
  }
  for (const v1::FigureKind kind : kKinds) {
    std::vector<FigureName> states;
    for (const std::string& place : places) {
      if (!place.empty()) states.push_back({place, kind});
    }
    AddSum(figures, {"", kind}, states);
  }
}

void VictimCells::AddSum(const Figures& figures, const FigureName& total, const std::vector<FigureName>& parts) {
  if (figures.count(total) == 0) return;
  std::vector<CellId> cells;
  for (const FigureName& part : parts) {
    if (figures.count(part) > 0) cells.push_back(CellOf(figures, part));
  }
  std::vector<CellId> terms = cells;
  terms.push_back(CellOf(figures, total));
  // The same sum of unchanged figures is stated once.
  if (sums_.insert(terms).second) table_.AddSum(terms.back(), cells);
}

void VictimCells::AddChanges(const Figures& latest) {
  for (const auto& [name, now] : latest) {
    const auto values = values_.find(name);
    if (values == values_.end() || values->second.count(now) == 0) continue;
    const CellId now_cell = values->second.at(now).cell;
    for (const auto& [then, value] : values->second) {
      if (then == now) continue;
      Cell change;
      change.label = absl::StrCat("the change of ", NameInWords(name), " since release ", value.first_release_id);
      change.value = static_cast<int64_t>(now) - static_cast<int64_t>(then);
      change.shown = Shown::kNothing;
      change.sensitive = true;
      change.lower_bound = kNoLowerBound;
      const CellId cell = AddCell(std::move(change), absl::StrCat(Key(name, now), "-", then), name);
      table_.AddSum(now_cell, {value.cell, cell});
    }
  }
}

CellId VictimCells::AddCell(Cell cell, std::string key, const FigureName& name) {
  keys_.push_back(std::move(key));
  names_.push_back(name);
  return table_.AddCell(std::move(cell));
}

CellId VictimCells::CellOf(const Figures& figures, const FigureName& name) const {
  return values_.at(name).at(figures.at(name)).cell;
}

}  // namespace muster
