// The steps of a replay that use the domain beyond plans and tallies. Each plays its part of the scenario against the
// broker and holds what comes of it against what the scenario says.
//
// All run on the main thread, when nothing else is being submitted. An error means that the replay cannot go on: a
// refusal that the scenario does not foresee, or a broker that does not answer. What is wrong otherwise is in the
// findings.
#ifndef MUSTER_CLIENT_CLI_DEMO_ROUNDS_H_
#define MUSTER_CLIENT_CLI_DEMO_ROUNDS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/demo/findings.h"
#include "client/cli/demo/replay.h"
#include "client/cli/demo/tally_round.h"

namespace muster {

// The readiness notice, the partner's capacity and counts, and one referral (rules V1, V2). Any time.
absl::StatusOr<Findings> RunVictimRound(Replay& replay);

// Enters every activity; the watch desk owns and resolves what it is to resolve (rules C1 to C9). After the plan.
absl::StatusOr<Findings> RunDeconflictionRound(Replay& replay);

// H-hour, readiness, waivers, GO refused, then given by two persons, acknowledged everywhere (rules G1 to G3). The
// operation is EXECUTING afterwards. Needs a plan that everyone has acknowledged.
absl::StatusOr<Findings> RunGoRound(Replay& replay);

// Every site reports COMPLETE; GO must have come through the broker's restart, once (rule G6). After the tally round.
absl::StatusOr<Findings> RunCompletionRound(Replay& replay);

struct ClaimRoundResult {
  Findings findings{"claims"};
  std::vector<v1::Reconciliation> reconciliations;
};

// Sends what the tally plan keeps for afterwards, asks for the figures as of before and after (rule T13), records every
// claim and has the broker explain them (rules T1, T9, T17). Adds what it sends to `report`.
absl::StatusOr<ClaimRoundResult> RunClaimRound(const PlannedTally& tally, Replay& replay, TallyRoundReport* report);

// Drafts every release: what must be refused is (rules S1 to S4), the others are approved and issued, and an observer
// sees those and no others (rule S6). When the operation is REPORTING.
absl::StatusOr<Findings> RunReleaseRound(Replay& replay);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_ROUNDS_H_
