// The replay's scenario: who takes part, the plan, and the reports in the order in which agencies send them, faults
// included.
#ifndef MUSTER_CLIENT_CLI_DEMO_SCENARIO_H_
#define MUSTER_CLIENT_CLI_DEMO_SCENARIO_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/demo/published.h"
#include "muster/config/v1/scenario.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster {

struct Scenario {
  v1::CreateOperation creation;
  std::vector<v1::Participant> participants;  // Exactly one is the LEAD.
  v1::PublishPlan plan;
  v1::AmendPlan amendment;
  std::vector<config::v1::ScenarioOperator> operators;  // Of the lead; the first has two certificates or more.
  std::vector<config::v1::ScenarioSubmission> submissions;
  config::v1::ScenarioVictimServices victims;
  config::v1::ScenarioDeconfliction deconfliction;
  config::v1::ScenarioReadiness readiness;
  std::vector<config::v1::ScenarioClaim> claims;
  std::vector<config::v1::ScenarioRelease> releases;
  Published published;
  ExpectedFigures expected;

  const std::string& operation_id() const { return creation.operation().operation_id(); }
  const std::string& lead() const;
};

// Reads the files of `folder` (tests/data/united-front/README.md). INVALID_ARGUMENT when one is malformed, or when they
// do not fit together (an unknown label, no lead).
absl::StatusOr<Scenario> LoadScenario(const std::string& folder);

// Whether the parts of a scenario fit together; what LoadScenario checks.
absl::Status CheckScenario(const Scenario& scenario);

// The first agency of participants.toml with the role; a checked scenario has one for each role.
const std::string& AgencyWithRole(const Scenario& scenario, v1::Role role);

// The entries that a submission brings.
std::vector<const config::v1::ScenarioEntry*> EntriesOf(const config::v1::ScenarioSubmission& submission);

// The agencies that must acknowledge a plan: PARTICIPANT and PROSECUTOR. In the order of participants.toml.
std::vector<std::string> AcknowledgingAgencies(const Scenario& scenario);

// Those of them whose acknowledgement the amendment resets: they may read a section that it changes materially (rule
// P4).
std::vector<std::string> AgenciesReset(const Scenario& scenario);

// One call that an agency's client makes to report or to correct.
struct PlannedSend {
  enum class Kind { kOriginal, kRetry, kDuplicate };
  Kind kind = Kind::kOriginal;
  v1::Submission submission;  // record_tally or correct_tally, with its submission_id.
};

struct PlannedTally {
  // By agency, in the order of sending.
  std::map<std::string, std::vector<PlannedSend>> sends;
  // Every entry that the ledger must hold in the end, once, by entry_id; and the label behind each id.
  std::map<std::string, v1::TallyEntry> entries;
  std::map<std::string, std::string> labels;
  // entry_id of each entry that a correction reverses.
  std::vector<std::string> reversed;
  // By agency, what is sent when all of `sends` is done.
  std::vector<std::pair<std::string, PlannedSend>> afterwards;

  // Of `sends`.
  size_t send_count() const;
  size_t fault_count() const;
};

// Makes fresh ids, resolves labels, and puts late submissions last and every repeat somewhere behind its original;
// `seed` decides where.
PlannedTally PlanTally(const Scenario& scenario, uint64_t seed);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_SCENARIO_H_
