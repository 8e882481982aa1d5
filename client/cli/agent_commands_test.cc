// What commands say of a command post's daemon: its status, the bundle that enrols it, the doctor.
#include <sys/stat.h>

#include <fstream>
#include <string>
#include <vector>

#include "client/cli/agent_view.h"
#include "client/cli/bundle.h"
#include "client/cli/testing/fake_broker.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

FakeBroker Daemon() {
  FakeBroker daemon;
  daemon.ActAsDaemon();
  return daemon;
}

// ---- Status

agent::v1::GetStatusResponse Connected(absl::Time now) {
  agent::v1::GetStatusResponse status;
  status.set_agency_id("ky-ksp");
  status.set_post("cp1");
  status.mutable_link()->set_state(agent::v1::LINK_STATE_CONNECTED);
  status.mutable_link()->set_broker("broker.example:7443");
  *status.mutable_certificate_not_after() = ToProto(now + absl::Hours(24 * 90));
  return status;
}

TEST(AgentStatus, AllIsWellSaysNothingLoud) {
  const absl::Time now = absl::FromUnixSeconds(1'630'000'000);
  EXPECT_THAT(Alarms(Connected(now), now, absl::UTCTimeZone()), testing::IsEmpty());
}

TEST(AgentStatus, ACertificateWarnsAtThirtyFourteenAndThreeDays) {
  const absl::Time now = absl::FromUnixSeconds(1'630'000'000);
  const auto alarm = [now](absl::Duration left) {
    agent::v1::GetStatusResponse status = Connected(now);
    *status.mutable_certificate_not_after() = ToProto(now + left);
    const std::vector<std::string> alarms = Alarms(status, now, absl::UTCTimeZone());
    return alarms.empty() ? std::string() : alarms[0];
  };
  const absl::Duration day = absl::Hours(24);
  EXPECT_EQ(alarm(31 * day), "");
  EXPECT_THAT(alarm(29 * day), StartsWith("note: the certificate expires in 29 days"));
  EXPECT_THAT(alarm(13 * day), StartsWith("WARNING: the certificate expires in 13 days"));
  EXPECT_THAT(alarm(2 * day), StartsWith("URGENT: THE CERTIFICATE EXPIRES IN 2 DAYS"));
  EXPECT_THAT(alarm(absl::Hours(5)), StartsWith("URGENT: THE CERTIFICATE EXPIRES IN 5 HOURS"));
  EXPECT_THAT(alarm(-day), StartsWith("THE CERTIFICATE HAS EXPIRED"));
  EXPECT_THAT(alarm(-day), HasSubstr("muster agent enroll"));
}

TEST(AgentStatus, AGapComesFirst) {
  const absl::Time now = absl::FromUnixSeconds(1'630'000'000);
  agent::v1::GetStatusResponse status = Connected(now);
  status.mutable_link()->set_state(agent::v1::LINK_STATE_OFF_LINE);
  status.mutable_link()->set_trouble("connection refused");
  agent::v1::FeedGap* gap = status.mutable_inbox()->add_gaps();
  gap->set_after_cursor("\x01");
  gap->set_next_cursor("\x05");
  const std::vector<std::string> alarms = Alarms(status, now, absl::UTCTimeZone());
  ASSERT_EQ(alarms.size(), 2u);
  EXPECT_THAT(alarms[0], StartsWith("GAP IN THE FEED"));
  EXPECT_THAT(alarms[0], HasSubstr("after 01, before 05"));
  EXPECT_EQ(alarms[1], "OFF LINE: connection refused");
}

TEST(AgentStatus, AClockThatIsWrongSaysThatReadyIsRefused) {
  const absl::Time now = absl::FromUnixSeconds(1'630'000'000);
  agent::v1::GetStatusResponse status = Connected(now);
  status.mutable_clock()->mutable_offset()->set_seconds(-31);
  EXPECT_THAT(Alarms(status, now, absl::UTCTimeZone()).at(0), StartsWith("THE CLOCK IS WRONG, and READY is refused"));
  status.mutable_clock()->mutable_offset()->set_seconds(-29);
  EXPECT_THAT(Alarms(status, now, absl::UTCTimeZone()), testing::IsEmpty());
}

TEST(AgentStatus, OffLineIsShouted) {
  FakeBroker daemon = Daemon();
  agent::v1::GetStatusResponse status = Connected(SystemClock()->Now());
  status.mutable_link()->set_state(agent::v1::LINK_STATE_OFF_LINE);
  status.mutable_outbox()->set_saved_here(3);
  daemon.Answers("AgentService/GetStatus", status);
  const Ended ended = daemon.Run({"agent", "status"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, StartsWith("*** OFF LINE"));
  EXPECT_THAT(ended.out, testing::ContainsRegex("outbox +3 saved here"));
}

// ---- The bundle

std::string NewFolder() {
  std::string folder = testing::TempDir() + "/muster-bundle-XXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  return folder;
}

agent::v1::EnrollmentBundle SomeBundle() {
  agent::v1::EnrollmentBundle bundle;
  bundle.add_brokers("a.example:7443");
  bundle.add_brokers("b.example:7443");
  bundle.set_server_name("broker.example");
  bundle.set_trust_domain("muster.example");
  bundle.set_ca("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  bundle.set_certificate("-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n");
  bundle.set_key(
      "-----BEGIN "
      "PRIVATE KEY-----\nCCCC\n-----END "
      "PRIVATE KEY-----\n");
  return bundle;
}

TEST(Bundle, ComesBackFromTheFileAsItWasAndIsForItsOwnerOnly) {
  const std::string path = NewFolder() + "/ky.bundle";
  ASSERT_TRUE(SaveBundle(SomeBundle(), path, /*replace=*/false).ok());
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0600u);
  const absl::StatusOr<agent::v1::EnrollmentBundle> loaded = LoadBundle(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*loaded, SomeBundle()));
}

TEST(Bundle, IsNotWrittenOverAnotherFileUnlessToldSo) {
  const std::string path = NewFolder() + "/ky.bundle";
  std::ofstream(path) << "precious";
  EXPECT_EQ(SaveBundle(SomeBundle(), path, /*replace=*/false).code(), absl::StatusCode::kAlreadyExists);
  std::ifstream file(path);
  std::string text;
  file >> text;
  EXPECT_EQ(text, "precious");
  EXPECT_TRUE(SaveBundle(SomeBundle(), path, /*replace=*/true).ok());
  EXPECT_TRUE(LoadBundle(path).ok());
}

TEST(Bundle, ThatOthersMayReadIsNotEnrolled) {
  const std::string path = NewFolder() + "/ky.bundle";
  ASSERT_TRUE(SaveBundle(SomeBundle(), path, /*replace=*/false).ok());
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  FakeBroker daemon = Daemon();
  const Ended ended = daemon.Run({"agent", "enroll", path});
  EXPECT_EQ(ended.code, 6);
  EXPECT_THAT(ended.err, HasSubstr("chmod 600"));
  EXPECT_TRUE(daemon.calls().empty()) << "nothing was sent";
}

TEST(Bundle, EnrollSendsItAndSaysWhoTheDaemonIsNow) {
  const std::string path = NewFolder() + "/ky.bundle";
  ASSERT_TRUE(SaveBundle(SomeBundle(), path, /*replace=*/false).ok());
  FakeBroker daemon = Daemon();
  agent::v1::EnrollResponse response;
  *response.mutable_status() = Connected(SystemClock()->Now());
  daemon.Answers("AgentService/Enroll", response);
  const Ended ended = daemon.Run({"agent", "enroll", path});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("enrolled as ky-ksp/cp1 until "));
  EXPECT_EQ(daemon.Got<agent::v1::EnrollRequest>("AgentService/Enroll").bundle().brokers_size(), 2);
}

// ---- The doctor

TEST(Doctor, EveryFailingLineNamesWhatMendsItAndTheCodeSaysThatSomethingFails) {
  FakeBroker daemon = Daemon();
  agent::v1::DiagnoseResponse diagnosis;
  agent::v1::Finding* fine = diagnosis.add_findings();
  fine->set_check("name");
  fine->set_broker("broker.example:7443");
  fine->set_level(agent::v1::FINDING_LEVEL_OK);
  fine->set_detail("is 10.0.0.7");
  daemon.Answers("AgentService/Diagnose", diagnosis);
  EXPECT_EQ(daemon.Run({"doctor"}).code, 0);

  agent::v1::Finding* failing = diagnosis.add_findings();
  *failing = *fine;
  failing->set_check("tcp");
  failing->set_level(agent::v1::FINDING_LEVEL_FAILING);
  failing->set_detail("connection refused");
  failing->set_remedy("systemctl start musterd");
  daemon.Answers("AgentService/Diagnose", diagnosis);
  const Ended ended = daemon.Run({"doctor"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.out,
            "ok       name  broker.example:7443  is 10.0.0.7\n"
            "FAILING  tcp   broker.example:7443  connection refused\n"
            "  mend: systemctl start musterd\n");
  const Ended json = daemon.Run({"doctor", "-o", "jsonl"});
  EXPECT_EQ(json.code, 1);
  EXPECT_THAT(json.out, HasSubstr("\"remedy\":\"systemctl start musterd\""));
}

TEST(Doctor, ADaemonThatDoesNotAnswerIsAFinding) {
  FakeBroker daemon = Daemon();
  daemon.Refuses("AgentService/Diagnose", absl::UnavailableError("nobody listens"));
  const Ended ended = daemon.Run({"doctor"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, StartsWith("FAILING  daemon"));
  EXPECT_THAT(ended.out, HasSubstr("systemctl start muster-agent"));
  EXPECT_EQ(ended.err, "");
}

}  // namespace
}  // namespace muster::cli
