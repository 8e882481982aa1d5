// Starting, stopping and looking after the process.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

using testing::HasSubstr;

class Drain : public IntegrationTest {};

TEST_F(Drain, AnswersWhatIsInFlightAndStoresNothingUnanswered) {
  SetUpExercise();
  const uint64_t before = broker_.VerifiedEvents().value_or(0);
  ASSERT_GT(before, 0u);
  const std::shared_ptr<grpc::Channel> channel = ChannelWith(broker_, OperatorOf(kKentucky));
  std::atomic<uint64_t> number = 0;
  std::atomic<uint64_t> acknowledged = 0;
  std::vector<std::thread> senders;
  for (int i = 0; i < 6; ++i) {
    senders.emplace_back([&] {
      while (true) {
        v1::SubmitRequest request;
        *request.mutable_submission() = KentuckyTally(++number);
        const WireAnswer answer =
            CallWire(channel, "muster.v1.SubmissionService/Submit", {request.SerializeAsString()});
        if (!answer.status.ok()) {
          // gRPC itself cancels the calls that arrive between its last word and the end of the connection.
          EXPECT_TRUE(absl::IsUnavailable(answer.status) || absl::IsCancelled(answer.status)) << answer.status;
          return;
        }
        ++acknowledged;
      }
    });
  }
  ASSERT_TRUE(Eventually([&] { return acknowledged > 50; }));
  EXPECT_EQ(broker_.Stop().value_or(-1), 0) << broker_.Log();
  for (std::thread& sender : senders) sender.join();
  const absl::StatusOr<uint64_t> after = broker_.VerifiedEvents();
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(*after, before + acknowledged);
}

TEST_F(Drain, AClientRidesOverRestartsWithoutAnError) {
  SetUpExercise();
  const uint64_t before = broker_.VerifiedEvents().value_or(0);
  constexpr uint64_t kEach = 150;
  constexpr uint64_t kSenders = 4;
  std::atomic<uint64_t> sent = 0;
  std::vector<std::thread> senders;
  for (uint64_t i = 0; i < kSenders; ++i) {
    senders.emplace_back([this, i, &sent] {
      Client client = broker_.ClientOf(kKentucky);
      for (uint64_t j = 0; j < kEach; ++j, ++sent) Accept(client, KentuckyTally(1 + i * kEach + j));
    });
  }
  for (uint64_t restart = 1; restart <= 3; ++restart) {
    EXPECT_TRUE(Eventually([&] { return sent >= restart * kSenders * kEach / 5; }));
    EXPECT_EQ(broker_.Stop().value_or(-1), 0) << broker_.Log();
    ASSERT_TRUE(Start());
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(broker_.VerifiedEvents().value_or(0), before + kSenders * kEach);
}

TEST_F(Drain, EndsTheStreamsWithAReasonThatPasses) {
  SetUpExercise();
  WatchedFeed feed(As(kKentucky).connection());
  WatchedSubmit submit(As(kKentucky).connection());
  ASSERT_TRUE(feed.WaitUntilOpen());
  ASSERT_TRUE(submit.WaitUntilOpen());
  EXPECT_EQ(broker_.Stop().value_or(-1), 0) << broker_.Log();
  for (const absl::Status& end : {feed.WaitForEnd(), submit.WaitForEnd()}) {
    EXPECT_EQ(end.code(), absl::StatusCode::kUnavailable) << end;
    EXPECT_EQ(ReasonOf(end), v1::ERROR_REASON_DRAINING) << end;
  }
}

TEST_F(Drain, WithAReaderThatNeverReadsStillEnds) {
  SetUpExercise();
  const std::unique_ptr<FeedStream> stream = As(kLead).connection()->OpenFeed({});
  v1::SubscribeResponse response;
  ASSERT_TRUE(stream->Read(&response));
  // More than a flow-control window of it.
  for (uint32_t version = 1; version <= 5; ++version) {
    const std::string body(190'000, static_cast<char>('a' + version));
    Accept(As(kLead), AmendPlan(version, v1::SECTION_CHANGE_EDITORIAL, {MakeSection("long", body)}));
  }
  EXPECT_EQ(broker_.Stop().value_or(-1), 0) << broker_.Log();
  stream->Cancel();
  while (stream->Read(&response)) {
  }
  (void)stream->Finish();
}

TEST_F(Drain, WritesASnapshotFromWhichTheNextStartBegins) {
  SetUpExercise();
  ASSERT_EQ(broker_.Stop().value_or(-1), 0);
  const uint64_t events = broker_.VerifiedEvents().value_or(0);
  Disconnect();
  ASSERT_TRUE(Start());
  const std::string log = broker_.Log();
  EXPECT_THAT(log.substr(log.rfind("recovered\"")), HasSubstr(absl::StrCat("\"from_snapshot\":", events)));
  EXPECT_EQ(As(kLead).ListAgencies({}).value_or(v1::ListAgenciesResponse()).agencies_size(), 5);
}

TEST_F(Drain, AnInterruptEndsItInOrderToo) {
  broker_.Signal(SIGINT);
  EXPECT_EQ(broker_.WaitForEnd().value_or(-1), 0);
}

TEST_F(IntegrationTest, TheAdminPortTellsHowItIs) {
  SetUpExercise();
  EXPECT_THAT(broker_.Get("/livez"), testing::StartsWith("200"));
  EXPECT_THAT(broker_.Get("/readyz"), testing::StartsWith("200"));
  const std::string metrics = broker_.Get("/metrics");
  EXPECT_THAT(metrics, testing::StartsWith("200"));
  EXPECT_THAT(metrics, HasSubstr("# TYPE muster_events_total counter"));
  const double before = broker_.Metric("muster_last_sequence");
  EXPECT_EQ(before, static_cast<double>(broker_.VerifiedEvents().value_or(0)));
  Accept(As(kKentucky), KentuckyTally(1));
  EXPECT_EQ(broker_.Metric("muster_last_sequence"), before + 1);
  EXPECT_THAT(broker_.Get("/nothing"), testing::StartsWith("404"));
}

TEST(Logging, AReaderOfTheLogThatGoesAwayDoesNotEndTheBroker) {
  TestBroker broker({.limits = "", .snapshot = "", .log_reader_leaves = true});
  ASSERT_TRUE(broker.Start().ok()) << "a start is several lines";
  EXPECT_TRUE(broker.ClientOf(kLead).WhoAmI().ok());
  EXPECT_EQ(broker.Stop().value_or(-1), 0) << "draining is logged, too";
}

TEST_F(IntegrationTest, ASecondBrokerOnTheSameFolderIsRefused) {
  const Finished second = RunMusterd({"serve", "--config", broker_.config_file()});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_NE(second.exit_code, -1) << "it must end by itself";
  EXPECT_THAT(second.output, HasSubstr(broker_.data_dir()));
  EXPECT_THAT(second.output, HasSubstr("another"));
  EXPECT_TRUE(As(kLead).WhoAmI().ok()) << "the first goes on";
}

TEST_F(IntegrationTest, ATakenPortIsSaidSo) {
  const TemporaryFolder folder;
  std::ifstream first(broker_.config_file());
  const std::string config((std::istreambuf_iterator<char>(first)), std::istreambuf_iterator<char>());
  const std::string free_port = "\"127.0.0.1:0\"";
  std::string taken = config;
  taken.replace(taken.find(free_port), free_port.size(), absl::StrCat("\"", broker_.address(), "\""));
  std::filesystem::copy(broker_.folder() + "/tls", folder.path() + "/tls");
  std::ofstream(folder.path() + "/musterd.toml") << taken;
  const Finished second = RunMusterd({"serve", "--config", folder.path() + "/musterd.toml"});
  EXPECT_EQ(second.exit_code, 1) << second.output;
  EXPECT_THAT(second.output, HasSubstr(absl::StrCat("cannot listen on ", broker_.address())));
}

TEST(ConfigCheck, ListsEverythingThatIsWrong) {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/musterd.toml";
  std::ofstream(file) << "[listen]\naddress = \"nowhere\"\n[tls]\ntrust_domain = \"x\"\n"
                      << "[limits]\nbatch_max = 5000\n[bootstrap.registrar]\nagency_id = \"NOT A SLUG\"\n";
  const Finished check = RunMusterd({"config", "check", "--config", file});
  EXPECT_EQ(check.exit_code, 3);
  for (const char* wrong :
       {"data_dir", "listen.address", "tls.certificate_file", "tls.key_file", "tls.ca_file", "limits.batch_max",
        "bootstrap.registrar.agency_id", "bootstrap.registrar.name", "bootstrap.registrar.registrar"}) {
    EXPECT_THAT(check.output, HasSubstr(wrong));
  }
}

TEST(ConfigCheck, NamesUnknownKeysAndAMissingFile) {
  const TemporaryFolder folder;
  const std::string file = folder.path() + "/musterd.toml";
  std::ofstream(file) << "data_dri = \"x\"\n[limit]\nbatch_max = 5\n";
  const Finished check = RunMusterd({"config", "check", "--config", file});
  EXPECT_EQ(check.exit_code, 3);
  EXPECT_THAT(check.output, HasSubstr("data_dri"));
  EXPECT_THAT(check.output, HasSubstr("limit"));
  const Finished missing = RunMusterd({"config", "check", "--config", folder.path() + "/none.toml"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.output, HasSubstr("none.toml"));
}

TEST_F(IntegrationTest, ConfigCheckAcceptsAConfigurationThatServes) {
  const Finished check = RunMusterd({"config", "check", "--config", broker_.config_file()});
  EXPECT_EQ(check.exit_code, 0) << check.output;
  EXPECT_THAT(check.output, HasSubstr("\"trust_domain\": \"muster.example\""));
}

TEST_F(IntegrationTest, VerifyOfAFolderThatHoldsNoLogFails) {
  const TemporaryFolder folder;
  const Finished verify = RunMusterd({"verify", folder.path()});
  EXPECT_NE(verify.exit_code, 0);
  EXPECT_THAT(verify.output, HasSubstr(folder.path()));
}

}  // namespace
}  // namespace muster
