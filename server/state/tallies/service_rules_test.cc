// Rules T6, T7, T8 and T10, and what roles that read counts only see of victims.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/tallies/suppressed_totals.h"
#include "server/state/tallies/testing/tally_support.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

class Sums : public ::testing::Test {
 protected:
  Sums() { SetUpOperation(&world_); }

  void Record(v1::TallyCategory category, uint32_t count, absl::string_view agency_id = "ky-ago",
              absl::string_view site_id = "ky-1") {
    world_.MustSubmit(agency_id, RecordTally(MakeEntry(EntryId(++entries_), agency_id, site_id, category, count)));
  }

  World world_;
  uint64_t entries_ = 0;
};

TEST_F(Sums, T7MoreAnsweredThanOfferedIsSaidAndNotRefused) {
  EXPECT_FALSE(world_.TotalsFor("lead").has_service_figures());
  Record(v1::TALLY_CATEGORY_SERVICE_ACCEPTED, 5);
  EXPECT_TRUE(world_.TotalsFor("lead").service_figures().consistent()) << "offers not reported are not 0 (T3)";
  Record(v1::TALLY_CATEGORY_SERVICE_DECLINED, 2);
  Record(v1::TALLY_CATEGORY_SERVICE_PENDING, 1);
  Record(v1::TALLY_CATEGORY_SERVICE_OFFERED, 7);
  const v1::ServiceFigures services = world_.TotalsFor("lead").service_figures();
  EXPECT_EQ(services.offered(), 7);
  EXPECT_EQ(services.accepted(), 5);
  EXPECT_EQ(services.declined(), 2);
  EXPECT_EQ(services.pending(), 1);
  EXPECT_FALSE(services.consistent());
  Record(v1::TALLY_CATEGORY_SERVICE_OFFERED, 1);
  EXPECT_TRUE(world_.TotalsFor("lead").service_figures().consistent());
}

TEST_F(Sums, T8ArrestsOfNoCategoryAreExplicitEvenWhenThereAreNone) {
  EXPECT_FALSE(world_.TotalsFor("lead").has_arrests_uncategorised());
  Record(v1::TALLY_CATEGORY_ARREST_BUYER, 4);
  EXPECT_TRUE(world_.TotalsFor("lead").has_arrests_uncategorised());
  EXPECT_EQ(world_.TotalsFor("lead").arrests_uncategorised().confirmed(), 0);
  EXPECT_EQ(world_.TotalsFor("lead").by_category_size(), 1);
  Record(v1::TALLY_CATEGORY_ARREST_UNCATEGORISED, 3);
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_EQ(totals.arrests_uncategorised().confirmed(), 3);
  EXPECT_EQ(totals.arrests().confirmed(), 7);
}

TEST_F(Sums, T10PersonsAndMissingChildrenAreNeverAdded) {
  EXPECT_FALSE(world_.TotalsFor("lead").has_recovered_or_missing());
  Record(v1::TALLY_CATEGORY_MISSING_CHILD_RECOVERED, 2);
  Record(v1::TALLY_CATEGORY_MISSING_CHILD_LOCATED_SAFE, 1);
  EXPECT_EQ(world_.TotalsFor("lead").recovered_or_missing().persons(), 3);
  Record(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 5);
  const v1::PersonsUnion both = world_.TotalsFor("lead").recovered_or_missing();
  EXPECT_FALSE(both.has_persons());
  EXPECT_THAT(both.why_unknown(), HasSubstr("UNKNOWN"));
  EXPECT_EQ(world_.TotalsFor("lead").persons().confirmed(), 5);
}

TEST_F(Sums, T10WithoutMissingChildrenTheNumberIsThePersons) {
  Record(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 5);
  EXPECT_EQ(world_.TotalsFor("lead").recovered_or_missing().persons(), 5);
}

// ---- Counts only ---------------------------------------------------------------------------------------------------

// "persons", "KY minors": the value, or "-".
std::map<std::string, std::string> Suppressed(const v1::TallyTotals& totals) {
  std::map<std::string, std::string> shown;
  for (const v1::SuppressedFigure& one : totals.suppressed_victim_counts()) {
    shown[NameInWords({one.state(), one.figure()})] = one.has_value() ? std::to_string(one.value()) : "-";
  }
  return shown;
}

TEST_F(Sums, S1CountsOnlyRolesSeeSmallVictimCountsSuppressedAndNoneOfThemCanBeDerived) {
  Record(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 21);
  Record(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
  Record(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 30, "nd-bci", "nd-1");
  Record(v1::TALLY_CATEGORY_SERVICE_ACCEPTED, 0, "nd-bci", "nd-1");
  for (const char* viewer : {"observer", "public-info"}) {
    const v1::TallyTotals totals = world_.TotalsFor(viewer);
    EXPECT_TRUE(totals.victim_counts_withheld());
    EXPECT_FALSE(totals.has_persons());
    EXPECT_FALSE(totals.has_service_figures());
    EXPECT_FALSE(totals.has_recovered_or_missing());
    std::map<std::string, std::string> shown = Suppressed(totals);
    EXPECT_EQ(shown["Kentucky minors"], "-");
    EXPECT_EQ(shown["minors"], "-");
    EXPECT_TRUE(shown["persons"] == "-" || shown["adults"] == "-");
    EXPECT_TRUE(shown["Kentucky persons"] == "-" || shown["Kentucky adults"] == "-");
    EXPECT_EQ(shown["services"], "0") << "0 is shown";
    EXPECT_EQ(shown.count("Kentucky services"), 0) << "not reported (T3)";
  }
  EXPECT_EQ(world_.TotalsFor("lead").suppressed_victim_counts_size(), 0);
}

TEST_F(Sums, S1NoOtherDefinitionAndNoEarlierTimeTellsThemTheDifference) {
  Record(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 21);
  const v1::TallyTotals by_source = world_.TotalsFor("observer", v1::COUNTING_DEFINITION_SOURCE);
  EXPECT_EQ(by_source.suppressed_victim_counts_size(), 0);
  EXPECT_EQ(world_.TotalsFor("observer", v1::COUNTING_DEFINITION_LEAD, world_.Now()).suppressed_victim_counts_size(),
            0);
}

TEST_F(Sums, S1EveryVictimCategoryIsWithheldFromCountsOnlyRoles) {
  for (int number = v1::TallyCategory_MIN; number <= v1::TallyCategory_MAX; ++number) {
    if (v1::TallyCategory_IsValid(number) && number != 0) Record(static_cast<v1::TallyCategory>(number), 1);
  }
  const v1::TallyTotals totals = world_.TotalsFor("observer");
  EXPECT_GT(totals.by_category_size(), 10);
  for (const v1::CategoryFigure& figure : totals.by_category()) {
    const std::string name = v1::TallyCategory_Name(figure.category());
    for (const char* victim : {"PERSON", "MISSING", "SERVICE", "REFERRAL"}) {
      EXPECT_EQ(name.find(victim), std::string::npos) << name;
    }
  }
}

TEST(SmallCells, S1TheLimitIs11UnlessTheOperationSaysOtherwise) {
  v1::Operation operation;
  EXPECT_EQ(SmallCellLimitOf(operation), 11);
  operation.set_small_cell_threshold(5);
  EXPECT_EQ(SmallCellLimitOf(operation), 5);
  operation.set_small_cell_threshold(1);
  EXPECT_EQ(SmallCellLimitOf(operation), 3) << "fewer than 2 would say 1";
}

}  // namespace
}  // namespace muster
