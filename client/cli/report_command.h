// `muster operation report`: the after-action report.
#ifndef MUSTER_CLIENT_CLI_REPORT_COMMAND_H_
#define MUSTER_CLIENT_CLI_REPORT_COMMAND_H_

#include "CLI/CLI.hpp"
#include "client/cli/invocation.h"

namespace muster::cli {

// Adds the verb to the noun `operation`. `invocation` outlives it.
void AddReportCommand(CLI::App& operation, Invocation& invocation);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_REPORT_COMMAND_H_
