#include "client/cli/demo/scenario.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
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
  for (const auto& [agency, sends] : PlanTally(scenario, 1).sends) {
    for (const PlannedSend& send : sends) EXPECT_TRUE(Validate(send.submission).ok()) << Validate(send.submission);
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

TEST(Scenario, SouthDakotaSendsItsCorrectionBeforeTheEntryItReverses) {
  const Scenario scenario = Load();
  const PlannedTally tally = PlanTally(scenario, 1);
  const std::vector<PlannedSend>& sends = tally.sends.at("sd-dci");
  ASSERT_TRUE(sends.front().submission.has_correct_tally());
  const std::string& reversed = sends.front().submission.correct_tally().entry_id();
  EXPECT_TRUE(absl::c_any_of(sends, [&](const PlannedSend& send) {
    return send.submission.has_record_tally() && send.submission.record_tally().entry().entry_id() == reversed &&
           send.submission.record_tally().entry().count() == 6;
  }));
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
