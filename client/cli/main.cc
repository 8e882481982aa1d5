// muster: the command line of an agency, a lead or a registrar.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "client/cli/app.h"
#include "client/cli/bench_command.h"
#include "client/cli/board/board_commands.h"
#include "client/cli/demo/demo_command.h"
#include "client/cli/gateway_command.h"

int main(int argc, char** argv) {
  if (const int code = muster::cli::RunGatewayIfAsked(argc, argv); code >= 0) return code;
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);  // Errors reach the user through us, once and in plain words.
  const bool person = isatty(STDOUT_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
  return muster::cli::RunMuster(argc, argv, std::cout, std::cerr, person,
                                {muster::cli::AddWatchCommand, muster::cli::AddNotifyCommand,
                                 muster::cli::AddBenchCommands, muster::cli::AddDemoCommand,
                                 muster::cli::AddGatewayCommand});
}
