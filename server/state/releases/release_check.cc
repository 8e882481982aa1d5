#include "server/state/releases/release_check.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "server/release/complementary_suppression.h"
#include "server/release/derivation.h"
#include "server/state/releases/victim_cells.h"

namespace muster {
namespace {

using storage::v1::FrozenFigure;
using storage::v1::ReleaseImage;

// How many of the findings of one table say from what they follow, which is the expensive part.
constexpr int kExplainedMax = 8;

FigureName NameOf(const v1::ReleaseCellName& name) { return {name.state(), name.figure()}; }

v1::ReleaseCellName ToProto(const FigureName& name) {
  v1::ReleaseCellName proto;
  proto.set_figure(name.figure);
  proto.set_state(name.state);
  return proto;
}

v1::ReleaseCell CellOf(const FigureName& name, bool withheld, const Figures& figures, int64_t k) {
  v1::ReleaseCell cell;
  *cell.mutable_name() = ToProto(name);
  const auto figure = figures.find(name);
  if (figure == figures.end()) {
    cell.set_not_reported(true);
  } else if (const uint64_t value = figure->second;
             IsVictimFigure(name.figure) && value != 0 && value < static_cast<uint64_t>(k)) {
    cell.set_suppressed_below(static_cast<uint32_t>(k));
  } else if (withheld) {
    cell.set_withheld(true);
  } else {
    cell.set_value(value);
  }
  return cell;
}

Shown ShownAs(const v1::ReleaseCell& cell) {
  switch (cell.shown_case()) {
    case v1::ReleaseCell::kValue:
      return Shown::kValue;
    case v1::ReleaseCell::kSuppressedBelow:
      return Shown::kBelowK;
    case v1::ReleaseCell::kWithheld:
      return Shown::kWithheld;
    default:
      return Shown::kNothing;
  }
}

Publication PublicationOf(const ReleaseImage& release) {
  Publication publication;
  publication.release_id = release.release().release_id();
  for (const FrozenFigure& frozen : release.frozen()) {
    if (frozen.has_value()) publication.figures[NameOf(frozen.name())] = frozen.value();
  }
  for (const v1::ReleaseCell& cell : release.release().cells()) {
    publication.shown[NameOf(cell.name())] = ShownAs(cell);
  }
  return publication;
}

std::vector<Publication> PublicationsOf(const std::vector<const ReleaseImage*>& issued) {
  std::vector<Publication> publications;
  for (const ReleaseImage* release : issued) publications.push_back(PublicationOf(*release));
  return publications;
}

// S2: everything it follows from is of the same place. S3: other places come in.
absl::string_view RuleFor(const VictimCells& cells, const Derivation& derivation) {
  const std::string& place = cells.NameOf(derivation.cell).state;
  const bool within = !derivation.from.empty() &&
                      absl::c_all_of(derivation.from, [&](CellId from) { return cells.NameOf(from).state == place; });
  return within ? "S2" : "S3";
}

// What can be derived from some cells: by key, the sentence after the rule.
class Derived {
 public:
  explicit Derived(const VictimCells& cells) : cells_(cells) {
    SearchLimits limits;
    limits.explained_max = kExplainedMax;
    absl::StatusOr<std::vector<Derivation>> found = FindDerivable(cells.table(), limits);
    if (found.ok()) {
      derivations_ = *std::move(found);
    } else {
      failure_ = std::string(found.status().message());
    }
    for (const Derivation& derivation : derivations_) keys_.insert(cells.KeyOf(derivation.cell));
  }

  const std::set<std::string>& keys() const { return keys_; }

  // Sentences for what no set of `known` holds. `rule`: instead of the one that the derivation itself gives.
  void Describe(const std::vector<const std::set<std::string>*>& known, absl::string_view rule,
                std::vector<std::string>* findings) const {
    if (!failure_.empty()) {
      findings->push_back(absl::StrCat(rule.empty() ? "S3" : rule, ": the figures cannot be checked: ", failure_));
    }
    int proven = 0;
    for (const Derivation& derivation : derivations_) {
      const bool is_explained = derivation.proven && proven++ < kExplainedMax;
      const std::string& key = cells_.KeyOf(derivation.cell);
      if (absl::c_any_of(known, [&](const auto* keys) { return keys->count(key) > 0; })) continue;
      findings->push_back(
          absl::StrCat(rule.empty() ? RuleFor(cells_, derivation) : rule, ": ", Sentence(derivation, is_explained)));
    }
  }

 private:
  std::string Sentence(const Derivation& derivation, bool is_explained) const {
    const std::string& label = cells_.table().cell(derivation.cell).label;
    if (!derivation.proven) return absl::StrCat("the check could not show that ", label, " stays hidden");
    if (!is_explained) return absl::StrCat(label, " can be derived too");
    return muster::Describe(cells_.table(), derivation);
  }

  const VictimCells& cells_;
  std::vector<Derivation> derivations_;
  std::set<std::string> keys_;
  std::string failure_;
};

}  // namespace

void FreezeRelease(const ReleaseCellNames& names, const ReleaseCellNames& withheld, const Figures& figures, int64_t k,
                   ReleaseImage* release) {
  std::set<FigureName> hidden;
  for (const v1::ReleaseCellName& name : withheld) hidden.insert(NameOf(name));
  std::set<FigureName> frozen;
  v1::Release* shown = release->mutable_release();
  shown->clear_cells();
  const auto add = [&](const v1::ReleaseCellName& name) {
    if (!frozen.insert(NameOf(name)).second) return;
    *shown->add_cells() = CellOf(NameOf(name), hidden.count(NameOf(name)) > 0, figures, k);
  };
  for (const v1::ReleaseCellName& name : names) add(name);
  for (const v1::ReleaseCellName& name : withheld) add(name);

  release->clear_withheld();
  for (const FigureName& name : hidden) *release->add_withheld() = ToProto(name);
  for (const auto& [name, value] : figures) {
    if (IsVictimFigure(name.figure)) frozen.insert(name);
  }
  release->clear_frozen();
  for (const FigureName& name : frozen) {
    FrozenFigure* figure = release->add_frozen();
    *figure->mutable_name() = ToProto(name);
    if (const auto it = figures.find(name); it != figures.end()) figure->set_value(it->second);
  }
}

void FreezeAgain(const Figures& figures, int64_t k, ReleaseImage* release) {
  ReleaseCellNames names;
  for (const v1::ReleaseCell& cell : release->release().cells()) *names.Add() = cell.name();
  const ReleaseCellNames withheld = release->withheld();
  FreezeRelease(names, withheld, figures, k, release);
}

bool HaveSameFigures(const ReleaseImage& a, const ReleaseImage& b) {
  return a.frozen_size() == b.frozen_size() &&
         std::equal(a.frozen().begin(), a.frozen().end(), b.frozen().begin(),
                    [](const FrozenFigure& x, const FrozenFigure& y) {
                      return google::protobuf::util::MessageDifferencer::Equals(x, y);
                    });
}

std::vector<std::string> FindingsOf(const ReleaseImage& release, const std::vector<const ReleaseImage*>& issued,
                                    int64_t k) {
  std::vector<std::string> findings;
  const Publication publication = PublicationOf(release);
  const VictimCells alone(k, {}, publication);
  const Derived from_alone(alone);
  from_alone.Describe({}, "", &findings);
  if (issued.empty()) return findings;
  const std::vector<Publication> earlier = PublicationsOf(issued);
  const VictimCells before(k, earlier, publication, /*is_published=*/false);
  const Derived from_before(before);
  const VictimCells together(k, earlier, publication);
  const Derived from_together(together);
  from_together.Describe({&from_alone.keys(), &from_before.keys()}, "S4", &findings);
  return findings;
}

std::string RuleOfFinding(const std::string& finding) { return finding.substr(0, finding.find(':')); }

std::vector<v1::ReleaseCellName> SuggestWithheld(const ReleaseImage& release,
                                                 const std::vector<const ReleaseImage*>& issued, int64_t k) {
  const Publication publication = PublicationOf(release);
  VictimCells cells(k, PublicationsOf(issued), publication);
  const absl::StatusOr<ComplementarySuppression> suppression = WithholdComplements(&cells.table());
  if (!suppression.ok()) return {};
  ReleaseImage tried = release;
  std::vector<v1::ReleaseCellName> suggested;
  for (const CellId cell : suppression->withheld) {
    if (const std::optional<FigureName> name = cells.LatestName(cell); name.has_value()) {
      suggested.push_back(ToProto(*name));
      *tried.add_withheld() = ToProto(*name);
    }
  }
  FreezeAgain(publication.figures, k, &tried);
  return FindingsOf(tried, issued, k).empty() ? suggested : std::vector<v1::ReleaseCellName>();
}

}  // namespace muster
