// The readiness board: who is ready for which H-hour, and whether it is GO.
#ifndef MUSTER_CLIENT_CLI_READINESS_VIEW_H_
#define MUSTER_CLIENT_CLI_READINESS_VIEW_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/invocation.h"
#include "client/cli/options.h"
#include "client/cli/printer.h"
#include "common/status_macros.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/readiness.pb.h"

namespace muster::cli {

absl::StatusOr<v1::GetReadinessBoardResponse> ReadBoard(Invocation& invocation, const std::string& operation_id);

// The epoch that the board shows.
//
// Errors: FAILED_PRECONDITION when there is no H-hour yet; those of reading the board.
absl::StatusOr<uint32_t> CurrentEpoch(Invocation& invocation, const std::string& operation_id);

// Declares --epoch, and takes the current one where it was not given: under stress nobody should have to look it up.
template <typename Body>
void AddEpoch(CLI::App* verb, Body* body) {
  AddNumber(
      verb, "--epoch", [body](uint32_t epoch) { body->set_epoch(epoch); },
      "Refuse if the H-hour has moved since this epoch");
}
template <typename Body>
absl::Status FillEpoch(Invocation& invocation, Body* body) {
  if (body->epoch() != 0) return absl::OkStatus();
  MUSTER_ASSIGN_OR_RETURN(const uint32_t epoch, CurrentEpoch(invocation, body->operation_id()));
  body->set_epoch(epoch);
  return absl::OkStatus();
}

// "*** GO ***, given at ..., plan version 3"; HOLD, ABORTED, or what is still missing for GO.
std::string GoLine(const v1::GoOrder& go);

// "in 2h5m", "7m ago".
std::string Countdown(absl::Time at, absl::Time now);

// One line for what a readiness notice says: the GO, and the sites that it is about.
std::string BoardText(const v1::ReadinessBoard& board);

// A line per site, each with the H-hour on its own clocks as far as `sites` tell its zone. `response` outlives the
// view.
View BoardView(const v1::GetReadinessBoardResponse& response, const std::vector<v1::Site>& sites, absl::Time now);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_READINESS_VIEW_H_
