#include "client/cli/demo/scenario.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "client/cli/demo/verdict.h"
#include "common/clock.h"
#include "common/identifiers.h"
#include "common/uuid.h"
#include "common/validation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

constexpr char kFolder[] = MUSTER_SOURCE_DIR "/tests/data/united-front";
constexpr int kSeeds = 50;

Scenario Load() {
  absl::StatusOr<Scenario> scenario = LoadScenario(kFolder);
  EXPECT_TRUE(scenario.ok()) << scenario.status();
  return scenario.ok() ? *std::move(scenario) : Scenario();
}

bool IsArrest(v1::TallyCategory category) {
  return category >= v1::TALLY_CATEGORY_ARREST_TRAFFICKER && category <= v1::TALLY_CATEGORY_ARREST_UNCATEGORISED;
}

// A state's totals, added up without any of the broker's code.
struct Sums {
  uint64_t arrests = 0;
  std::map<v1::TallyCategory, uint64_t> others;
};

std::map<std::string, Sums> SumByState(const Scenario& scenario, const PlannedTally& tally) {
  std::map<std::string, std::string> state_of;
  for (const v1::Site& site : scenario.creation.sites()) state_of[site.site_id()] = site.state();
  std::map<std::string, Sums> sums;
  for (const auto& [id, entry] : tally.entries) {
    if (absl::c_linear_search(tally.reversed, id)) continue;
    Sums& sum = sums[state_of.at(entry.site_id())];
    if (IsArrest(entry.category())) {
      sum.arrests += entry.count();
    } else {
      sum.others[entry.category()] += entry.count();
    }
  }
  return sums;
}

void ExpectReported(const Sums& sums, v1::TallyCategory category, const std::optional<uint64_t>& published) {
  const auto found = sums.others.find(category);
  ASSERT_EQ(found != sums.others.end(), published.has_value()) << v1::TallyCategory_Name(category);
  if (published.has_value()) {
    EXPECT_EQ(found->second, *published) << v1::TallyCategory_Name(category);
  }
}

TEST(Scenario, EntriesAddUpToThePublishedLineOfEveryState) {
  const Scenario scenario = Load();
  const std::map<std::string, Sums> sums = SumByState(scenario, PlanTally(scenario, 1));
  ASSERT_EQ(scenario.published.states.size(), 12u);
  for (const PublishedState& state : scenario.published.states) {
    SCOPED_TRACE(state.state);
    ASSERT_TRUE(sums.contains(state.state));
    const Sums& sum = sums.at(state.state);
    EXPECT_EQ(sum.arrests, state.arrests);
    ExpectReported(sum, v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, state.adults);
    ExpectReported(sum, v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, state.minors);
    ExpectReported(sum, v1::TALLY_CATEGORY_SERVICE_ACCEPTED, state.services);
  }
}

TEST(Scenario, ExpectedFiguresAreThePublishedOnes) {
  const ExpectedFigures expected = Load().expected;
  EXPECT_EQ(expected.arrests, 102u);
  EXPECT_EQ(expected.arrests_in_window, 93u);
  EXPECT_EQ(expected.arrests_out_of_window, 9u);
  EXPECT_EQ(expected.persons, 47u);
  EXPECT_EQ(expected.adults, 45u);
  EXPECT_EQ(expected.minors, 2u);
  EXPECT_EQ(expected.persons_by_source, 45u);
  EXPECT_EQ(expected.states_reporting_persons, 7u);
}

TEST(Scenario, EverySubmissionIsWellFormed) {
  const Scenario scenario = Load();
  EXPECT_TRUE(Validate(scenario.creation).ok()) << Validate(scenario.creation);
  EXPECT_TRUE(Validate(scenario.plan).ok()) << Validate(scenario.plan);
  EXPECT_TRUE(Validate(scenario.amendment).ok()) << Validate(scenario.amendment);
  for (const v1::Participant& participant : scenario.participants) {
    EXPECT_TRUE(Validate(participant).ok()) << Validate(participant);
  }
  const PlannedTally tally = PlanTally(scenario, 1);
  for (const auto& [agency, sends] : tally.sends) {
    for (const PlannedSend& send : sends) EXPECT_TRUE(Validate(send.submission).ok()) << Validate(send.submission);
  }
  for (const auto& [agency, send] : tally.afterwards) {
    EXPECT_TRUE(Validate(send.submission).ok()) << Validate(send.submission);
  }
}

TEST(Scenario, WhatTheRoundsSubmitIsWellFormed) {
  const Scenario scenario = Load();
  const std::string id = NewUuidV7(SystemClock()->Now());
  EXPECT_TRUE(Validate(scenario.victims.notice()).ok()) << Validate(scenario.victims.notice());
  EXPECT_TRUE(Validate(scenario.victims.capacity()).ok()) << Validate(scenario.victims.capacity());
  EXPECT_TRUE(Validate(scenario.victims.services()).ok()) << Validate(scenario.victims.services());
  for (const config::v1::ScenarioActivity& planned : scenario.deconfliction.activities()) {
    v1::Activity activity = planned.activity();
    activity.set_activity_id(id);
    EXPECT_TRUE(Validate(activity).ok()) << planned.label() << ": " << Validate(activity);
  }
  for (const config::v1::ScenarioClaim& planned : scenario.claims) {
    v1::Claim claim = planned.claim();
    claim.set_claim_id(id);
    EXPECT_TRUE(Validate(claim).ok()) << Validate(claim);
  }
  for (const config::v1::ScenarioRelease& planned : scenario.releases) {
    v1::DraftRelease draft = planned.draft();
    draft.set_operation_id(scenario.operation_id());
    EXPECT_TRUE(Validate(draft).ok()) << Validate(draft);
  }
}

TEST(Scenario, EveryRepeatComesAfterItsOriginalWhateverTheSeed) {
  const Scenario scenario = Load();
  for (int seed = 0; seed < kSeeds; ++seed) {
    for (const auto& [agency, sends] : PlanTally(scenario, static_cast<uint64_t>(seed)).sends) {
      std::set<std::string> submissions;
      std::set<std::string> entries;
      for (const PlannedSend& send : sends) {
        const std::string& entry = send.submission.record_tally().entry().entry_id();
        const bool known_submission = !submissions.insert(send.submission.submission_id()).second;
        const bool known_entry = !entries.insert(entry).second && !entry.empty();
        EXPECT_EQ(known_submission, send.kind == PlannedSend::Kind::kRetry) << "seed " << seed << ", " << agency;
        if (send.kind == PlannedSend::Kind::kDuplicate) {
          EXPECT_TRUE(known_entry) << "seed " << seed << ", " << agency;
        }
      }
    }
  }
}

TEST(Scenario, TexasSendsItsCorrectionBeforeTheEntryItReverses) {
  const Scenario scenario = Load();
  const PlannedTally tally = PlanTally(scenario, 1);
  const std::vector<PlannedSend>& sends = tally.sends.at("tx-dps");
  ASSERT_TRUE(sends.front().submission.has_correct_tally());
  const std::string& reversed = sends.front().submission.correct_tally().entry_id();
  EXPECT_TRUE(absl::c_any_of(sends, [&](const PlannedSend& send) {
    return send.submission.has_record_tally() && send.submission.record_tally().entry().entry_id() == reversed;
  }));
}

TEST(Scenario, SouthDakotaReportsSixAndCorrectsItWhenTheRestIsDone) {
  const Scenario scenario = Load();
  const PlannedTally tally = PlanTally(scenario, 1);
  const std::vector<PlannedSend>& sends = tally.sends.at("sd-dci");
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].submission.record_tally().entry().count(), 6u);
  ASSERT_FALSE(tally.afterwards.empty());
  EXPECT_EQ(tally.afterwards[0].first, "sd-dci");
  const v1::CorrectTally& correction = tally.afterwards[0].second.submission.correct_tally();
  EXPECT_EQ(correction.entry_id(), sends[0].submission.record_tally().entry().entry_id());
  uint64_t replaced = 0;
  for (const v1::TallyEntry& entry : correction.replacements()) replaced += entry.count();
  EXPECT_EQ(replaced, 9u);
}

const config::v1::ScenarioActivity& FindActivity(const Scenario& scenario, const std::string& label) {
  return *absl::c_find_if(scenario.deconfliction.activities(),
                          [&](const config::v1::ScenarioActivity& one) { return one.label() == label; });
}

// The state of the site that the activity is for.
std::string StateOf(const Scenario& scenario, const std::string& label) {
  const std::string& site_id = FindActivity(scenario, label).activity().site_id();
  return absl::c_find_if(scenario.creation.sites(), [&](const v1::Site& site) { return site.site_id() == site_id; })
      ->state();
}

TEST(Scenario, ThreeConflictsArePlantedEachOfItsOwnKind) {
  const Scenario scenario = Load();
  ASSERT_EQ(scenario.deconfliction.conflicts_size(), 3);
  const config::v1::ScenarioConflict& border = scenario.deconfliction.conflicts(0);
  EXPECT_EQ(border.kind(), v1::CONFLICT_KIND_ACTIVITY);
  EXPECT_EQ(StateOf(scenario, border.between(0)), "KY");
  EXPECT_EQ(StateOf(scenario, border.between(1)), "TN");

  const config::v1::ScenarioConflict& sealed = scenario.deconfliction.conflicts(1);
  EXPECT_EQ(sealed.kept_from(), sealed.between(0));
  EXPECT_EQ(FindActivity(scenario, sealed.between(1)).activity().sensitivity(), v1::SENSITIVITY_SEALED);

  const config::v1::ScenarioConflict& target = scenario.deconfliction.conflicts(2);
  EXPECT_EQ(target.kind(), v1::CONFLICT_KIND_TARGET);
  const v1::Target& one = FindActivity(scenario, target.between(0)).activity().targets(0);
  const v1::Target& other = FindActivity(scenario, target.between(1)).activity().targets(0);
  EXPECT_NE(one.value(), other.value());
  const auto one_normal = NormalizeIdentifier(one.kind(), one.value(), one.state());
  const auto other_normal = NormalizeIdentifier(other.kind(), other.value(), other.state());
  ASSERT_TRUE(one_normal.ok() && other_normal.ok());
  EXPECT_EQ(one_normal->value, other_normal->value);
}

TEST(Scenario, AClaimThatIsLeftOutIsRefused) {
  Scenario scenario = Load();
  scenario.claims.erase(scenario.claims.begin());
  EXPECT_EQ(CheckScenario(scenario).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Scenario, AnInventedClaimMustSayThatItIsSynthetic) {
  Scenario scenario = Load();
  ASSERT_TRUE(scenario.claims.back().synthetic());
  scenario.claims.back().set_synthetic(false);
  EXPECT_EQ(CheckScenario(scenario).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Scenario, AConflictOfNoActivityIsRefused) {
  Scenario scenario = Load();
  scenario.deconfliction.mutable_conflicts(0)->set_between(1, "nowhere");
  EXPECT_EQ(CheckScenario(scenario).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Scenario, GoTakesTwoPersonsAndASecondCertificate) {
  Scenario scenario = Load();
  scenario.operators[0].mutable_posts()->RemoveLast();
  EXPECT_EQ(CheckScenario(scenario).code(), absl::StatusCode::kInvalidArgument);
  scenario = Load();
  scenario.operators.pop_back();
  EXPECT_EQ(CheckScenario(scenario).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Scenario, AHoldoutWorksAtItsSite) {
  Scenario scenario = Load();
  scenario.readiness.mutable_holdouts(0)->set_site_id("tx-statewide");
  EXPECT_EQ(CheckScenario(scenario).code(), absl::StatusCode::kInvalidArgument);
}

TEST(Verdict, AFindingThatIsNotAsPlantedDiffers) {
  const Published published;
  Verdict verdict;
  verdict.rounds.emplace_back("a round");
  verdict.rounds.back().Count("as_planted", "as planted", 3, 3);
  EXPECT_TRUE(verdict.Differing(published).empty());
  verdict.rounds.back().Count("not_planted", "  not as planted", 3, 2);
  EXPECT_EQ(verdict.Differing(published), std::vector<std::string>{"not as planted"});
}

TEST(Scenario, SameSeedGivesTheSameOrder) {
  const Scenario scenario = Load();
  const auto order = [&](uint64_t seed) {
    std::string text;
    const PlannedTally tally = PlanTally(scenario, seed);
    for (const auto& [agency, sends] : tally.sends) {
      for (const PlannedSend& send : sends) {
        const auto label = tally.labels.find(send.submission.record_tally().entry().entry_id());
        absl::StrAppend(&text, static_cast<int>(send.kind), label == tally.labels.end() ? "correction" : label->second,
                        " ");
      }
    }
    return text;
  };
  EXPECT_EQ(order(7), order(7));
  EXPECT_NE(order(7), order(8));
}

TEST(Scenario, AmendmentResetsEveryoneWhoMustAcknowledge) {
  const Scenario scenario = Load();
  EXPECT_EQ(AgenciesReset(scenario), AcknowledgingAgencies(scenario));
  EXPECT_EQ(AcknowledgingAgencies(scenario).size(), 17u);
}

TEST(Published, QuotedFieldsMayHoldCommasQuotesAndLines) {
  const auto rows = ParseCsv("a,b\n\"1,\"\"2\"\"\n3\",\n");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(*rows, (std::vector<std::vector<std::string>>{{"a", "b"}, {"1,\"2\"\n3", ""}}));
}

TEST(Published, RowsOfTheWrongLengthAreRefused) {
  EXPECT_EQ(ParseCsv("a,b\n1\n").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ParseCsv("a,b\n1,\"2\n").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Published, StatesThatDoNotAddUpToTheLeadsTotalAreRefused) {
  Published published = Load().published;
  ASSERT_TRUE(ExpectFigures(published).ok());
  published.states[0].arrests += 1;
  EXPECT_EQ(ExpectFigures(published).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace muster
