// `muster bench ...`: load tests against the broker of the context.
#ifndef MUSTER_CLIENT_CLI_BENCH_COMMAND_H_
#define MUSTER_CLIENT_CLI_BENCH_COMMAND_H_

#include "CLI/CLI.hpp"
#include "client/cli/invocation.h"

namespace muster::cli {

// `invocation` outlives `app`.
void AddBenchCommands(CLI::App& app, Invocation& invocation);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BENCH_COMMAND_H_
