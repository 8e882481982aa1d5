// `muster gateway ...`: the commands of muster-gateway, a program of its own, under the name that people know.
//
// Threading: one thread.
#ifndef MUSTER_CLIENT_CLI_GATEWAY_COMMAND_H_
#define MUSTER_CLIENT_CLI_GATEWAY_COMMAND_H_

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "client/cli/invocation.h"

namespace muster::cli {

// What follows "gateway" is not muster's to understand: if these are the words of `muster gateway ...`, becomes
// muster-gateway with all of them and does not return, or returns an exit code. -1: they are not.
int RunGatewayIfAsked(int argc, const char* const* argv);

// Becomes the muster-gateway in `folder`, or else the one on the PATH.
//
// Errors: NOT_FOUND there is none; FAILED_PRECONDITION there is one that cannot be run. Otherwise this does not return.
absl::Status BecomeGateway(const std::string& folder, const std::vector<std::string>& arguments);

// So that --help names it. `invocation` outlives `app`.
void AddGatewayCommand(CLI::App& app, Invocation& invocation);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_GATEWAY_COMMAND_H_
