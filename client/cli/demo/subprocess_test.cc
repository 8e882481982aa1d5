#include "client/cli/demo/subprocess.h"

#include <signal.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

std::string LogFile(const char* name) { return absl::StrCat(testing::TempDir(), "/", name, ".", getpid(), ".log"); }

absl::StatusOr<std::unique_ptr<Subprocess>> Shell(const std::string& script, const std::string& log) {
  return Subprocess::Start({"/bin/sh", "-c", script}, log);
}

TEST(Subprocess, ExitStatusAndOutputAreKept) {
  auto child = Shell("echo said; echo complained >&2; exit 3", LogFile("status"));
  ASSERT_TRUE(child.ok()) << child.status();
  const absl::StatusOr<int> status = (*child)->Wait(absl::Seconds(30));
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(*status, 3);
  EXPECT_EQ((*child)->LogTail(), "said\ncomplained\n");
  EXPECT_EQ((*child)->LogTail(5), "ined\n");
}

TEST(Subprocess, KilledChildReportsItsSignal) {
  auto child = Shell("exec sleep 60", LogFile("killed"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_TRUE((*child)->Running());
  (*child)->Signal(SIGKILL);
  const absl::StatusOr<int> status = (*child)->Wait(absl::Seconds(30));
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(*status, 128 + SIGKILL);
  EXPECT_FALSE((*child)->Running());
}

TEST(Subprocess, WaitGivesUpAndLeavesTheChildRunning) {
  auto child = Shell("exec sleep 60", LogFile("wait"));
  ASSERT_TRUE(child.ok()) << child.status();
  EXPECT_EQ((*child)->Wait(absl::Milliseconds(10)).status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE((*child)->Running());
}

TEST(Subprocess, DestructionLeavesNoProcessBehind) {
  const std::string log = LogFile("gone");
  pid_t pid = 0;
  {
    auto child = Shell("echo $$; exec sleep 60", log);
    ASSERT_TRUE(child.ok()) << child.status();
    while ((*child)->LogTail().empty()) ASSERT_TRUE((*child)->Running());
    pid = std::stoi((*child)->LogTail());
    ASSERT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(Subprocess, ChildTakesTerminationThatTheParentHoldsBack) {
  sigset_t held;
  sigset_t before;
  sigemptyset(&held);
  sigaddset(&held, SIGTERM);
  sigprocmask(SIG_BLOCK, &held, &before);
  auto child = Shell("exec sleep 60", LogFile("mask"));
  sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(child.ok()) << child.status();
  (*child)->Signal(SIGTERM);
  const absl::StatusOr<int> status = (*child)->Wait(absl::Seconds(30));
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(*status, 128 + SIGTERM);
}

TEST(Subprocess, MissingProgramIsNamed) {
  const auto child = Subprocess::Start({"/no/such/program"}, LogFile("missing"));
  EXPECT_EQ(child.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(child.status().message()), testing::HasSubstr("/no/such/program"));
}

}  // namespace
}  // namespace muster
