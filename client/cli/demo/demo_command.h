// `muster demo`: shows Muster at work without any set-up.
#ifndef MUSTER_CLIENT_CLI_DEMO_DEMO_COMMAND_H_
#define MUSTER_CLIENT_CLI_DEMO_DEMO_COMMAND_H_

#include "CLI/CLI.hpp"
#include "client/cli/invocation.h"

namespace muster::cli {

// `invocation` outlives `app`.
void AddDemoCommand(CLI::App& app, Invocation& invocation);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_DEMO_DEMO_COMMAND_H_
