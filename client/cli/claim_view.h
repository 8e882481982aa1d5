// What others publish, beside the ledger.
#ifndef MUSTER_CLIENT_CLI_CLAIM_VIEW_H_
#define MUSTER_CLIENT_CLI_CLAIM_VIEW_H_

#include <string>

#include "client/cli/printer.h"
#include "muster/v1/claims.pb.h"

namespace muster::cli {

// "Kentucky Governor: 21 persons in KY".
std::string ClaimText(const v1::ClaimRecord& record);

// A line per claim with its difference, and what explains it. `response` outlives the view.
View ReconciliationView(const v1::ReconcileResponse& response);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_CLAIM_VIEW_H_
