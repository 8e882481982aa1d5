#include "client/cli/gateway_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"

namespace muster::cli {
namespace {

namespace fs = std::filesystem;

constexpr char kCommand[] = "gateway";
constexpr char kProgram[] = "muster-gateway";

}  // namespace

absl::Status BecomeGateway(const std::string& folder, const std::vector<std::string>& arguments) {
  std::vector<char*> words = {const_cast<char*>(kProgram)};
  for (const std::string& each : arguments) words.push_back(const_cast<char*>(each.c_str()));
  words.push_back(nullptr);
  const std::string beside = absl::StrCat(folder, "/", kProgram);
  execv(beside.c_str(), words.data());
  const int beside_error = errno;
  execvp(kProgram, words.data());
  if (beside_error == ENOENT && errno == ENOENT) {
    return absl::NotFoundError(absl::StrCat("muster-gateway is not installed: it is neither in ", folder,
                                            " nor on the PATH; install the package that serves the dashboard"));
  }
  const int error = beside_error == ENOENT ? errno : beside_error;
  return absl::FailedPreconditionError(absl::StrCat("muster-gateway cannot be run: ", strerror(error),
                                                    "; check the permissions of the one in ", folder,
                                                    " or on the PATH"));
}

int RunGatewayIfAsked(int argc, const char* const* argv) {
  if (argc < 2 || absl::string_view(argv[1]) != kCommand) return -1;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const absl::Status status = BecomeGateway(self.parent_path().string(), {argv + 2, argv + argc});
  std::cerr << "muster gateway: " << status.message() << "\n";
  return ExitCodeOf(status);
}

void AddGatewayCommand(CLI::App& app, Invocation& invocation) {
  AddVerb(app, invocation, kCommand, "The dashboard's gateway to browsers: serve, invite, people, config",
          {"gateway --help", "gateway invite j-smith --role viewer", "gateway serve --config /etc/muster/gateway.toml"},
          [] {
            return UsageError(
                "gateway has flags of its own: say `muster gateway ...` first, without muster's flags before it");
          })
      ->prefix_command()
      ->fallthrough(false);
}

}  // namespace muster::cli
