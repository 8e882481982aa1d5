#include "client/cli/demo/service_process.h"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

class ServiceProcessTest : public ::testing::Test {
 protected:
  static std::string LogFile() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return absl::StrCat(::testing::TempDir(), "/service-", test->name(), ".", getpid(), ".log");
  }
  // The first line that it says is where it serves.
  absl::StatusOr<std::string> Start(const std::string& script, absl::Duration timeout = kPatience) {
    return service_.Start({"/bin/sh", "-c", script}, timeout, [this] {
      std::ifstream log(service_.log_file());
      std::string line;
      return std::getline(log, line) && !log.eof() ? line : "";
    });
  }

  ServiceProcess service_{"the service", LogFile()};
};

TEST_F(ServiceProcessTest, ServesWhereItSaysUntilItIsStopped) {
  const absl::StatusOr<std::string> where = Start("trap 'exit 0' TERM; echo here; while :; do sleep 0.01; done");
  ASSERT_TRUE(where.ok()) << where.status();
  EXPECT_EQ(*where, "here");
  EXPECT_TRUE(service_.Stop(kPatience).ok());
}

TEST_F(ServiceProcessTest, OneThatEndsBeforeItServesIsAnErrorWithWhatItSaid) {
  const absl::Status status = Start("printf 'no key'; exit 1").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the service ended"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("no key"));
}

TEST_F(ServiceProcessTest, OneThatNeverSaysWhereIsAnError) {
  const absl::Status status = Start("exec sleep 60", absl::Milliseconds(20)).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("did not say where it serves"));
}

TEST_F(ServiceProcessTest, OneThatDoesNotStopIsKilled) {
  const absl::StatusOr<std::string> pid = Start("trap '' TERM; echo $$; while :; do sleep 0.01; done");
  ASSERT_TRUE(pid.ok()) << pid.status();
  EXPECT_EQ(service_.Stop(absl::Milliseconds(20)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(kill(std::stoi(*pid), 0), -1);
  EXPECT_TRUE(service_.Stop(kPatience).ok());  // There is nothing left to stop.
}

TEST_F(ServiceProcessTest, AfterItWasKilledItCanBeStartedAgainButNotAfterAbandon) {
  ASSERT_TRUE(Start("echo here; exec sleep 60").ok());
  service_.Kill();
  EXPECT_TRUE(service_.Stop(kPatience).ok());
  ASSERT_TRUE(Start("echo here; exec sleep 60").ok());
  service_.Abandon();
  EXPECT_EQ(Start("echo here; exec sleep 60").status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace muster
