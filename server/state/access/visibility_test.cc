// Section 7 of the domain: who sees which tally entries and counts.
#include "server/state/access/visibility.h"

#include <algorithm>
#include <tuple>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/tallies/tally_totals.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Kentucky: 3 arrests and 2 adults. North Dakota: 5 arrests and 4 minors.
class Visibility : public ::testing::Test {
 protected:
  Visibility() {
    SetUpOperation(&world_);
    Record(1, "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 3);
    Record(2, "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 2);
    Record(3, "nd-bci", "nd-1", v1::TALLY_CATEGORY_ARREST_BUYER, 5);
    Record(4, "nd-bci", "nd-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 4);
    Record(5, "nd-bci", "nd-1", v1::TALLY_CATEGORY_SERVICE_MEDICAL, 4);
    Record(6, "nd-bci", "nd-1", v1::TALLY_CATEGORY_MISSING_CHILD_RECOVERED, 1);
  }

  void Record(uint64_t id, const char* agency_id, const char* site_id, v1::TallyCategory category, uint32_t count) {
    world_.MustSubmit(agency_id, RecordTally(MakeEntry(EntryId(id), agency_id, site_id, category, count)));
  }
  std::vector<std::string> EntriesSeenBy(const char* viewer) const {
    std::vector<std::string> seen;
    for (const auto& [id, record] : world_.operation().ledger().entries()) {
      if (SeesEntry(world_.state(), world_.operation(), world_.participant(viewer), *record)) {
        seen.emplace_back(id);
      }
    }
    return seen;
  }
  size_t TallyNoticesOf(const char* viewer) const {
    const auto& feed = world_.FeedOf(viewer);
    return static_cast<size_t>(std::count_if(feed.begin(), feed.end(), [](const FeedItem& item) {
      return item.notice.has_tally_entry() || item.notice.has_tally_correction();
    }));
  }

  World world_;
};

TEST_F(Visibility, TheLeadAndTheAuditorSeeEverything) {
  for (const char* viewer : {"lead", "auditor"}) {
    EXPECT_EQ(EntriesSeenBy(viewer).size(), 6) << viewer;
    EXPECT_EQ(TallyNoticesOf(viewer), 6) << viewer;
    const v1::TallyTotals totals = world_.TotalsFor(viewer);
    EXPECT_EQ(totals.arrests().confirmed(), 8);
    EXPECT_EQ(totals.persons().confirmed(), 6);
    EXPECT_FALSE(totals.visible_entries_only());
    EXPECT_FALSE(totals.victim_counts_withheld());
  }
}

TEST_F(Visibility, AParticipantSeesWhatItBookedAndTotalsOfThat) {
  EXPECT_THAT(EntriesSeenBy("ky-ago"), ElementsAre(EntryId(1), EntryId(2)));
  EXPECT_EQ(TallyNoticesOf("ky-ago"), 2);
  const v1::TallyTotals totals = world_.TotalsFor("ky-ago");
  EXPECT_EQ(totals.arrests().confirmed(), 3);
  EXPECT_EQ(totals.persons().confirmed(), 2);
  EXPECT_TRUE(totals.visible_entries_only());
  EXPECT_THAT(totals.arrests_coverage().states_reporting(), ElementsAre("KY"));
  EXPECT_THAT(totals.arrests_coverage().states_not_reported(), IsEmpty());
}

TEST_F(Visibility, AProsecutorSeesItsOwnState) {
  EXPECT_THAT(EntriesSeenBy("ky-prosecutor"), ElementsAre(EntryId(1), EntryId(2)));
  EXPECT_EQ(TallyNoticesOf("ky-prosecutor"), 2);
  EXPECT_EQ(world_.TotalsFor("ky-prosecutor").arrests().confirmed(), 3);
  EXPECT_TRUE(world_.TotalsFor("ky-prosecutor").visible_entries_only());
}

TEST_F(Visibility, AProsecutorOfNoStateSeesNoEntry) {
  world_.MustSubmit(kRegistrar, RegisterAgency("ky-prosecutor", ""));
  EXPECT_THAT(EntriesSeenBy("ky-prosecutor"), IsEmpty());
}

TEST_F(Visibility, CountsOnlyRolesGetNoVictimCountAnywhereAndNoEntry) {
  for (const char* viewer : {"observer", "public-info"}) {
    EXPECT_THAT(EntriesSeenBy(viewer), IsEmpty());
    EXPECT_EQ(TallyNoticesOf(viewer), 0) << viewer;
    const v1::TallyTotals totals = world_.TotalsFor(viewer);
    EXPECT_EQ(totals.arrests().confirmed(), 8) << viewer;
    EXPECT_TRUE(totals.victim_counts_withheld());
    EXPECT_FALSE(totals.has_persons() || totals.has_adults() || totals.has_minors() || totals.has_services() ||
                 totals.has_persons_age_unknown() || totals.has_persons_coverage());
    for (const v1::CategoryFigure& category : totals.by_category()) {
      EXPECT_EQ(category.category(), v1::TALLY_CATEGORY_ARREST_BUYER) << viewer;
    }
    for (const v1::StateFigures& row : totals.by_state()) {
      EXPECT_FALSE(row.has_persons() || row.has_adults() || row.has_minors() || row.has_services()) << row.state();
    }
  }
}

TEST_F(Visibility, RolesWithoutTallyRightsSeeNone) {
  for (const char* viewer : {"watch-desk", "victim-services"}) {
    EXPECT_THAT(EntriesSeenBy(viewer), IsEmpty());
    EXPECT_EQ(TallyNoticesOf(viewer), 0);
    EXPECT_FALSE(world_.TotalsFor(viewer).has_arrests());
  }
}

TEST_F(Visibility, ACorrectionIsToldToWhoSeesTheEntry) {
  world_.MustSubmit("nd-bci", CorrectTally(EntryId(3), {}));
  EXPECT_EQ(TallyNoticesOf("nd-bci"), 5);
  EXPECT_EQ(TallyNoticesOf("lead"), 7);
  EXPECT_EQ(TallyNoticesOf("ky-ago"), 2);
  EXPECT_EQ(world_.FeedOf("nd-bci").back().notice.tally_correction().entry_id(), EntryId(3));
}

TEST_F(Visibility, AnExplanationHoldsOnlyEntriesOfTheViewer) {
  const v1::ExplainTallyResponse explained =
      ExplainFigure({world_.state(), world_.operation(), world_.participant("ky-ago"), v1::COUNTING_DEFINITION_LEAD},
                    v1::FIGURE_KIND_ARRESTS);
  ASSERT_EQ(explained.entries_size(), 1);
  EXPECT_EQ(explained.entries(0).record().entry().entry_id(), EntryId(1));
  EXPECT_EQ(explained.figure().confirmed(), 3);
}

TEST_F(Visibility, AParticipantSeesItsOwnSitesAndItselfOnly) {
  const v1::OperationView view = ViewOperation(world_.operation(), world_.participant("ky-ago"));
  ASSERT_EQ(view.participants_size(), 1);
  EXPECT_EQ(view.participants(0).agency_id(), "ky-ago");
  ASSERT_EQ(view.sites_size(), 1);
  EXPECT_EQ(view.sites(0).site_id(), "ky-1");
  EXPECT_EQ(ViewOperation(world_.operation(), world_.participant("auditor")).participants_size(), 9);
}

TEST_F(Visibility, SitesAreShownToRolesThatHaveSiteAssignments) {
  for (const auto& [viewer, role, sees] :
       std::vector<std::tuple<const char*, v1::Role, bool>>{{"ky-ago", v1::ROLE_PARTICIPANT, true},
                                                            {"ky-prosecutor", v1::ROLE_PROSECUTOR, true},
                                                            {"watch-desk", v1::ROLE_WATCH_DESK, false},
                                                            {"observer", v1::ROLE_OBSERVER, false},
                                                            {"public-info", v1::ROLE_PUBLIC_INFORMATION, false}}) {
    world_.MustSubmit("lead", SetParticipant(viewer, role, {"ky-1"}));
    EXPECT_EQ(ViewOperation(world_.operation(), world_.participant(viewer)).sites_size(), sees ? 1 : 0) << viewer;
  }
}

TEST_F(Visibility, V2VictimServicesSeeNoOperation) {
  EXPECT_FALSE(SeesOperation(world_.participant("victim-services")));
  for (const char* viewer : {"lead", "ky-ago", "ky-prosecutor", "watch-desk", "observer", "public-info", "auditor"}) {
    EXPECT_TRUE(SeesOperation(world_.participant(viewer))) << viewer;
  }
}

TEST_F(Visibility, RevocationsAndOperatorsOfAnAgencyAreForItselfAndTheRegistrar) {
  world_.MustSubmit("ky-ago", RevokeCertificate("ky-ago", std::string(64, 'd')));
  v1::Submission person;
  person.mutable_register_operator()->set_agency_id("ky-ago");
  person.mutable_register_operator()->mutable_person()->set_operator_id("first-officer");
  person.mutable_register_operator()->mutable_person()->set_name("First Officer");
  person.mutable_register_operator()->mutable_person()->add_key_sha256s(std::string(64, 'e'));
  world_.MustSubmit(kRegistrar, person);
  const v1::AgencyRecord& record = *world_.state().roster().Find("ky-ago");
  const auto shown = [&](const char* viewer) {
    const v1::AgencyRecord view = ViewAgency(world_.state(), viewer, record);
    return std::make_pair(view.revocations_size(), view.operators_size());
  };
  EXPECT_EQ(shown("ky-ago"), std::make_pair(1, 1));
  EXPECT_EQ(shown(kRegistrar), std::make_pair(1, 1));
  EXPECT_EQ(shown("lead"), std::make_pair(0, 0));
}

}  // namespace
}  // namespace muster
