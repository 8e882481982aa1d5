// The release rules on tables small enough to check by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/release/cell_table.h"
#include "server/release/complementary_suppression.h"
#include "server/release/derivation.h"
#include "server/release/testing/tables.h"

namespace muster {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;

// What FindDerivable finds, in words.
std::vector<std::string> Derivable(const CellTable& table) {
  const auto found = FindDerivable(table);
  EXPECT_TRUE(found.ok()) << found.status();
  std::vector<std::string> words;
  if (!found.ok()) return words;
  for (const Derivation& derivation : *found) words.push_back(Describe(table, derivation));
  return words;
}

std::vector<std::string> Labels(const CellTable& table, const std::vector<CellId>& cells) {
  std::vector<std::string> labels;
  for (const CellId id : cells) labels.push_back(table.cell(id).label);
  return labels;
}

// Persons recovered in Operation United Front: the seven states that reported, with Missouri's definitions.
struct UnitedFront {
  CellTable table;
  CellId persons = 0;
  CellId adults = 0;
  CellId minors = 0;
};

UnitedFront MakeUnitedFront() {
  struct State {
    const char* name;
    int64_t adults;
    int64_t minors;
  };
  constexpr State kStates[] = {{"MO", 4, 0}, {"IL", 1, 0}, {"KY", 21, 2}, {"MN", 8, 0},
                               {"ND", 6, 0}, {"OK", 1, 0}, {"TX", 4, 0}};
  UnitedFront made;
  std::vector<CellId> persons;
  std::vector<CellId> adults;
  std::vector<CellId> minors;
  const auto add = [&](absl::string_view state, absl::string_view what, int64_t value) {
    return made.table.AddCell({.label = absl::StrCat(state, " ", what), .value = value, .sensitive = true});
  };
  for (const State& state : kStates) {
    persons.push_back(add(state.name, "persons", state.adults + state.minors));
    adults.push_back(add(state.name, "adults", state.adults));
    minors.push_back(add(state.name, "minors", state.minors));
    made.table.AddSum(persons.back(), {adults.back(), minors.back()});
  }
  made.persons = add("all", "persons", 47);
  made.adults = add("all", "adults", 45);
  made.minors = add("all", "minors", 2);
  made.table.AddSum(made.persons, persons);
  made.table.AddSum(made.adults, adults);
  made.table.AddSum(made.minors, minors);
  made.table.AddSum(made.persons, {made.adults, made.minors});
  return made;
}

TEST(Release, S1CellsOfOneToTenAreSuppressedAndZeroIsShown) {
  CellTable table;
  std::vector<CellId> cells;
  for (const int64_t value : {0, 1, 10, 11, 47}) {
    cells.push_back(table.AddCell({.label = "cell", .value = value, .sensitive = true}));
  }
  EXPECT_THAT(SuppressSmallCells(&table), ElementsAre(cells[1], cells[2]));
  EXPECT_EQ(table.cell(cells[0]).shown, Shown::kValue);
  EXPECT_EQ(table.cell(cells[1]).shown, Shown::kBelowK);
  EXPECT_EQ(table.cell(cells[2]).shown, Shown::kBelowK);
  EXPECT_EQ(table.cell(cells[3]).shown, Shown::kValue);
}

TEST(Release, S1TheLimitCanBeConfigured) {
  CellTable table(5);
  const CellId four = table.AddCell({.label = "four", .value = 4, .sensitive = true});
  table.AddCell({.label = "five", .value = 5, .sensitive = true});
  EXPECT_THAT(SuppressSmallCells(&table), ElementsAre(four));
  EXPECT_FALSE(CellTable(2).status().ok()) << "\"fewer than 2\" would say 1";
}

TEST(Release, S1CellsThatIdentifyNobodyAndEarlierReleasesStayShown) {
  CellTable table;
  table.AddCell({.label = "warrants", .value = 3});
  table.AddCell({.label = "minors in May", .value = 3, .sensitive = true, .may_be_withheld = false});
  EXPECT_THAT(SuppressSmallCells(&table), IsEmpty());
}

TEST(Release, S2PersonsAndAdultsDeriveTheMinorsThatNobodyAskedFor) {
  CellTable table;
  const CellId persons = table.AddCell({.label = "persons", .value = 47, .sensitive = true});
  const CellId adults = table.AddCell({.label = "adults", .value = 45, .sensitive = true});
  const CellId minors = table.AddCell({.label = "minors", .value = 2, .shown = Shown::kNothing, .sensitive = true});
  table.AddSum(persons, {adults, minors});
  EXPECT_THAT(SuppressSmallCells(&table), IsEmpty());
  const auto found = FindDerivable(table);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ((*found)[0].cell, minors);
  EXPECT_TRUE((*found)[0].proven);
  EXPECT_THAT((*found)[0].from, ElementsAre(persons, adults));
  EXPECT_EQ(Describe(table, (*found)[0]), "persons 47 minus adults 45 gives minors 2");
}

TEST(Release, S2PersonsAloneDeriveNothing) {
  CellTable table;
  const CellId persons = table.AddCell({.label = "persons", .value = 47, .sensitive = true});
  const CellId adults = table.AddCell({.label = "adults", .value = 45, .shown = Shown::kNothing, .sensitive = true});
  const CellId minors = table.AddCell({.label = "minors", .value = 2, .shown = Shown::kNothing, .sensitive = true});
  table.AddSum(persons, {adults, minors});
  EXPECT_THAT(Derivable(table), IsEmpty());
}

TEST(Release, S2AnUnknownAgeInBetweenProtectsTheMinors) {
  CellTable table;
  const CellId persons = table.AddCell({.label = "persons", .value = 47, .sensitive = true});
  const CellId adults = table.AddCell({.label = "adults", .value = 40, .sensitive = true});
  const CellId minors = table.AddCell({.label = "minors", .value = 2, .shown = Shown::kNothing, .sensitive = true});
  const CellId unknown = table.AddCell({.label = "age unknown", .value = 5, .shown = Shown::kNothing});
  table.AddSum(persons, {adults, minors, unknown});
  EXPECT_THAT(Derivable(table), IsEmpty());
  table.SetShown(unknown, Shown::kValue);
  EXPECT_THAT(Derivable(table), ElementsAre("persons 47 minus adults 40 minus age unknown 5 gives minors 2"));
}

TEST(Release, S2TheMarkItselfCanGiveTheLastMissingPart) {
  // Two cells of 1..10 that add up to 20 are both 10.
  CellTable table;
  const CellId all = table.AddCell({.label = "all", .value = 20});
  const CellId one = table.AddCell({.label = "one", .value = 10, .sensitive = true});
  const CellId other = table.AddCell({.label = "other", .value = 10, .sensitive = true});
  table.AddSum(all, {one, other});
  EXPECT_THAT(SuppressSmallCells(&table), ElementsAre(one, other));
  EXPECT_THAT(Derivable(table),
              ElementsAre("taken together, all 20 give one 10", "taken together, all 20 give other 10"));
}

TEST(Release, S2UnitedFrontGivesTheMinorsAwayInTheTotalsAndInKentucky) {
  UnitedFront made = MakeUnitedFront();
  ASSERT_TRUE(made.table.status().ok()) << made.table.status();
  SuppressSmallCells(&made.table);
  EXPECT_THAT(Derivable(made.table), IsSupersetOf({"KY persons 23 minus KY adults 21 gives KY minors 2",
                                                   "all persons 47 minus all adults 45 gives all minors 2"}));
}

TEST(Release, S3UnitedFrontIsProtectedByWithholdingTwoCells) {
  UnitedFront made = MakeUnitedFront();
  SuppressSmallCells(&made.table);
  const auto result = WithholdComplements(&made.table);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->remaining, IsEmpty());
  EXPECT_THAT(Derivable(made.table), IsEmpty());
  EXPECT_THAT(Labels(made.table, result->withheld), ElementsAre("KY adults", "all adults"));
}

TEST(Release, S3ASingleSuppressedCellOfARowIsDerived) {
  TwoWayTable made = MakeTwoWayTable({{3, 20}, {30, 40}});
  SuppressSmallCells(&made.table);
  EXPECT_THAT(Derivable(made.table), ElementsAre("r0 23 minus r0c1 20 gives r0c0 3"));
}

TEST(Release, S3AClosedSquareOfSuppressedCellsIsProtected) {
  TwoWayTable made = MakeTwoWayTable({{3, 5, 20}, {4, 6, 40}, {50, 60, 70}});
  EXPECT_THAT(SuppressSmallCells(&made.table), SizeIs(4));
  EXPECT_THAT(Derivable(made.table), IsEmpty());
}

TEST(Release, S3TwoSuppressedCellsOfARowAreStillDerivedByTheirColumns) {
  TwoWayTable made = MakeTwoWayTable({{3, 5, 20}, {40, 60, 40}});
  SuppressSmallCells(&made.table);
  EXPECT_THAT(Derivable(made.table),
              ElementsAre("c0 43 minus r1c0 40 gives r0c0 3", "c1 65 minus r1c1 60 gives r0c1 5"));
}

TEST(Release, S3ACellThatOnlySeveralSumsTogetherGiveIsDerived) {
  // The square of rows 0, 1 and columns 0, 1 is closed; so is that of rows 2, 3 and columns 2, 3. r0c2 joins them and
  // follows from the sums of rows 0 and 1 less those of columns 0 and 1.
  TwoWayTable made = MakeTwoWayTable({{2, 3, 4, 50}, {5, 6, 50, 50}, {50, 50, 7, 8}, {50, 50, 5, 4}});
  SuppressSmallCells(&made.table);
  const auto found = FindDerivable(made.table);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ((*found)[0].cell, made.cells[0][2]);
  EXPECT_THAT((*found)[0].from, SizeIs(11));
}

TEST(Release, S3ComplementsAreTheSmallestThatCloseASquare) {
  TwoWayTable made = MakeTwoWayTable({{3, 20, 90}, {30, 40, 90}, {90, 90, 90}});
  SuppressSmallCells(&made.table);
  const auto result = WithholdComplements(&made.table);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Labels(made.table, result->withheld), ElementsAre("r0c1", "r1c0", "r1c1"));
  EXPECT_THAT(result->remaining, IsEmpty());
}

TEST(Release, S3WithheldCellsAreNotTakenForSmallOnes) {
  // "withheld" beside "fewer than 11" says 0 or 11 and more: 3 + 11 = 14 leaves 1..3 and 11..13, but 1 + 11 = 12
  // only 1.
  const auto make = [](int64_t small) {
    CellTable table;
    const CellId all = table.AddCell({.label = "all", .value = small + 11});
    const CellId one = table.AddCell({.label = "one", .value = small, .sensitive = true});
    const CellId other = table.AddCell({.label = "other", .value = 11, .sensitive = true});
    table.AddSum(all, {one, other});
    table.Hide(one);
    table.Hide(other);
    return table;
  };
  EXPECT_THAT(Derivable(make(3)), IsEmpty());
  EXPECT_THAT(Derivable(make(1)), ElementsAre("taken together, all 12 give one 1"));
}

TEST(Release, S3WhatTheMarksAloneGiveIsReportedAsRemaining) {
  CellTable table(3);
  const CellId total = table.AddCell({.label = "total", .value = 2, .sensitive = true});
  const CellId one = table.AddCell({.label = "one", .value = 1, .sensitive = true});
  const CellId other = table.AddCell({.label = "other", .value = 1, .sensitive = true});
  table.AddSum(total, {one, other});
  EXPECT_THAT(SuppressSmallCells(&table), ElementsAre(total, one, other));
  const auto result = WithholdComplements(&table);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->remaining, SizeIs(3));
  EXPECT_EQ(Describe(table, result->remaining[0]), "the marks and sums alone give total 2");
  // The same mark for everything hidden protects them.
  for (const CellId id : {total, one, other}) table.SetShown(id, Shown::kNothing);
  EXPECT_THAT(Derivable(table), IsEmpty());
}

TEST(Release, S3ASearchThatEndsWithoutAnAnswerReportsTheCell) {
  // Three sums for each cell: no table by rows and columns, so the general search has to find the witness.
  CellTable table;
  std::vector<CellId> cells;
  for (int i = 0; i < 8; ++i) {
    cells.push_back(table.AddCell({.label = "cell", .value = 5, .shown = Shown::kBelowK, .sensitive = true}));
  }
  for (const int bit : {1, 2, 4}) {
    for (int corner = 0; corner < 8; ++corner) {
      if ((corner & bit) != 0) continue;
      const CellId edge = table.AddCell({.label = "edge", .value = 10});
      table.AddSum(edge, {cells[static_cast<size_t>(corner)], cells[static_cast<size_t>(corner | bit)]});
    }
  }
  EXPECT_THAT(Derivable(table), IsEmpty());
  const auto found = FindDerivable(table, {.steps_per_cell_max = 10});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(*found, SizeIs(8));
  EXPECT_FALSE((*found)[0].proven);
  EXPECT_EQ(Describe(table, (*found)[0]), "the search could not show that cell 5 stays hidden");
}

TEST(Release, S3SixtyStatesBySixColumnsAreProtected) {
  std::vector<std::vector<int64_t>> values(60, std::vector<int64_t>(6));
  for (size_t row = 0; row < values.size(); ++row) {
    for (size_t column = 0; column < 6; ++column) {
      values[row][column] = static_cast<int64_t>((row * 7 + column * 13 + row * column) % 60);
    }
  }
  TwoWayTable made = MakeTwoWayTable(values);
  const std::vector<CellId> small = SuppressSmallCells(&made.table);
  EXPECT_GT(small.size(), 40u);
  const auto result = WithholdComplements(&made.table);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->remaining, IsEmpty());
  EXPECT_THAT(Derivable(made.table), IsEmpty());
  EXPECT_LT(result->withheld.size(), small.size()) << "withholds more than needed";
}

TEST(Release, S3TheSameTableGivesTheSameComplements) {
  const auto withheld = [] {
    TwoWayTable made = MakeTwoWayTable({{3, 20, 20}, {20, 20, 20}, {20, 20, 20}});
    SuppressSmallCells(&made.table);
    return WithholdComplements(&made.table)->withheld;
  };
  EXPECT_THAT(withheld(), ElementsAreArray(withheld()));
  EXPECT_THAT(withheld(), SizeIs(3));
}

// A count shown in two releases. Returns the table with the ids then, now, difference from 0.
CellTable MakeTwoReleases(int64_t then, int64_t now) {
  CellTable table;
  const CellId earlier = table.AddCell({.label = "then", .value = then, .sensitive = true, .may_be_withheld = false});
  const CellId later = table.AddCell({.label = "now", .value = now, .sensitive = true});
  const CellId difference = table.AddCell({.label = "difference",
                                           .value = now - then,
                                           .shown = Shown::kNothing,
                                           .sensitive = true,
                                           .lower_bound = kNoLowerBound});
  table.AddSum(later, {earlier, difference});
  return table;
}

TEST(Release, S4TwoReleasesDeriveASmallDifferenceEitherWay) {
  EXPECT_THAT(Derivable(MakeTwoReleases(60, 63)), ElementsAre("now 63 minus then 60 gives difference 3"));
  EXPECT_THAT(Derivable(MakeTwoReleases(63, 60)), ElementsAre("now 60 minus then 63 gives difference -3"));
  EXPECT_THAT(Derivable(MakeTwoReleases(60, 60)), IsEmpty());
  EXPECT_THAT(Derivable(MakeTwoReleases(60, 75)), IsEmpty());
}

TEST(Release, S4AWithheldZeroCouldBeElevenAndHidesTheDifference) {
  CellTable table;
  const CellId now = table.AddCell({.label = "now", .value = 5});
  const CellId then = table.AddCell({.label = "then", .value = 0, .shown = Shown::kWithheld, .sensitive = true});
  const CellId more = table.AddCell(
      {.label = "more", .value = 5, .shown = Shown::kNothing, .sensitive = true, .lower_bound = kNoLowerBound});
  table.AddSum(now, {then, more});
  EXPECT_THAT(Derivable(table), IsEmpty());
}

TEST(Release, S4TheLaterReleaseWithholdsWhatDifferencingWouldDerive) {
  CellTable table = MakeTwoReleases(60, 63);
  const auto result = WithholdComplements(&table);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Labels(table, result->withheld), ElementsAre("now"));
  EXPECT_THAT(result->remaining, IsEmpty());
}

TEST(Release, S4AFigureThatHasNotChangedIsOneCellAcrossReleases) {
  // Persons were shown in an earlier release; showing the adults now gives the minors.
  CellTable table;
  const CellId persons = table.AddCell({.label = "persons", .value = 47, .sensitive = true, .may_be_withheld = false});
  const CellId adults = table.AddCell({.label = "adults", .value = 45, .sensitive = true});
  const CellId minors = table.AddCell({.label = "minors", .value = 2, .sensitive = true});
  table.AddSum(persons, {adults, minors});
  SuppressSmallCells(&table);
  EXPECT_THAT(Derivable(table), ElementsAre("persons 47 minus adults 45 gives minors 2"));
  const auto result = WithholdComplements(&table);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->withheld, ElementsAre(adults));
  EXPECT_THAT(result->remaining, IsEmpty());
}

TEST(Release, S4WhatEarlierReleasesGiveAwayRemains) {
  CellTable table;
  const CellId persons = table.AddCell({.label = "persons", .value = 47, .may_be_withheld = false});
  const CellId adults = table.AddCell({.label = "adults", .value = 45, .may_be_withheld = false});
  const CellId minors = table.AddCell({.label = "minors", .value = 2, .sensitive = true});
  table.AddSum(persons, {adults, minors});
  SuppressSmallCells(&table);
  const auto result = WithholdComplements(&table);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->withheld, IsEmpty());
  ASSERT_THAT(result->remaining, SizeIs(1));
  EXPECT_EQ(result->remaining[0].cell, minors);
}

TEST(Release, S4DifferencesAcrossARowAreDerivedThroughItsTotals) {
  // Both releases show the total and one part; the other part is hidden in both, so only its change is given away.
  CellTable table;
  const auto count = [&](absl::string_view label, int64_t value, Shown shown) {
    return table.AddCell({.label = std::string(label), .value = value, .shown = shown, .sensitive = true});
  };
  const auto difference = [&](absl::string_view label, CellId then, CellId now) {
    const CellId id = table.AddCell({.label = std::string(label),
                                     .value = table.cell(now).value - table.cell(then).value,
                                     .shown = Shown::kNothing,
                                     .sensitive = true,
                                     .lower_bound = kNoLowerBound});
    table.AddSum(now, {then, id});
    return id;
  };
  const CellId all_then = count("all then", 100, Shown::kValue);
  const CellId a_then = count("a then", 50, Shown::kValue);
  const CellId b_then = count("b then", 20, Shown::kNothing);
  const CellId c = count("c", 30, Shown::kNothing);  // The same in both.
  const CellId all_now = count("all now", 115, Shown::kValue);
  const CellId a_now = count("a now", 62, Shown::kValue);
  const CellId b_now = count("b now", 23, Shown::kNothing);
  table.AddSum(all_then, {a_then, b_then, c});
  table.AddSum(all_now, {a_now, b_now, c});
  difference("all more", all_then, all_now);
  difference("a more", a_then, a_now);
  difference("b more", b_then, b_now);
  ASSERT_TRUE(table.status().ok()) << table.status();
  EXPECT_THAT(Derivable(table),
              ElementsAre("taken together, all then 100, a then 50, all now 115, a now 62 give b more 3"));
}

TEST(CellTable, RefusesWhatIsNotTrue) {
  CellTable table;
  const CellId persons = table.AddCell({.label = "persons", .value = 47});
  const CellId adults = table.AddCell({.label = "adults", .value = 40});
  table.AddSum(persons, {adults});
  EXPECT_EQ(table.status().message(), "the sum of \"persons\": the total is its parts plus 7");
  EXPECT_EQ(FindDerivable(table).status(), table.status());
  EXPECT_EQ(WithholdComplements(&table).status(), table.status());

  CellTable marked;
  marked.AddCell({.label = "adults", .value = 45, .shown = Shown::kBelowK, .sensitive = true});
  EXPECT_EQ(marked.status().message(), "cell \"adults\": its mark does not go with its value 45");

  CellTable repeated;
  const CellId zero = repeated.AddCell({.label = "zero", .value = 0});
  repeated.AddSum(zero, {zero});
  EXPECT_FALSE(repeated.status().ok());

  CellTable negative;
  negative.AddCell({.label = "count", .value = -1});
  EXPECT_EQ(negative.status().message(), "cell \"count\": got -1, wanted 0 to 1099511627776");
}

}  // namespace
}  // namespace muster
