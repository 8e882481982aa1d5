// The counting rules of the domain, each by name. T5 is in duplicate_rules_test.cc, T7, T8 and T10 in
// service_rules_test.cc, T9 and T17 in claim_rules_test.cc, T15 in tally_order_test.cc.
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/tallies/tally_totals.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kLeadDefinition = v1::COUNTING_DEFINITION_LEAD;
constexpr auto kSourceDefinition = v1::COUNTING_DEFINITION_SOURCE;

// ---- Operation United Front, from the published figures ----------------------------------------------------------

struct PublishedState {
  std::string state;
  // Absent: not published.
  std::optional<uint32_t> arrests, adults, minors, services;
  bool in_window = true;
};

std::optional<uint32_t> Published(absl::string_view field) {
  uint32_t value = 0;
  return absl::SimpleAtoi(field, &value) ? std::optional<uint32_t>(value) : std::nullopt;
}

// The columns before the note hold no quotes and no commas.
std::vector<PublishedState> ReadPublished() {
  std::ifstream file(MUSTER_TEST_DATA_DIR "/united-front/states.csv");
  std::vector<PublishedState> states;
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "state,arrests,victims_adult,victims_minor,services,in_window,note");
  while (std::getline(file, line)) {
    const std::vector<std::string> fields = absl::StrSplit(line, ',');
    states.push_back({fields[0], Published(fields[1]), Published(fields[2]), Published(fields[3]), Published(fields[4]),
                      fields[5] == "yes"});
  }
  return states;
}

v1::StateFigures RowOf(const v1::TallyTotals& totals, absl::string_view state) {
  for (const v1::StateFigures& row : totals.by_state()) {
    if (row.state() == state) return row;
  }
  ADD_FAILURE() << "no row for " << state;
  return {};
}

class UnitedFront : public ::testing::Test {
 protected:
  UnitedFront() {
    const std::vector<PublishedState> published = ReadPublished();
    world_.MustSubmit(kRegistrar, RegisterAgency("mo", "MO", /*may_lead=*/true));
    std::vector<v1::Site> sites;
    for (const PublishedState& state : published) sites.push_back(MakeSite(SiteOf(state), state.state));
    world_.MustSubmit("mo", CreateOperation(sites));
    for (const PublishedState& state : published) {
      if (state.state == "MO") continue;
      world_.MustSubmit(kRegistrar, RegisterAgency(AgencyOf(state), state.state));
      world_.MustSubmit("mo", SetParticipant(AgencyOf(state), v1::ROLE_PARTICIPANT, {SiteOf(state)}));
    }
    world_.MustSubmit("mo", PublishPlan({MakeSection("situation", "EXERCISE")}));
    world_.MustSubmit("mo", SetPhase(v1::OPERATION_PHASE_ARMED));
    for (const PublishedState& state : published) Report(state);
  }

  static std::string AgencyOf(const PublishedState& state) { return absl::AsciiStrToLower(state.state); }
  static std::string SiteOf(const PublishedState& state) { return AgencyOf(state) + "-site"; }

  void Report(const PublishedState& state) {
    const auto file = [&](v1::TallyCategory category, std::optional<uint32_t> count,
                          const std::string& contained_in = "") {
      const std::string id = EntryId(++entries_);
      if (!count.has_value()) return id;
      v1::TallyEntry entry = MakeEntry(id, AgencyOf(state), SiteOf(state), category, *count);
      if (!state.in_window) *entry.mutable_occurred_at() = ToProto(world_.clock().Now() - absl::Hours(24 * 16));
      if (!contained_in.empty()) entry.add_contained_in_entry_ids(contained_in);
      world_.MustSubmit(AgencyOf(state), RecordTally(entry));
      return id;
    };
    file(v1::TALLY_CATEGORY_ARREST_UNCATEGORISED, state.arrests);
    const std::string adults = file(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, state.adults);
    // Kentucky's published 21 contain its two minors.
    file(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, state.minors, state.state == "KY" ? adults : "");
    file(v1::TALLY_CATEGORY_SERVICE_ACCEPTED, state.services);
  }

  World world_;
  uint64_t entries_ = 0;
};

TEST_F(UnitedFront, T1GivesThePublished102ArrestsAnd47PersonsByMissourisDefinition) {
  const v1::TallyTotals totals = world_.TotalsFor("mo", kLeadDefinition);
  EXPECT_EQ(totals.arrests().confirmed(), 102);
  EXPECT_EQ(totals.persons().confirmed(), 47);
  EXPECT_EQ(totals.adults().confirmed(), 45);
  EXPECT_EQ(totals.minors().confirmed(), 2);
  EXPECT_EQ(totals.mode(), v1::OPERATION_MODE_EXERCISE);
}

TEST_F(UnitedFront, T1Gives45PersonsByKentuckysDefinitionAndTheSameArrests) {
  const v1::TallyTotals totals = world_.TotalsFor("mo", kSourceDefinition);
  EXPECT_EQ(totals.persons().confirmed(), 45);
  EXPECT_EQ(totals.arrests().confirmed(), 102);
  EXPECT_EQ(RowOf(totals, "KY").persons().confirmed(), 21);
}

TEST_F(UnitedFront, T1EveryFigureIsTheSumOfTheEntriesThatExplainIt) {
  for (const auto definition : {kLeadDefinition, kSourceDefinition}) {
    const TallyQuestion question{world_.state(), world_.operation(), world_.participant("mo"), definition};
    const v1::ExplainTallyResponse persons = ExplainFigure(question, v1::FIGURE_KIND_PERSONS);
    uint64_t counted = 0;
    int contained = 0;
    for (const v1::ExplainedEntry& entry : persons.entries()) {
      if (entry.decision() == v1::COUNTING_DECISION_COUNTED) counted += entry.record().entry().count();
      contained += entry.decision() == v1::COUNTING_DECISION_CONTAINED_IN_ANOTHER;
    }
    EXPECT_EQ(counted, TotalsFor(question).persons().confirmed());
    EXPECT_EQ(contained, definition == kSourceDefinition ? 1 : 0);
    EXPECT_EQ(ExplainFigure(question, v1::FIGURE_KIND_ARRESTS).figure().confirmed(), 102);
  }
}

TEST_F(UnitedFront, T2Finds93ArrestsInTheWindowAnd9Outside) {
  const v1::Figure arrests = world_.TotalsFor("mo").arrests();
  EXPECT_EQ(arrests.in_window(), 93);
  EXPECT_EQ(arrests.out_of_window(), 9);
  EXPECT_EQ(arrests.window_unknown(), 0);
}

TEST_F(UnitedFront, T3NamesTheSevenStatesThatReportedPersonsAndTheFiveThatDidNot) {
  const v1::TallyTotals totals = world_.TotalsFor("mo");
  EXPECT_THAT(totals.persons_coverage().states_reporting(), ElementsAre("IL", "KY", "MN", "MO", "ND", "OK", "TX"));
  EXPECT_THAT(totals.persons_coverage().states_not_reported(), ElementsAre("IA", "NE", "SD", "TN", "WI"));
  EXPECT_THAT(totals.arrests_coverage().states_not_reported(), IsEmpty());
  ASSERT_EQ(totals.by_state_size(), 12);
  for (const v1::StateFigures& row : totals.by_state()) {
    const bool silent =
        row.state() == "IA" || row.state() == "NE" || row.state() == "SD" || row.state() == "TN" || row.state() == "WI";
    EXPECT_EQ(row.has_persons(), !silent) << row.state();
    EXPECT_EQ(row.has_minors(), !silent) << row.state();
  }
}

TEST_F(UnitedFront, T6MissouriServedMoreThanItRecovered) {
  const v1::StateFigures row = RowOf(world_.TotalsFor("mo"), "MO");
  EXPECT_EQ(row.services().confirmed(), 11);
  EXPECT_EQ(row.persons().confirmed(), 4);
}

// ---- One rule at a time --------------------------------------------------------------------------------------------

class TallyRules : public ::testing::Test {
 protected:
  TallyRules() { SetUpOperation(&world_); }

  v1::TallyEntry Entry(v1::TallyCategory category, uint32_t count) {
    return MakeEntry(EntryId(++entries_), "ky-ago", "ky-1", category, count);
  }
  void Record(const v1::TallyEntry& entry) { world_.MustSubmit(entry.primary_agency_id(), RecordTally(entry)); }

  World world_;
  uint64_t entries_ = 0;
};

TEST_F(TallyRules, T2WindowIncludesItsStartAndExcludesItsEnd) {
  const v1::TimeWindow window = world_.operation().operation().window();
  v1::TallyEntry at_start = Entry(v1::TALLY_CATEGORY_ARREST_BUYER, 1);
  *at_start.mutable_occurred_at() = window.start();
  v1::TallyEntry at_end = Entry(v1::TALLY_CATEGORY_ARREST_BUYER, 10);
  *at_end.mutable_occurred_at() = window.end();
  v1::TallyEntry unstated = Entry(v1::TALLY_CATEGORY_ARREST_BUYER, 100);
  unstated.clear_occurred_at();
  for (const auto& entry : {at_start, at_end, unstated}) Record(entry);
  const v1::Figure arrests = world_.TotalsFor("lead").arrests();
  EXPECT_EQ(arrests.in_window(), 1);
  EXPECT_EQ(arrests.out_of_window(), 10);
  EXPECT_EQ(arrests.window_unknown(), 100);
  EXPECT_EQ(arrests.confirmed(), 111);
}

TEST_F(TallyRules, T3AReportOfZeroIsAReport) {
  Record(Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 0));
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_THAT(totals.persons_coverage().states_reporting(), ElementsAre("KY"));
  EXPECT_THAT(totals.persons_coverage().states_not_reported(), ElementsAre("MO", "ND"));
  EXPECT_EQ(totals.persons().confirmed(), 0);
}

TEST_F(TallyRules, T3AReversedReportIsNoReport) {
  const v1::TallyEntry entry = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 3);
  Record(entry);
  world_.MustSubmit("ky-ago", CorrectTally(entry.entry_id(), {}));
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_THAT(totals.persons_coverage().states_reporting(), IsEmpty());
  EXPECT_FALSE(totals.has_persons());
}

TEST_F(TallyRules, T4AssistingAgenciesNeverEnterTheHeadline) {
  v1::TallyEntry entry = Entry(v1::TALLY_CATEGORY_ARREST_TRAFFICKER, 4);
  entry.add_assisting_agency_ids("nd-bci");
  entry.add_assisting_agency_ids("lead");
  Record(entry);
  EXPECT_EQ(world_.TotalsFor("lead").arrests().confirmed(), 4);
  EXPECT_EQ(world_.TotalsFor("ky-ago").arrests().confirmed(), 4);
  EXPECT_FALSE(world_.TotalsFor("nd-bci").has_arrests());
}

TEST_F(TallyRules, T4AssistCreditIsShownApart) {
  const auto assisted = [&](v1::TallyCategory category, uint32_t count) {
    v1::TallyEntry entry = Entry(category, count);
    for (const char* agency_id : {"nd-bci", "nd-bci", "ky-ago"}) entry.add_assisting_agency_ids(agency_id);
    return entry;
  };
  v1::TallyEntry arrests = assisted(v1::TALLY_CATEGORY_ARREST_TRAFFICKER, 4);
  arrests.add_assisting_agency_ids("lead");
  const v1::TallyEntry adults = assisted(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 5);
  v1::TallyEntry minors = assisted(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
  minors.add_contained_in_entry_ids(adults.entry_id());
  v1::TallyEntry provisional = assisted(v1::TALLY_CATEGORY_ARREST_BUYER, 8);
  provisional.set_status(v1::TALLY_STATUS_PROVISIONAL);
  const v1::TallyEntry reversed = assisted(v1::TALLY_CATEGORY_ARREST_BUYER, 16);
  for (const v1::TallyEntry& entry : {arrests, adults, minors, provisional, reversed}) Record(entry);
  world_.MustSubmit("ky-ago", CorrectTally(reversed.entry_id(), {}));

  // Once for an entry, however often it names the agency, and none to the agency that booked it.
  const auto credits = [](const v1::TallyTotals& totals) {
    std::vector<std::string> lines;
    for (const v1::AssistCredit& credit : totals.assists()) {
      lines.push_back(absl::StrCat(credit.agency_id(), " ", credit.arrests(), " ", credit.persons()));
    }
    return lines;
  };
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_THAT(credits(totals), ElementsAre("lead 4 0", "nd-bci 4 7"));
  EXPECT_EQ(totals.arrests().confirmed(), 4);
  EXPECT_EQ(totals.persons().confirmed(), 7);
  EXPECT_THAT(credits(world_.TotalsFor("lead", kSourceDefinition)), ElementsAre("lead 4 0", "nd-bci 4 5"));
  for (const char* counts_only : {"observer", "public-info"}) {
    EXPECT_THAT(credits(world_.TotalsFor(counts_only)), ElementsAre("lead 4 0", "nd-bci 4 0")) << counts_only;
  }
  EXPECT_THAT(credits(world_.TotalsFor("nd-bci")), IsEmpty()) << "not its entries to see (P7)";
}

TEST_F(TallyRules, T4AnAgencyFilesForItselfOnlyAndTheLeadForAnyParticipant) {
  const v1::TallyEntry entry = Entry(v1::TALLY_CATEGORY_ARREST_BUYER, 2);
  v1::TallyEntry for_other = entry;
  for_other.set_site_id("nd-1");
  const v1::Outcome refused = world_.Submit("nd-bci", RecordTally(for_other));
  EXPECT_EQ(refused.rejected().reason(), v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_EQ(refused.rejected().rule(), "T4");
  world_.MustSubmit("lead", RecordTally(entry));
  EXPECT_TRUE(world_.MustSubmit("ky-ago", RecordTally(entry)).accepted().already_recorded());
  EXPECT_EQ(world_.TotalsFor("lead").arrests().confirmed(), 2);
  v1::TallyEntry stranger = Entry(v1::TALLY_CATEGORY_ARREST_BUYER, 2);
  stranger.set_primary_agency_id("outsider");
  EXPECT_EQ(world_.Submit("lead", RecordTally(stranger)).rejected().reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
}

TEST_F(TallyRules, T4AnAgencyFilesAtItsOwnSitesOnly) {
  v1::TallyEntry elsewhere = Entry(v1::TALLY_CATEGORY_ARREST_BUYER, 2);
  elsewhere.set_site_id("nd-1");
  EXPECT_EQ(world_.Submit("ky-ago", RecordTally(elsewhere)).rejected().reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
}

TEST_F(TallyRules, T6ServicesMayExceedPersons) {
  Record(Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 4));
  Record(Entry(v1::TALLY_CATEGORY_SERVICE_ACCEPTED, 11));
  Record(Entry(v1::TALLY_CATEGORY_SERVICE_OFFERED, 15));
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_EQ(totals.services().confirmed(), 11);
  EXPECT_EQ(totals.persons().confirmed(), 4);
}

TEST_F(TallyRules, T11NoCategoryButTheArrestsIsAnArrest) {
  uint64_t arrests = 0;
  for (int number = v1::TallyCategory_MIN; number <= v1::TallyCategory_MAX; ++number) {
    if (!v1::TallyCategory_IsValid(number) || number == 0) continue;
    const auto category = static_cast<v1::TallyCategory>(number);
    arrests += v1::TallyCategory_Name(category).find("ARREST") != std::string::npos;
    Record(Entry(category, 1));
    EXPECT_EQ(world_.TotalsFor("lead").arrests().confirmed(), arrests) << v1::TallyCategory_Name(category);
  }
  EXPECT_EQ(arrests, 6);
  EXPECT_EQ(world_.TotalsFor("lead").persons().confirmed(), 3);
}

TEST_F(TallyRules, T12PotentialAndProvisionalNeverEnterTheConfirmedTotal) {
  v1::TallyEntry potential = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 7);
  potential.set_status(v1::TALLY_STATUS_POTENTIAL);
  Record(potential);
  EXPECT_THAT(world_.TotalsFor("lead").persons_coverage().states_reporting(), IsEmpty());
  v1::TallyEntry provisional = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 5);
  provisional.set_status(v1::TALLY_STATUS_PROVISIONAL);
  Record(provisional);
  const v1::Figure persons = world_.TotalsFor("lead").persons();
  EXPECT_EQ(persons.confirmed(), 0);
  EXPECT_EQ(persons.potential(), 7);
  EXPECT_EQ(persons.provisional(), 5);
  EXPECT_EQ(persons.in_window() + persons.out_of_window() + persons.window_unknown(), 0);
}

TEST_F(TallyRules, T12AConfirmedEntryIsNotSwallowedByAPotentialOne) {
  v1::TallyEntry adults = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 21);
  adults.set_status(v1::TALLY_STATUS_POTENTIAL);
  v1::TallyEntry minors = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
  minors.add_contained_in_entry_ids(adults.entry_id());
  Record(adults);
  Record(minors);
  EXPECT_EQ(world_.TotalsFor("lead", kSourceDefinition).persons().confirmed(), 2);
}

TEST_F(TallyRules, T13AsOfReproducesWhatWasReportedThen) {
  const v1::TallyEntry six = Entry(v1::TALLY_CATEGORY_ARREST_ENTICEMENT_OF_MINOR, 6);
  const absl::Time before = world_.clock().Now() - absl::Seconds(1);
  Record(six);
  const absl::Time first = world_.clock().Now();
  world_.clock().Advance(absl::Hours(24));
  v1::TallyEntry nine = Entry(v1::TALLY_CATEGORY_ARREST_ENTICEMENT_OF_MINOR, 9);
  world_.MustSubmit("ky-ago", CorrectTally(six.entry_id(), {nine}));
  EXPECT_FALSE(world_.TotalsFor("lead", kLeadDefinition, before).has_arrests());
  EXPECT_EQ(world_.TotalsFor("lead", kLeadDefinition, first).arrests().confirmed(), 6);
  EXPECT_EQ(world_.TotalsFor("lead", kLeadDefinition, world_.clock().Now()).arrests().confirmed(), 9);
  EXPECT_EQ(world_.TotalsFor("lead").arrests().confirmed(), 9);
  const TallyQuestion then{world_.state(), world_.operation(), world_.participant("lead"), kLeadDefinition, first};
  const v1::ExplainTallyResponse explained = ExplainFigure(then, v1::FIGURE_KIND_ARRESTS);
  ASSERT_EQ(explained.entries_size(), 1);
  EXPECT_FALSE(explained.entries(0).record().has_reversal());
}

TEST_F(TallyRules, T14MoneyIsExactCentsAndAnUnknownAmountIsNotZero) {
  v1::TallyEntry known = Entry(v1::TALLY_CATEGORY_SEIZED_CURRENCY, 1);
  known.set_amount_cents(1'234'567'801);
  v1::TallyEntry none = Entry(v1::TALLY_CATEGORY_SEIZED_CURRENCY, 1);
  none.set_amount_cents(0);
  v1::TallyEntry unknown = Entry(v1::TALLY_CATEGORY_SEIZED_CURRENCY, 1);
  v1::TallyEntry potential = Entry(v1::TALLY_CATEGORY_SEIZED_CURRENCY, 1);
  potential.set_amount_cents(500);
  potential.set_status(v1::TALLY_STATUS_POTENTIAL);
  EXPECT_FALSE(world_.TotalsFor("lead").has_seized_currency());
  for (const auto& entry : {known, none, unknown, potential}) Record(entry);
  const v1::AmountFigure amount = world_.TotalsFor("lead").seized_currency();
  EXPECT_EQ(amount.known_cents(), 1'234'567'801);
  EXPECT_EQ(amount.entries_of_unknown_amount(), 1);
}

TEST_F(TallyRules, T16ReclassifyingAnAgeLeavesTheNumberOfPersonsUnchanged) {
  const v1::TallyEntry unknown = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_AGE_UNKNOWN, 5);
  Record(unknown);
  EXPECT_EQ(world_.TotalsFor("lead").persons_age_unknown().confirmed(), 5);
  const v1::TallyEntry adults = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 3);
  const v1::TallyEntry minors = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
  world_.MustSubmit("ky-ago", CorrectTally(unknown.entry_id(), {adults, minors}));
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_EQ(totals.persons().confirmed(), 5);
  EXPECT_EQ(totals.adults().confirmed(), 3);
  EXPECT_EQ(totals.minors().confirmed(), 2);
  EXPECT_EQ(totals.persons_age_unknown().confirmed(), 0);
}

// ---- What one entry contains of another (the SOURCE definition) --------------------------------------------------

TEST_F(TallyRules, T1OfACircleOfContainmentExactlyOneEntryCounts) {
  for (const size_t length : {2u, 3u, 4u, 7u}) {
    World world;
    SetUpOperation(&world);
    for (size_t i = 0; i < length; ++i) {
      v1::TallyEntry entry =
          MakeEntry(EntryId(100 + i), "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 1);
      entry.add_contained_in_entry_ids(EntryId(100 + (i + 1) % length));
      world.MustSubmit("ky-ago", RecordTally(entry));
    }
    EXPECT_EQ(world.TotalsFor("lead", kSourceDefinition).persons().confirmed(), 1) << "a circle of " << length;
    EXPECT_EQ(world.TotalsFor("lead", kLeadDefinition).persons().confirmed(), length);
  }
}

TEST_F(TallyRules, T1OnlyTheSameAgencysLiveEntryContains) {
  v1::TallyEntry container = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 21);
  v1::TallyEntry contained = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
  contained.add_contained_in_entry_ids(container.entry_id());
  Record(contained);
  EXPECT_EQ(world_.TotalsFor("lead", kSourceDefinition).persons().confirmed(), 2) << "the container is not there yet";
  Record(container);
  EXPECT_EQ(world_.TotalsFor("lead", kSourceDefinition).persons().confirmed(), 21);
  world_.MustSubmit("ky-ago", CorrectTally(container.entry_id(), {}));
  EXPECT_EQ(world_.TotalsFor("lead", kSourceDefinition).persons().confirmed(), 2) << "the container was reversed";

  v1::TallyEntry others =
      MakeEntry(EntryId(++entries_), "nd-bci", "nd-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 9);
  v1::TallyEntry claims_others = Entry(v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 1);
  claims_others.add_contained_in_entry_ids(others.entry_id());
  Record(others);
  Record(claims_others);
  EXPECT_EQ(world_.TotalsFor("lead", kSourceDefinition).persons().confirmed(), 12);
}

}  // namespace
}  // namespace muster
