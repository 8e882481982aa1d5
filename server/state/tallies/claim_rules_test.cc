// Published figures beside the ledger's: rules T1, T8, T9, T13 and T17.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/tallies/testing/tally_support.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::Claim MakeClaim(uint64_t id, v1::FigureKind figure, absl::string_view state, uint64_t value,
                    absl::string_view source = "one television station") {
  v1::Claim claim;
  claim.set_claim_id(EntryId(id));
  claim.set_figure(figure);
  claim.set_state(std::string(state));
  claim.set_value(value);
  claim.set_source(std::string(source));
  return claim;
}

v1::Submission RecordClaim(const v1::Claim& claim) {
  v1::Submission submission;
  submission.mutable_record_claim()->set_operation_id(kTestOperation);
  *submission.mutable_record_claim()->mutable_claim() = claim;
  return submission;
}

// Kentucky: 46 arrests, 21 adults that contain 2 minors; North Dakota 3 arrests, 6 adults; Missouri 2 arrests.
class Claims : public ::testing::Test {
 protected:
  Claims() {
    SetUpOperation(&world_);
    Record(1, "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_UNCATEGORISED, 46);
    Record(2, "nd-bci", "nd-1", v1::TALLY_CATEGORY_ARREST_UNCATEGORISED, 3);
    Record(3, "lead", "mo-1", v1::TALLY_CATEGORY_ARREST_UNCATEGORISED, 2);
    Record(4, "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 21);
    v1::TallyEntry minors = MakeEntry(EntryId(5), "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, 2);
    minors.add_contained_in_entry_ids(EntryId(4));
    world_.MustSubmit("ky-ago", RecordTally(minors));
  }

  void Record(uint64_t id, absl::string_view agency_id, absl::string_view site_id, v1::TallyCategory category,
              uint32_t count) {
    world_.MustSubmit(agency_id, RecordTally(MakeEntry(EntryId(id), agency_id, site_id, category, count)));
  }
  void Claim(const v1::Claim& claim) { world_.MustSubmit("lead", RecordClaim(claim)); }
  std::vector<v1::Reconciliation> Reconciled(absl::string_view viewer = "lead") const {
    const auto response = Ask<v1::ReconcileResponse>(world_, viewer, "ClaimService/Reconcile", v1::ReconcileRequest());
    EXPECT_EQ(response.mode(), v1::OPERATION_MODE_EXERCISE);
    return {response.reconciliations().begin(), response.reconciliations().end()};
  }
  static std::vector<v1::ExplanationKind> KindsOf(const v1::Reconciliation& reconciliation) {
    std::vector<v1::ExplanationKind> kinds;
    for (const v1::Explanation& explanation : reconciliation.explanations()) kinds.push_back(explanation.kind());
    return kinds;
  }

  World world_;
};

TEST_F(Claims, T9AClaimIsShownWithItsDifferenceAndEntersNoFigure) {
  const std::string before = world_.TotalsFor("lead").ShortDebugString();
  Claim(MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "", 51));
  Claim(MakeClaim(101, v1::FIGURE_KIND_ARRESTS, "", 60));
  const std::vector<v1::Reconciliation> reconciled = Reconciled("auditor");
  EXPECT_THAT(KindsOf(reconciled[0]), ElementsAre(v1::EXPLANATION_KIND_MATCHES));
  EXPECT_EQ(reconciled[0].difference(), 0);
  EXPECT_EQ(reconciled[1].ledger_value(), 51);
  EXPECT_EQ(reconciled[1].difference(), 9);
  EXPECT_EQ(world_.TotalsFor("lead").ShortDebugString(), before);
}

TEST_F(Claims, T1TheSourcesDefinitionExplainsTwoMinorsAndKentuckys59StaysUnreconciled) {
  Claim(MakeClaim(100, v1::FIGURE_KIND_PERSONS, "", 21, "Kentucky Governor"));
  Claim(MakeClaim(101, v1::FIGURE_KIND_PERSONS, "", 59, "Kentucky Governor"));
  const std::vector<v1::Reconciliation> reconciled = Reconciled();
  EXPECT_EQ(reconciled[0].ledger_value(), 23);
  EXPECT_EQ(reconciled[0].ledger_value_by_source(), 21);
  EXPECT_THAT(KindsOf(reconciled[0]), ElementsAre(v1::EXPLANATION_KIND_DEFINITION));
  EXPECT_EQ(reconciled[0].explanations(0).difference(), -2);
  EXPECT_THAT(KindsOf(reconciled[1]), ElementsAre(v1::EXPLANATION_KIND_UNRECONCILED));
  EXPECT_EQ(reconciled[1].difference(), 36);
}

TEST_F(Claims, T17KentuckyIsNamedAsTheStateThatExplainsTheMinus20) {
  Claim(MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "", 31));
  Claim(MakeClaim(101, v1::FIGURE_KIND_ARRESTS, "ND", 4, "another paper"));
  Claim(MakeClaim(102, v1::FIGURE_KIND_ARRESTS, "KY", 26));
  const std::vector<v1::Reconciliation> reconciled = Reconciled();
  ASSERT_THAT(KindsOf(reconciled[0]), ElementsAre(v1::EXPLANATION_KIND_STATES));
  const v1::Explanation& national = reconciled[0].explanations(0);
  EXPECT_THAT(national.states(), ElementsAre("KY"));
  EXPECT_EQ(national.difference(), -20);
  EXPECT_EQ(national.text(), "Kentucky explains the -20: one television station says 26, the ledger has 46");
  ASSERT_THAT(KindsOf(reconciled[2]), ElementsAre(v1::EXPLANATION_KIND_STATES));
  EXPECT_THAT(reconciled[2].explanations(0).states(), ElementsAre("KY"));
  EXPECT_EQ(reconciled[2].difference(), -20);
}

TEST_F(Claims, T17TheFewestStatesExplainADifference) {
  Claim(MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "", 33));
  Claim(MakeClaim(101, v1::FIGURE_KIND_ARRESTS, "KY", 26));
  Claim(MakeClaim(102, v1::FIGURE_KIND_ARRESTS, "ND", 5));
  Claim(MakeClaim(103, v1::FIGURE_KIND_ARRESTS, "MO", 1));
  EXPECT_THAT(Reconciled()[0].explanations(0).states(), ElementsAre("KY", "ND"));
  EXPECT_THAT(Reconciled()[0].explanations(0).text(), HasSubstr("Kentucky and North Dakota explain the -18"));
  Claim(MakeClaim(104, v1::FIGURE_KIND_ARRESTS, "KY", 28, "a third source"));
  EXPECT_THAT(Reconciled()[0].explanations(0).states(), ElementsAre("KY"));
}

TEST_F(Claims, T17OneStateIsNotUsedTwice) {
  Claim(MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "", 52));
  Claim(MakeClaim(101, v1::FIGURE_KIND_ARRESTS, "ND", 1));
  Claim(MakeClaim(102, v1::FIGURE_KIND_ARRESTS, "ND", 6));
  EXPECT_THAT(KindsOf(Reconciled()[0]), ElementsAre(v1::EXPLANATION_KIND_UNRECONCILED));
}

TEST_F(Claims, T13AClaimThatWasTrueWhenPublishedIsExplainedByItsTime) {
  v1::Claim claim = MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "ND", 3, "South Dakota's first release");
  *claim.mutable_published_at() = ToProto(world_.Now());
  world_.Advance(absl::Hours(1));
  world_.MustSubmit(
      "nd-bci",
      CorrectTally(EntryId(2), {MakeEntry(EntryId(20), "nd-bci", "nd-1", v1::TALLY_CATEGORY_ARREST_UNCATEGORISED, 9)}));
  Claim(claim);
  EXPECT_EQ(KindsOf(Reconciled()[0]).front(), v1::EXPLANATION_KIND_AS_OF);
  EXPECT_EQ(Reconciled()[0].difference(), -6);
}

TEST_F(Claims, T3AFigureThatNobodyReportedIsNotComparedWith0) {
  Claim(MakeClaim(100, v1::FIGURE_KIND_SERVICES, "", 11));
  const v1::Reconciliation reconciliation = Reconciled()[0];
  EXPECT_FALSE(reconciliation.has_ledger_value());
  EXPECT_EQ(reconciliation.difference(), 0);
  EXPECT_THAT(reconciliation.explanations(0).text(), HasSubstr("NOT_REPORTED"));
}

TEST_F(Claims, T8WhatNoPartAccountsForIsUncategorised) {
  v1::Claim claim = MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "", 9);
  claim.add_parts()->set_category(v1::TALLY_CATEGORY_ARREST_ENTICEMENT_OF_MINOR);
  claim.mutable_parts(0)->set_value(7);
  claim.add_parts()->set_category(v1::TALLY_CATEGORY_ARREST_UNCATEGORISED);
  claim.mutable_parts(1)->set_value(1);
  Claim(claim);
  EXPECT_EQ(Reconciled()[0].uncategorised(), 2);
}

TEST_F(Claims, T9TheSameClaimAgainIsOneAndItsIdNeverStandsForTwo) {
  const v1::Claim claim = MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "KY", 26);
  EXPECT_FALSE(world_.MustSubmit("lead", RecordClaim(claim)).accepted().already_recorded());
  EXPECT_TRUE(world_.MustSubmit("lead", RecordClaim(claim)).accepted().already_recorded());
  EXPECT_EQ(world_.Submit("lead", RecordClaim(MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "KY", 27))).rejected().reason(),
            v1::ERROR_REASON_ALREADY_EXISTS);
  EXPECT_EQ(Reconciled().size(), 1);
  ExpectRestoresTheSame(world_);
}

TEST_F(Claims, T9ClaimsAreToldToTheLeadAndTheAuditorOnly) {
  std::map<std::string, std::string> before;
  for (const auto& [agency_id, feed] : world_.feeds()) before[agency_id] = world_.FeedBytes(agency_id);
  Claim(MakeClaim(100, v1::FIGURE_KIND_ARRESTS, "KY", 26));
  for (const auto& [agency_id, bytes] : before) {
    const bool told = agency_id == "lead" || agency_id == "auditor";
    EXPECT_EQ(world_.FeedBytes(agency_id) != bytes, told) << agency_id;
  }
  EXPECT_EQ(world_.Submit("ky-ago", RecordClaim(MakeClaim(101, v1::FIGURE_KIND_ARRESTS, "", 1))).rejected().reason(),
            v1::ERROR_REASON_NOT_PERMITTED);
}

}  // namespace
}  // namespace muster
