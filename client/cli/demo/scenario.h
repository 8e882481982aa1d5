// The replay's scenario: who takes part, the plan, and the reports in the order in which agencies send them, faults
// included.
#ifndef MUSTER_CLIENT_CLI_DEMO_SCENARIO_H_
#define MUSTER_CLIENT_CLI_DEMO_SCENARIO_H_

#include <cstdint>
#include <map>
#include <string>
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
  std::vector<config::v1::ScenarioSubmission> submissions;
  Published published;
  ExpectedFigures expected;

  const std::string& operation_id() const { return creation.operation().operation_id(); }
  const std::string& lead() const;
};

// Reads operation.toml, participants.toml, plan.toml, amendment.toml, entries.toml, states.csv and claims.csv of
// `folder`. INVALID_ARGUMENT when a file is malformed, or when the files do not fit together (an unknown label, no
// lead).
absl::StatusOr<Scenario> LoadScenario(const std::string& folder);

// The agencies that must acknowledge a plan: PARTICIPANT and PROSECUTOR. In the order of participants.toml.
std::vector<std::string> AcknowledgingAgencies(const Scenario& scenario);

// Those of them whose acknowledgement the amendment resets: they may read a section that it changes materially (rule
// P4).
std::vector<std::string> AgenciesReset(const Scenario& scenario);

// One call that an agency's client makes in the tally round.
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

  size_t send_count() const;
  size_t fault_count() const;
};

// Makes fresh ids, resolves labels, and puts late submissions last and every repeat somewhere behind its original;
// `seed` decides where.
PlannedTally PlanTally(const Scenario& scenario, uint64_t seed);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_SCENARIO_H_
