// Rules S1, S2, S3, S4 and S6, and who sees a release when.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/releases/testing/release_support.h"
#include "server/state/tallies/testing/tally_support.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kArrests = v1::FIGURE_KIND_ARRESTS;
constexpr auto kPersons = v1::FIGURE_KIND_PERSONS;
constexpr auto kAdults = v1::FIGURE_KIND_ADULTS;
constexpr auto kMinors = v1::FIGURE_KIND_MINORS;
constexpr auto kServices = v1::FIGURE_KIND_SERVICES;

// Kentucky: 46 arrests, 21 adults, 2 minors. North Dakota: 3 arrests, 24 adults. Missouri has reported nothing.
class Releases : public ::testing::Test {
 protected:
  Releases() {
    SetUpOperation(&world_);
    Record(1, "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 46);
    Record(2, "nd-bci", "nd-1", v1::TALLY_CATEGORY_ARREST_BUYER, 3);
    Record(3, "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 21);
    Record(4, "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
    Record(5, "nd-bci", "nd-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 24);
  }

  void Record(uint64_t id, absl::string_view agency_id, absl::string_view site_id, v1::TallyCategory category,
              uint32_t count) {
    world_.MustSubmit(agency_id, RecordTally(MakeEntry(EntryId(id), agency_id, site_id, category, count)));
  }
  const v1::Release& Held(absl::string_view release_id) const {
    return world_.operation().releases().Find(release_id)->release();
  }
  std::vector<std::string> Draft(absl::string_view release_id, const std::vector<FigureName>& cells,
                                 const std::vector<FigureName>& withheld = {}, absl::string_view corrects = "") {
    const v1::Outcome outcome = world_.MustSubmit("public-info", DraftRelease(release_id, cells, withheld, corrects));
    return {outcome.accepted().release_findings().begin(), outcome.accepted().release_findings().end()};
  }
  void Issue(absl::string_view release_id) {
    world_.MustSubmit("lead", CheckRelease(release_id));
    world_.MustSubmit("lead", ApproveRelease(release_id));
    world_.MustSubmit("lead", IssueRelease(release_id));
  }
  v1::Rejected Rejection(const v1::Submission& submission) { return world_.Submit("lead", submission).rejected(); }

  World world_;
};

TEST_F(Releases, S1CellsOf1To10AreSuppressedAnd0IsShown) {
  Record(6, "ky-ago", "ky-1", v1::TALLY_CATEGORY_SERVICE_ACCEPTED, 0);
  EXPECT_THAT(Draft("first", {{"", kArrests}, {"ND", kArrests}, {"", kMinors}, {"", kServices}, {"KY", kAdults}}),
              IsEmpty());
  const v1::Release& release = Held("first");
  EXPECT_EQ(release.cells(0).value(), 49);
  EXPECT_EQ(release.cells(1).value(), 3) << "arrests are never suppressed";
  EXPECT_EQ(release.cells(2).suppressed_below(), 11);
  EXPECT_TRUE(release.cells(3).has_value());
  EXPECT_EQ(release.cells(3).value(), 0);
  EXPECT_EQ(release.cells(4).value(), 21);
}

TEST_F(Releases, S1TheThresholdIsTheOperations) {
  World world;
  SetUpOperation(&world);
  v1::Submission creation = CreateOperation({MakeSite("ky-1", "KY")}, "other-2021");
  creation.mutable_create_operation()->mutable_operation()->set_small_cell_threshold(5);
  world.MustSubmit("lead", creation);
  world.MustSubmit("lead", PublishPlan({MakeSection("situation", "EXERCISE")}, "other-2021"));
  world.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_ARMED, "other-2021"));
  for (const auto& [id, count] : std::vector<std::pair<uint64_t, uint32_t>>{{1, 4}, {2, 1}}) {
    world.MustSubmit(
        "lead", RecordTally(MakeEntry(EntryId(id), "lead", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, count),
                            "other-2021"));
    v1::Submission draft = DraftRelease("first", {{"", kMinors}});
    draft.mutable_draft_release()->set_operation_id("other-2021");
    world.MustSubmit("lead", draft);
    const v1::ReleaseCell& cell = world.operation("other-2021").releases().Find("first")->release().cells(0);
    EXPECT_EQ(cell.suppressed_below(), count == 4 ? 5u : 0u);
    EXPECT_EQ(cell.value(), count == 4 ? 0u : 5u);
  }
}

TEST_F(Releases, T3AFigureThatNobodyReportedIsShownAsSuchAndNotAs0) {
  Draft("first", {{"MO", kArrests}, {"", kServices}});
  EXPECT_TRUE(Held("first").cells(0).not_reported());
  EXPECT_TRUE(Held("first").cells(1).not_reported());
}

TEST_F(Releases, S2ATotalOf47WithAdultsOf45IsRefusedBecauseItDerives2Minors) {
  const std::vector<std::string> findings = Draft("first", {{"", kPersons}, {"", kAdults}});
  ASSERT_EQ(findings.size(), 2) << "and so Kentucky's, since no other state has any";
  EXPECT_EQ(findings[0], "S2: persons 47 minus adults 45 gives minors 2");
  EXPECT_EQ(Held("first").state(), v1::RELEASE_STATE_DRAFT);
  const v1::Rejected rejected = Rejection(CheckRelease("first"));
  EXPECT_EQ(rejected.reason(), v1::ERROR_REASON_RELEASE_DISCLOSES);
  EXPECT_EQ(rejected.rule(), "S2");
  EXPECT_THAT(rejected.message(), HasSubstr("persons 47 minus adults 45 gives minors 2"));
  EXPECT_EQ(Held("first").state(), v1::RELEASE_STATE_DRAFT);
  EXPECT_THAT(Draft("first", {{"", kPersons}}, {{"", kAdults}}), IsEmpty());
  EXPECT_TRUE(Held("first").cells(1).withheld());
  world_.MustSubmit("lead", CheckRelease("first"));
  EXPECT_EQ(Held("first").state(), v1::RELEASE_STATE_CHECKED);
}

TEST_F(Releases, S3ASmallStateFollowsFromTheTotalAndTheOthersAndIsRefused) {
  Record(6, "lead", "mo-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 4);
  const std::vector<FigureName> cells = {{"", kAdults}, {"KY", kAdults}, {"ND", kAdults}, {"MO", kAdults}};
  const std::vector<std::string> findings = Draft("first", cells);
  ASSERT_EQ(findings.size(), 2) << "persons of Missouri, which are its adults, and adults";
  EXPECT_EQ(findings[1], "S3: adults 49 minus Kentucky adults 21 minus North Dakota adults 24 gives Missouri adults 4");
  EXPECT_EQ(Rejection(CheckRelease("first")).rule(), "S3");
}

TEST_F(Releases, S3APreviewSuggestsWhatElseToWithhold) {
  Record(6, "lead", "mo-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 4);
  v1::PreviewReleaseRequest request;
  for (const char* state : {"", "KY", "ND", "MO"}) {
    request.add_cells()->set_figure(kAdults);
    request.mutable_cells(request.cells_size() - 1)->set_state(state);
  }
  auto preview = Ask<v1::PreviewReleaseResponse>(world_, "public-info", "ReleaseService/PreviewRelease", request);
  ASSERT_EQ(preview.findings_size(), 2);
  ASSERT_EQ(preview.suggested_withheld_size(), 1);
  EXPECT_EQ(preview.suggested_withheld(0).state(), "KY") << "the smallest that is enough";
  EXPECT_EQ(world_.operation().releases().releases().size(), 0);
  *request.mutable_withheld() = preview.suggested_withheld();
  preview = Ask<v1::PreviewReleaseResponse>(world_, "lead", "ReleaseService/PreviewRelease", request);
  EXPECT_THAT(preview.findings(), IsEmpty());
  EXPECT_TRUE(preview.cells(1).withheld());
}

TEST_F(Releases, S4TwoReleasesTogetherTellNoMoreThanEachMay) {
  StartReporting(&world_);
  EXPECT_THAT(Draft("first", {{"", kPersons}}), IsEmpty());
  Issue("first");
  const std::vector<std::string> findings = Draft("second", {{"", kAdults}});
  ASSERT_EQ(findings.size(), 2);
  EXPECT_EQ(findings[0], "S4: persons 47 minus adults 45 gives minors 2");
  EXPECT_EQ(Rejection(CheckRelease("second")).rule(), "S4");
}

TEST_F(Releases, S4ANewStateThatIsSmallFollowsFromTheTotalsBeforeAndAfter) {
  StartReporting(&world_);
  Draft("first", {{"", kAdults}});
  Issue("first");
  Record(6, "lead", "mo-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 4);
  const std::vector<std::string> findings = Draft("second", {{"", kAdults}});
  ASSERT_FALSE(findings.empty());
  for (const std::string& finding : findings) EXPECT_EQ(finding.substr(0, 3), "S4:") << finding;
  EXPECT_THAT(Draft("third", {{"", kArrests}}), IsEmpty()) << "arrests are no victims";
}

TEST_F(Releases, S4ALargeChangeOrNoneIsReleased) {
  StartReporting(&world_);
  Draft("first", {{"", kAdults}});
  Issue("first");
  EXPECT_THAT(Draft("again", {{"", kAdults}}), IsEmpty());
  Record(6, "lead", "mo-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 40);
  EXPECT_THAT(Draft("second", {{"", kAdults}}), IsEmpty());
}

TEST_F(Releases, S4WhatTheOneIssuedFirstTellsIsLookedAtWhenTheSecondIsIssued) {
  StartReporting(&world_);
  Draft("first", {{"", kPersons}});
  Draft("second", {{"", kAdults}});
  for (const char* release_id : {"first", "second"}) {
    world_.MustSubmit("lead", CheckRelease(release_id));
    world_.MustSubmit("lead", ApproveRelease(release_id));
  }
  world_.MustSubmit("lead", IssueRelease("first"));
  EXPECT_EQ(Rejection(IssueRelease("second")).rule(), "S4");
}

TEST_F(Releases, S6NothingIsReleasedBeforeReporting) {
  Draft("first", {{"", kArrests}});
  world_.MustSubmit("lead", CheckRelease("first"));
  world_.MustSubmit("lead", ApproveRelease("first"));
  EXPECT_EQ(Rejection(IssueRelease("first")).rule(), "S6");
  EXPECT_EQ(Held("first").state(), v1::RELEASE_STATE_APPROVED);
  StartReporting(&world_);
  world_.MustSubmit("lead", IssueRelease("first"));
  EXPECT_EQ(Held("first").state(), v1::RELEASE_STATE_ISSUED);
}

TEST_F(Releases, S6AnOverrideNeedsANameAndAReasonAndStaysOnTheRecord) {
  StartReporting(&world_);
  Draft("first", {{"", kPersons}, {"", kAdults}});
  EXPECT_EQ(Rejection(ApproveRelease("first")).rule(), "S6");
  EXPECT_EQ(Rejection(ApproveRelease("first", "", "the public must know")).rule(), "S6");
  EXPECT_EQ(Rejection(ApproveRelease("first", "A. Deputy", "")).rule(), "S6");
  EXPECT_EQ(Rejection(IssueRelease("first")).rule(), "S6");
  world_.MustSubmit("lead", ApproveRelease("first", "A. Deputy", "the public must know"));
  world_.MustSubmit("lead", IssueRelease("first"));
  EXPECT_EQ(Held("first").override().approver_name(), "A. Deputy");
  EXPECT_EQ(Held("first").override().reason(), "the public must know");
  EXPECT_EQ(Held("first").findings_size(), 2);
  EXPECT_EQ(Held("first").approved_by().agency_id(), "lead");
}

TEST_F(Releases, S4WhatAnOverrideHasToldIsNoFaultOfTheNextRelease) {
  StartReporting(&world_);
  Draft("first", {{"", kPersons}, {"", kAdults}});
  world_.MustSubmit("lead", ApproveRelease("first", "A. Deputy", "the public must know"));
  world_.MustSubmit("lead", IssueRelease("first"));
  EXPECT_THAT(Draft("second", {{"", kPersons}, {"", kArrests}}), IsEmpty());
}

TEST_F(Releases, S6StaleFiguresAreNotIssuedUntilTheyAreCheckedAgain) {
  StartReporting(&world_);
  Draft("first", {{"", kPersons}});
  world_.MustSubmit("lead", CheckRelease("first"));
  world_.MustSubmit("lead", ApproveRelease("first"));
  Record(6, "nd-bci", "nd-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 20);
  EXPECT_EQ(Rejection(IssueRelease("first")).reason(), v1::ERROR_REASON_STALE_FIGURES);
  world_.MustSubmit("lead", CheckRelease("first"));
  EXPECT_EQ(Held("first").state(), v1::RELEASE_STATE_CHECKED) << "the approval was of other figures";
  EXPECT_EQ(Held("first").cells(0).value(), 67);
  world_.MustSubmit("lead", ApproveRelease("first"));
  world_.MustSubmit("lead", IssueRelease("first"));
}

TEST_F(Releases, S6AClosedOperationIssuesCorrections) {
  StartReporting(&world_);
  Draft("first", {{"", kArrests}});
  Issue("first");
  world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_CLOSED));
  world_.MustSubmit("lead", CorrectTally(EntryId(2), {}));
  Draft("second", {{"", kArrests}}, {}, "first");
  Issue("second");
  EXPECT_EQ(Held("first").state(), v1::RELEASE_STATE_CORRECTED);
  EXPECT_EQ(Held("first").corrected_by_release_id(), "second");
  EXPECT_EQ(Held("first").cells(0).value(), 49) << "as the public has it";
  EXPECT_EQ(Held("second").cells(0).value(), 46);
  EXPECT_EQ(Rejection(DraftRelease("third", {{"", kArrests}}, {}, "first")).reason(),
            v1::ERROR_REASON_UNKNOWN_REFERENCE);
}

TEST_F(Releases, AnIssuedReleaseIsNeverDraftedCheckedOrIssuedAgain) {
  StartReporting(&world_);
  Draft("first", {{"", kArrests}});
  Issue("first");
  EXPECT_EQ(Rejection(DraftRelease("first", {{"", kArrests}})).reason(), v1::ERROR_REASON_ALREADY_EXISTS);
  for (const auto& submission : {CheckRelease("first"), ApproveRelease("first"), IssueRelease("first")}) {
    EXPECT_EQ(Rejection(submission).reason(), v1::ERROR_REASON_WRONG_PHASE);
  }
  EXPECT_EQ(Rejection(CheckRelease("second")).reason(), v1::ERROR_REASON_NOT_FOUND);
  EXPECT_EQ(Rejection(DraftRelease("second", {{"TX", kArrests}})).reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
}

// ---- Who sees it ---------------------------------------------------------------------------------------------------

TEST_F(Releases, P7WhatIsNotIssuedChangesNothingForWhoReadsIssuedReleases) {
  World without;
  SetUpOperation(&without);
  World with;
  SetUpOperation(&with);
  with.MustSubmit("public-info", DraftRelease("first", {{"", kArrests}}));
  with.MustSubmit("lead", CheckRelease("first"));
  with.MustSubmit("lead", ApproveRelease("first"));
  v1::GetReleaseRequest get;
  get.set_release_id("first");
  for (const char* viewer : {"ky-ago", "ky-prosecutor", "observer", "watch-desk", "victim-services"}) {
    EXPECT_EQ(with.FeedBytes(viewer), without.FeedBytes(viewer)) << viewer;
    const auto status = [&](const World& world) {
      return Refused<v1::GetReleaseResponse>(world, viewer, "ReleaseService/GetRelease", get).ToString();
    };
    EXPECT_EQ(status(with), status(without)) << viewer;
    EXPECT_NE(status(with), "OK");
  }
  for (const char* viewer : {"ky-ago", "observer"}) {
    const auto list = [&](const World& world) {
      return Ask<v1::ListReleasesResponse>(world, viewer, "ReleaseService/ListReleases", v1::ListReleasesRequest())
          .ShortDebugString();
    };
    EXPECT_EQ(list(with), list(without));
  }
  for (const char* viewer : {"lead", "public-info", "auditor"}) {
    EXPECT_EQ(with.FeedOf(viewer).back().notice.release().state(), v1::RELEASE_STATE_APPROVED) << viewer;
  }
}

TEST_F(Releases, S6ReadersOfIssuedReleasesSeeNeitherFindingsNorOverrideNorWhoMadeIt) {
  StartReporting(&world_);
  Draft("first", {{"", kPersons}, {"", kAdults}});
  world_.MustSubmit("lead", ApproveRelease("first", "A. Deputy", "the public must know"));
  world_.MustSubmit("lead", IssueRelease("first"));
  v1::GetReleaseRequest get;
  get.set_release_id("first");
  for (const char* viewer : {"ky-ago", "ky-prosecutor", "observer"}) {
    const v1::Release read = Ask<v1::GetReleaseResponse>(world_, viewer, "ReleaseService/GetRelease", get).release();
    EXPECT_EQ(read.state(), v1::RELEASE_STATE_ISSUED);
    EXPECT_EQ(read.cells_size(), 2);
    EXPECT_EQ(read.mode(), v1::OPERATION_MODE_EXERCISE);
    EXPECT_THAT(read.findings(), IsEmpty());
    EXPECT_FALSE(read.has_override() || read.has_drafted_by() || read.has_approved_by());
    EXPECT_EQ(world_.FeedOf(viewer).back().notice.release().ShortDebugString(), read.ShortDebugString());
  }
  EXPECT_TRUE(
      Ask<v1::GetReleaseResponse>(world_, "auditor", "ReleaseService/GetRelease", get).release().has_override());
}

TEST_F(Releases, ReleasesAreRestoredFromAnImage) {
  StartReporting(&world_);
  Draft("first", {{"", kPersons}}, {{"", kAdults}});
  Issue("first");
  Draft("second", {{"", kAdults}});
  ExpectRestoresTheSame(world_);
}

}  // namespace
}  // namespace muster
