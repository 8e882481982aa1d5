// Whatever a tally is and becomes: what is issued without an override derives no small victim count, by trying every
// count that a reader could hold possible.
#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/testing/test_messages.h"
#include "gtest/gtest.h"
#include "server/state/releases/testing/release_support.h"
#include "server/state/tallies/testing/tally_support.h"

namespace muster {
namespace {

constexpr uint64_t kLimit = 3;
constexpr uint64_t kCountMax = 6;
// Beyond what is reported: hidden counts may be larger for all that a reader knows.
constexpr uint64_t kTriedMax = 12;

const std::vector<FigureName>& AllNames() {
  static const auto* const kNames = [] {
    auto* names = new std::vector<FigureName>;
    for (const char* place : {"", "KY", "ND"}) {
      for (const auto kind : {v1::FIGURE_KIND_PERSONS, v1::FIGURE_KIND_ADULTS, v1::FIGURE_KIND_MINORS}) {
        names->push_back({place, kind});
      }
    }
    return names;
  }();
  return *kNames;
}

// The adults and minors of Kentucky, then those of North Dakota; every figure is a sum of them.
using Counts = std::array<uint64_t, 4>;

uint64_t ValueOf(const Counts& counts, const FigureName& name) {
  uint64_t value = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const bool here = name.state.empty() || (name.state == "KY") == (i < 2);
    const bool counted =
        name.figure == v1::FIGURE_KIND_PERSONS || (name.figure == v1::FIGURE_KIND_ADULTS) == (i % 2 == 0);
    if (here && counted) value += counts[i];
  }
  return value;
}

bool IsSmall(uint64_t value) { return 1 <= value && value < kLimit; }

bool AgreesWith(const v1::Release& release, const Counts& counts) {
  for (const v1::ReleaseCell& cell : release.cells()) {
    const uint64_t value = ValueOf(counts, {cell.name().state(), cell.name().figure()});
    if (cell.has_value() && cell.value() != value) return false;
    if (cell.has_suppressed_below() != IsSmall(value) && !cell.has_value()) return false;
  }
  return true;
}

// Of each figure, the values that a reader of `releases` holds possible.
std::map<FigureName, std::set<uint64_t>> PossibleValues(const std::vector<v1::Release>& releases) {
  std::map<FigureName, std::set<uint64_t>> possible;
  Counts counts;
  for (counts[0] = 0; counts[0] <= kTriedMax; ++counts[0]) {
    for (counts[1] = 0; counts[1] <= kTriedMax; ++counts[1]) {
      for (counts[2] = 0; counts[2] <= kTriedMax; ++counts[2]) {
        for (counts[3] = 0; counts[3] <= kTriedMax; ++counts[3]) {
          bool agrees = true;
          for (const v1::Release& release : releases) agrees = agrees && AgreesWith(release, counts);
          if (!agrees) continue;
          for (const FigureName& name : AllNames()) possible[name].insert(ValueOf(counts, name));
        }
      }
    }
  }
  return possible;
}

class RandomWorld {
 public:
  explicit RandomWorld(std::mt19937_64* random) : random_(*random) {
    world_.MustSubmit(kRegistrar, RegisterAgency("lead", "MO", /*may_lead=*/true));
    v1::Submission creation = CreateOperation({MakeSite("ky-1", "KY"), MakeSite("nd-1", "ND")});
    creation.mutable_create_operation()->mutable_operation()->set_small_cell_threshold(kLimit);
    world_.MustSubmit("lead", creation);
    world_.MustSubmit("lead", PublishPlan({MakeSection("situation", "EXERCISE")}));
    world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ARMED));
    StartReporting(&world_);
  }

  const Counts& counts() const { return counts_; }

  // Some counts anew.
  void Report() {
    for (size_t i = 0; i < counts_.size(); ++i) {
      if (!entry_ids_[i].empty() && Pick(2) == 0) continue;
      counts_[i] = Pick(kCountMax + 1);
      const v1::TallyEntry entry =
          MakeEntry(EntryId(++entries_), "lead", i < 2 ? "ky-1" : "nd-1",
                    i % 2 == 0 ? v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT : v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR,
                    static_cast<uint32_t>(counts_[i]));
      world_.MustSubmit("lead", entry_ids_[i].empty() ? RecordTally(entry) : CorrectTally(entry_ids_[i], {entry}));
      entry_ids_[i] = entry.entry_id();
    }
  }

  // Drafts random cells and goes as far as it gets without an override. The release if it was issued.
  std::optional<v1::Release> TryToRelease() {
    const std::string id = absl::StrCat("release-", ++releases_);
    std::vector<FigureName> cells = {AllNames()[Pick(9)]};
    std::vector<FigureName> withheld;
    for (const FigureName& name : AllNames()) {
      if (name == cells[0]) continue;
      const uint64_t how = Pick(6);
      if (how < 2) cells.push_back(name);
      if (how == 2) withheld.push_back(name);
    }
    world_.MustSubmit("lead", DraftRelease(id, cells, withheld));
    if (!world_.Submit("lead", CheckRelease(id)).has_accepted()) return std::nullopt;
    world_.MustSubmit("lead", ApproveRelease(id));
    world_.MustSubmit("lead", IssueRelease(id));
    return world_.operation().releases().Find(id)->release();
  }

 private:
  uint64_t Pick(uint64_t below) { return random_() % below; }

  std::mt19937_64& random_;
  World world_;
  Counts counts_ = {};
  std::array<std::string, 4> entry_ids_;
  uint64_t entries_ = 0;
  int releases_ = 0;
};

TEST(RandomReleases, S3NothingSmallIsDerivedFromWhatIsIssuedWithoutAnOverride) {
  std::mt19937_64 random = SeededRandom();
  int issued = 0;
  int refused = 0;
  for (int round = 0; round < 40; ++round) {
    RandomWorld world(&random);
    world.Report();
    std::vector<v1::Release> releases;
    for (int i = 0; i < 3; ++i) {
      const std::optional<v1::Release> release = world.TryToRelease();
      release.has_value() ? ++issued : ++refused;
      if (release.has_value()) releases.push_back(*release);
    }
    const auto possible = PossibleValues(releases);
    for (const FigureName& name : AllNames()) {
      const uint64_t value = ValueOf(world.counts(), name);
      bool shown = false;
      for (const v1::Release& release : releases) {
        for (const v1::ReleaseCell& cell : release.cells()) {
          shown |= cell.has_value() && FigureName{cell.name().state(), cell.name().figure()} == name;
        }
      }
      ASSERT_TRUE(possible.at(name).count(value)) << "round " << round;
      if (!IsSmall(value)) continue;
      ASSERT_FALSE(shown) << "round " << round << ": " << NameInWords(name);
      EXPECT_GT(possible.at(name).size(), 1) << "round " << round << ": " << NameInWords(name) << " is " << value;
    }
  }
  EXPECT_GT(issued, 10);
  EXPECT_GT(refused, 10);
}

TEST(RandomReleases, S4NoFigureChangesByASmallCountFromReleaseToRelease) {
  std::mt19937_64 random = SeededRandom();
  int compared = 0;
  for (int round = 0; round < 60; ++round) {
    RandomWorld world(&random);
    std::map<FigureName, std::set<uint64_t>> shown;
    for (int i = 0; i < 4; ++i) {
      world.Report();
      const std::optional<v1::Release> release = world.TryToRelease();
      if (!release.has_value()) continue;
      for (const v1::ReleaseCell& cell : release->cells()) {
        if (!cell.has_value()) continue;
        const FigureName name{cell.name().state(), cell.name().figure()};
        for (const uint64_t before : shown[name]) {
          ++compared;
          const uint64_t change = before < cell.value() ? cell.value() - before : before - cell.value();
          EXPECT_FALSE(IsSmall(change)) << "round " << round << ": " << NameInWords(name) << " " << before << " and "
                                        << cell.value();
        }
        shown[name].insert(cell.value());
      }
    }
  }
  EXPECT_GT(compared, 10);
}

}  // namespace
}  // namespace muster
