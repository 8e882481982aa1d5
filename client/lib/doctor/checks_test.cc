// What the checks say of what they measured: the thresholds, and that all trouble comes with a remedy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/lib/doctor/certificates.h"
#include "client/lib/doctor/held.h"
#include "client/lib/doctor/machine.h"
#include "client/lib/doctor/standing.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/testing/test_certificates.h"

namespace muster::doctor {
namespace {

using agent::v1::FINDING_LEVEL_FAILING;
using agent::v1::FINDING_LEVEL_OK;
using agent::v1::FINDING_LEVEL_WARNING;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kMiB = 1 << 20;
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

agent::v1::LinkStatus Connected() {
  agent::v1::LinkStatus link;
  link.set_state(agent::v1::LINK_STATE_CONNECTED);
  *link.mutable_last_contact() = ToProto(kNow);
  return link;
}

agent::v1::OutboxStatus Waiting(absl::Duration age) {
  agent::v1::OutboxStatus outbox;
  outbox.set_saved_here(3);
  *outbox.mutable_oldest_saved_at() = ToProto(kNow - age);
  return outbox;
}

agent::v1::FindingLevel ExpiryLevel(absl::Duration left) {
  const TestCertificate certificate = MakeTestCertificate({.not_after = kNow + left});
  return JudgeExpiry({"expiry"}, "it", *ParseCertificates(certificate.certificate_pem).front(), kNow, "renew").level();
}

TEST(ExpiryTest, WarnsFrom30DaysOnAndFailsFrom3) {
  EXPECT_EQ(ExpiryLevel(absl::Hours(24 * 31)), FINDING_LEVEL_OK);
  EXPECT_EQ(ExpiryLevel(absl::Hours(24 * 30)), FINDING_LEVEL_WARNING);
  EXPECT_EQ(ExpiryLevel(absl::Hours(24 * 14)), FINDING_LEVEL_WARNING);
  EXPECT_EQ(ExpiryLevel(absl::Hours(24 * 4)), FINDING_LEVEL_WARNING);
  EXPECT_EQ(ExpiryLevel(absl::Hours(24 * 3)), FINDING_LEVEL_FAILING);
  EXPECT_EQ(ExpiryLevel(-absl::Seconds(1)), FINDING_LEVEL_FAILING);
}

TEST(ExpiryTest, CertificateOfTheFutureBlamesTheClock) {
  const TestCertificate certificate = MakeTestCertificate({.not_before = kNow + absl::Hours(1)});
  const Finding finding =
      JudgeExpiry({"expiry"}, "it", *ParseCertificates(certificate.certificate_pem).front(), kNow, "renew");
  EXPECT_EQ(finding.level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(finding.remedy(), HasSubstr("timedatectl"));
}

TEST(ClockTest, WarnsBeyond5SecondsAndFailsBeyond30) {
  const auto level = [](absl::Duration offset) { return JudgeClock("b", offset, absl::ZeroDuration()).level(); };
  EXPECT_EQ(level(absl::Seconds(5)), FINDING_LEVEL_OK);
  EXPECT_EQ(level(-absl::Seconds(5)), FINDING_LEVEL_OK);
  EXPECT_EQ(level(absl::Seconds(6)), FINDING_LEVEL_WARNING);
  EXPECT_EQ(level(-absl::Seconds(30)), FINDING_LEVEL_WARNING);
  EXPECT_EQ(level(-absl::Seconds(31)), FINDING_LEVEL_FAILING);
}

TEST(DiskTest, WarnsBelowAGibibyteAndFailsBelow100Mebibytes) {
  EXPECT_EQ(JudgeDisk("/s", 1024 * kMiB, 5000, true).level(), FINDING_LEVEL_OK);
  EXPECT_EQ(JudgeDisk("/s", 1023 * kMiB, 5000, true).level(), FINDING_LEVEL_WARNING);
  EXPECT_EQ(JudgeDisk("/s", 99 * kMiB, 5000, true).level(), FINDING_LEVEL_FAILING);
}

TEST(DiskTest, RunningOutOfInodesCounts) {
  EXPECT_EQ(JudgeDisk("/s", 5000 * kMiB, 15, true).level(), FINDING_LEVEL_FAILING);
  EXPECT_EQ(JudgeDisk("/s", 5000 * kMiB, 0, false).level(), FINDING_LEVEL_OK);
}

TEST(DiskTest, FolderThatIsNotThereFails) { EXPECT_EQ(CheckDisk("/no/such/folder").level(), FINDING_LEVEL_FAILING); }

TEST(FsyncTest, SlowMedianWarnsAndOneSecondFails) {
  std::vector<absl::Duration> times(20, absl::Milliseconds(1));
  EXPECT_EQ(JudgeFsync("/s", times).level(), FINDING_LEVEL_OK);
  times.back() = absl::Milliseconds(900);
  EXPECT_EQ(JudgeFsync("/s", times).level(), FINDING_LEVEL_OK);
  times.back() = absl::Milliseconds(1001);
  EXPECT_EQ(JudgeFsync("/s", times).level(), FINDING_LEVEL_FAILING);
  EXPECT_EQ(JudgeFsync("/s", std::vector<absl::Duration>(20, absl::Milliseconds(51))).level(), FINDING_LEVEL_WARNING);
}

TEST(FsyncTest, MeasuresAndLeavesNothingBehind) {
  std::string folder = ::testing::TempDir() + "/fsync-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  EXPECT_THAT(CheckFsync(folder).detail(), HasSubstr("median of"));
  EXPECT_EQ(rmdir(folder.c_str()), 0) << "not empty";
}

TEST(FsyncTest, FolderThatIsNotThereFails) { EXPECT_EQ(CheckFsync("/no/such/folder").level(), FINDING_LEVEL_FAILING); }

TEST(QueueTest, WaitingIsAWarningOffLineAndAFailureWhenConnected) {
  EXPECT_EQ(CheckQueue({}, {}, kNow).level(), FINDING_LEVEL_OK);
  EXPECT_EQ(CheckQueue(Waiting(absl::Hours(3)), {}, kNow).level(), FINDING_LEVEL_WARNING);
  EXPECT_EQ(CheckQueue(Waiting(absl::Seconds(2)), Connected(), kNow).level(), FINDING_LEVEL_OK);
  EXPECT_EQ(CheckQueue(Waiting(absl::Hours(3)), Connected(), kNow).level(), FINDING_LEVEL_FAILING);
}

TEST(QueueTest, SaysHowManyAndHowOld) {
  EXPECT_THAT(CheckQueue(Waiting(absl::Hours(3)), {}, kNow).detail(), HasSubstr("3 items"));
  EXPECT_THAT(CheckQueue(Waiting(absl::Hours(3)), {}, kNow).detail(), HasSubstr("3 h 0 min ago"));
}

TEST(FeedTest, GapIsLoud) {
  agent::v1::InboxStatus inbox;
  inbox.set_caught_up(true);
  inbox.add_gaps()->set_message("the broker trimmed its history");
  const Finding finding = CheckFeed(inbox, Connected(), kNow);
  EXPECT_EQ(finding.level(), FINDING_LEVEL_FAILING);
  EXPECT_THAT(finding.detail(), HasSubstr("1 GAP"));
  EXPECT_THAT(finding.detail(), HasSubstr("the broker trimmed its history"));
}

TEST(FeedTest, CaughtUpIsFineAndOffLineIsAWarning) {
  agent::v1::InboxStatus inbox;
  inbox.set_caught_up(true);
  EXPECT_EQ(CheckFeed(inbox, Connected(), kNow).level(), FINDING_LEVEL_OK);
  EXPECT_EQ(CheckFeed(inbox, {}, kNow).level(), FINDING_LEVEL_WARNING);
}

TEST(DatabaseTest, FailedCommitFailsAlthoughEverythingReads) {
  EXPECT_EQ(CheckDatabase(absl::OkStatus(), absl::OkStatus(), "/s").level(), FINDING_LEVEL_OK);
  EXPECT_EQ(CheckDatabase(absl::OkStatus(), absl::UnknownError("fsync"), "/s").level(), FINDING_LEVEL_FAILING);
  EXPECT_EQ(CheckDatabase(absl::DataLossError("row 7"), absl::OkStatus(), "/s").level(), FINDING_LEVEL_FAILING);
}

TEST(HookTest, FailuresAreAWarning) {
  agent::v1::HookStatus hook;
  EXPECT_EQ(CheckHook(hook).level(), FINDING_LEVEL_OK);
  hook.set_configured(true);
  hook.set_failed(2);
  EXPECT_EQ(CheckHook(hook).level(), FINDING_LEVEL_WARNING);
}

TEST(RefusalTest, EveryReasonHasARemedy) {
  for (int reason = 0; reason <= v1::ErrorReason_MAX; ++reason) {
    if (!v1::ErrorReason_IsValid(reason)) continue;
    const absl::Status refused = Refusal(static_cast<v1::ErrorReason>(reason), "no");
    EXPECT_THAT(JudgeRefusal("b", refused, "renew").remedy(), Not(IsEmpty())) << reason;
  }
}

// The findings above that are not fine, once more: none leaves a person without a command.
TEST(RemedyTest, EveryWarningAndFailureHasOne) {
  agent::v1::InboxStatus gap;
  gap.add_gaps();
  agent::v1::InboxStatus behind;
  agent::v1::InboxStatus caught_up;
  caught_up.set_caught_up(true);
  agent::v1::LinkStatus silent = Connected();
  *silent.mutable_last_contact() = ToProto(kNow - absl::Hours(1));
  agent::v1::HookStatus hook;
  hook.set_configured(true);
  hook.set_failed(1);
  const std::vector<absl::Duration> slow(20, absl::Milliseconds(60));
  const std::vector<Finding> findings = {
      JudgeClock("b", absl::Seconds(10), absl::ZeroDuration()),
      JudgeClock("b", absl::Seconds(100), absl::ZeroDuration()),
      JudgeDisk("/s", 500 * kMiB, 5000, true),
      JudgeDisk("/s", 5 * kMiB, 5000, true),
      JudgeFsync("/s", slow),
      JudgeFsync("/s", {absl::Seconds(2)}),
      CheckDisk("/no/such/folder"),
      CheckFsync("/no/such/folder"),
      CheckQueue(Waiting(absl::Hours(3)), {}, kNow),
      CheckQueue(Waiting(absl::Hours(3)), Connected(), kNow),
      CheckDatabase(absl::DataLossError("row 7"), absl::OkStatus(), "/s"),
      CheckDatabase(absl::OkStatus(), absl::UnknownError("fsync"), "/s"),
      CheckFeed(gap, Connected(), kNow),
      CheckFeed(behind, Connected(), kNow),
      CheckFeed(caught_up, {}, kNow),
      CheckFeed(caught_up, silent, kNow),
      CheckHook(hook),
  };
  for (const Finding& finding : findings) {
    EXPECT_NE(finding.level(), FINDING_LEVEL_OK) << finding.DebugString();
    EXPECT_THAT(finding.remedy(), Not(IsEmpty())) << finding.DebugString();
  }
}

}  // namespace
}  // namespace muster::doctor
