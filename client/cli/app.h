// The whole command line: parses, runs one command, reports, and gives the exit code.
#ifndef MUSTER_CLIENT_CLI_APP_H_
#define MUSTER_CLIENT_CLI_APP_H_

#include <functional>
#include <memory>
#include <ostream>
#include <vector>

namespace CLI {
class App;
}

namespace muster::cli {

class Invocation;

using CommandAdder = std::function<void(CLI::App&, Invocation&)>;

// The parser with every command of this folder and then those of `more`. `invocation` outlives it.
std::shared_ptr<CLI::App> BuildParser(Invocation& invocation, const std::vector<CommandAdder>& more);

// Parses and runs one command as `invocation`, reports on its printer, and gives the exit code.
int RunAs(Invocation& invocation, int argc, const char* const* argv, const std::vector<CommandAdder>& more);

// What main() calls. Writes answers to `out` and everything else to `err`. `colour_allowed` is whether a person is
// looking; NO_COLOR in the environment turns colours off all the same.
int RunMuster(int argc, const char* const* argv, std::ostream& out, std::ostream& err, bool colour_allowed,
              const std::vector<CommandAdder>& more);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_APP_H_
