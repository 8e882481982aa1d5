#include "client/cli/gateway_command.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

namespace fs = std::filesystem;

class GatewayCommandTest : public testing::Test {
 protected:
  GatewayCommandTest() {
    std::string made = testing::TempDir() + "/muster-gateway-command-XXXXXX";
    folder_ = mkdtemp(made.data());
  }
  ~GatewayCommandTest() override { fs::remove_all(folder_); }

  // A muster-gateway that says who it is and what it was told, and ends with 7.
  std::string Install(const std::string& name, fs::perms mode = fs::perms::owner_all) const {
    const fs::path folder = fs::path(folder_) / name;
    fs::create_directory(folder);
    const fs::path program = folder / "muster-gateway";
    std::ofstream(program) << "#!/bin/sh\nprintf '%s:' " << name << " \"$@\" >&2\nexit 7\n";
    fs::permissions(program, mode);
    return folder.string();
  }

  std::string folder_;
};

using GatewayCommandDeathTest = GatewayCommandTest;

TEST_F(GatewayCommandDeathTest, TheProgramBesideMusterGetsEveryWordAsItIs) {
  const std::string beside = Install("beside");
  const std::string path = Install("path");
  EXPECT_EXIT(
      {
        setenv("PATH", path.c_str(), 1);
        (void)BecomeGateway(beside, {"serve", "--config", "a b", "", "--help"});
      },
      testing::ExitedWithCode(7), "beside:serve:--config:a b::--help:");
}

TEST_F(GatewayCommandDeathTest, WithoutOneBesideTheOneOnThePathIsRun) {
  const std::string path = Install("path");
  EXPECT_EXIT(
      {
        setenv("PATH", path.c_str(), 1);
        (void)BecomeGateway(folder_, {"people", "ls"});
      },
      testing::ExitedWithCode(7), "path:people:ls:");
}

TEST_F(GatewayCommandDeathTest, WhereThereIsNoneItSaysSo) {
  EXPECT_EXIT(
      {
        setenv("PATH", folder_.c_str(), 1);
        const absl::Status status = BecomeGateway(folder_, {"serve"});
        std::cerr << status;
        std::exit(absl::IsNotFound(status) ? 3 : 1);
      },
      testing::ExitedWithCode(3), "muster-gateway is not installed: .*install the package");
}

TEST_F(GatewayCommandDeathTest, OneThatCannotBeRunIsNotCalledMissing) {
  const std::string beside = Install("beside", fs::perms::owner_read);
  EXPECT_EXIT(
      {
        setenv("PATH", folder_.c_str(), 1);
        const absl::Status status = BecomeGateway(beside, {"serve"});
        std::cerr << status;
        std::exit(absl::IsFailedPrecondition(status) ? 6 : 1);
      },
      testing::ExitedWithCode(6), "cannot be run: Permission denied");
}

TEST(GatewayCommandWordsTest, OnlyGatewayAsTheFirstWordIsIt) {
  const char* const others[][3] = {{"muster", "agent", "gateway"}, {"muster", "gateways", "x"}};
  for (const auto& words : others) EXPECT_EQ(RunGatewayIfAsked(3, words), -1);
  const char* const alone[] = {"muster"};
  EXPECT_EQ(RunGatewayIfAsked(1, alone), -1);
}

}  // namespace
}  // namespace muster::cli
