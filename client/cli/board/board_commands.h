// watch and notify: for the terminal that somebody looks at.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_COMMANDS_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_COMMANDS_H_

#include "CLI/CLI.hpp"
#include "client/cli/invocation.h"

namespace muster::cli {

// Both are for BuildParser's `more`. `invocation` outlives `app`.
void AddWatchCommand(CLI::App& app, Invocation& invocation);
void AddNotifyCommand(CLI::App& app, Invocation& invocation);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_COMMANDS_H_
