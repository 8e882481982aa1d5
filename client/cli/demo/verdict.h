// The end of a replay: what the broker counts against what was published, and whether each number can be traced.
#ifndef MUSTER_CLIENT_CLI_DEMO_VERDICT_H_
#define MUSTER_CLIENT_CLI_DEMO_VERDICT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/demo/findings.h"
#include "client/cli/demo/replay.h"
#include "client/cli/demo/scenario.h"
#include "client/cli/demo/tally_round.h"

namespace muster {

struct Verdict {
  v1::TallyTotals by_lead;    // COUNTING_DEFINITION_LEAD
  v1::TallyTotals by_source;  // COUNTING_DEFINITION_SOURCE
  std::vector<VerdictLine> figures;
  std::vector<Findings> rounds;
  std::vector<v1::Reconciliation> reconciliations;
  std::vector<VerdictLine> promises;  // Traceability, the ledger, the feeds.

  // The lines and states that are not as wanted, by name. Empty when all is well.
  std::vector<std::string> Differing(const Published& published) const;
};

// Reads the totals, the explanations and the ledger from the broker and every feed's history. An error only when the
// broker cannot be asked; what is wrong with its answers is in the lines.
absl::StatusOr<Verdict> Judge(const PlannedTally& tally, Replay& replay);

// The table for people.
void PrintVerdict(const Scenario& scenario, const Verdict& verdict, std::ostream& out);

// One JSON object on one line.
std::string VerdictJson(const Scenario& scenario, const Verdict& verdict, const TallyRoundReport& report,
                        uint64_t seed);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_VERDICT_H_
