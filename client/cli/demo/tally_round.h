// The heart of a replay: every state's client posts its tallies at the same time, with repeats and late arrivals, and
// in the middle of it the broker is killed and started again, or what serves is broken and mended by somebody else.
#ifndef MUSTER_CLIENT_CLI_DEMO_TALLY_ROUND_H_
#define MUSTER_CLIENT_CLI_DEMO_TALLY_ROUND_H_

#include <cstddef>

#include "absl/status/statusor.h"
#include "client/cli/demo/replay.h"
#include "client/cli/demo/scenario.h"

namespace muster {

struct TallyRoundReport {
  size_t clients = 0;
  size_t submissions_sent = 0;     // Calls made, repeats included; the attempts inside a call are not counted.
  size_t duplicates_injected = 0;  // Retries and duplicates among them.
  size_t broker_restarts = 0;
  size_t cut_off = 0;         // Calls that waited for an answer when the broker was killed.
  size_t sent_meanwhile = 0;  // Calls that ended while somebody else broke and mended what serves.
};

// Returns once every submission is acknowledged. Call on the main thread.
//
// Errors: any submission that was not accepted; a retry that the broker did not recognise as a repeat; a duplicate
// entry that it did not find recorded already (rule T15); a broker that does not come back.
absl::StatusOr<TallyRoundReport> RunTallyRound(const PlannedTally& tally, Replay& replay);

// Sends what is kept for afterwards, one after the other, and adds it to `report`. Errors as above.
absl::Status SendAfterwards(const PlannedTally& tally, Replay& replay, TallyRoundReport* report);

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_TALLY_ROUND_H_
