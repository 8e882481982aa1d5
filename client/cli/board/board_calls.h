// The calls behind the board.
//
// Threading: from any thread; each blocks for up to the connection's deadline.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_CALLS_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_CALLS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/board/board_model.h"
#include "client/lib/agent_client.h"
#include "client/lib/client.h"

namespace muster::cli {

// The daemon's link, and what is wrong beside it.
BoardLink LinkOfDaemon(AgentClient& agent, absl::Time now, absl::TimeZone zone);
// The same where a broker is spoken to: as the feed has it.
BoardLink LinkToBroker(const Client& client, bool caught_up, const absl::Status& trouble);

absl::StatusOr<v1::ListOperationsResponse> ReadOperations(Client& client);

// Reads `parts` of an operation into `board`. A part that is not for our role, or that there is none of, is absent with
// the reason; one that cannot be had now stays as it was.
//
// Errors: what the first call that could not be answered now said.
absl::Status ReadParts(Client& client, const std::string& operation_id, Parts parts, OperationBoard* board);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_CALLS_H_
