// Items of the daemon's outbox, in the words that are the same everywhere: saved here, accepted, rejected (reason),
// dropped (reason), seen by n of m.
#ifndef MUSTER_CLIENT_CLI_OUTBOX_VIEW_H_
#define MUSTER_CLIENT_CLI_OUTBOX_VIEW_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/cli/printer.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/outcome.pb.h"

namespace muster::cli {

// "accepted", "rejected" or "saved here".
std::string DecisionText(const v1::Outcome& outcome);
// "saved here (outbox number 17)".
std::string SavedHereText(const v1::SavedHere& saved);

// "saved here", "accepted, seen by 3 of 7", "rejected (STALE_PLAN_VERSION)", "dropped (entered twice)".
std::string StateText(const agent::v1::OutboxItem& item);
// What has come of it in a sentence: the cursor, why it was rejected, what it waits for.
std::string StoryText(const agent::v1::OutboxItem& item);

// OK for an accepted item and one that waits; else the error that its submission would have ended with.
absl::Status WhyNotAccepted(const agent::v1::OutboxItem& item);

// The views hold pointers into their arguments, which outlive them.
View OutboxView(const agent::v1::ListOutboxResponse& outbox, absl::Time now);
View OutboxItemView(const agent::v1::OutboxItem& item, absl::Time now);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_OUTBOX_VIEW_H_
