// `muster bench` against a real broker: that what it counts is what happened.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/lib/client.h"
#include "common/clock.h"
#include "gmock/gmock.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "gtest/gtest.h"
#include "tests/integration/test_broker.h"

namespace muster {
namespace {

using testing::HasSubstr;

class BenchTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(broker_.Start().ok()); }

  Finished Run(const std::vector<std::string>& arguments) {
    const CertificateFiles self = OperatorOf("mo-ago");
    std::vector<std::string> argv = {MUSTER_PATH, "bench"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    argv.insert(argv.end(), {"--broker", broker_.address(), "--cert", self.certificate, "--key", self.key, "--ca",
                             CaFile(), "-o", "json"});
    return RunToEnd(argv);
  }

  // Its figures; it must end well.
  google::protobuf::Struct Measure(const std::vector<std::string>& arguments) {
    const Finished finished = Run(arguments);
    EXPECT_EQ(finished.exit_code, 0) << finished.output;
    return Parse(finished.output);
  }

  static google::protobuf::Struct Parse(const std::string& output) {
    google::protobuf::Struct figures;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(output, &figures).ok()) << output;
    return figures;
  }
  static double Number(const google::protobuf::Struct& figures, const std::string& name) {
    const auto at = figures.fields().find(name);
    EXPECT_NE(at, figures.fields().end()) << name;
    return at == figures.fields().end() ? -1 : at->second.number_value();
  }
  static std::string Text(const google::protobuf::Struct& figures, const std::string& name) {
    const auto at = figures.fields().find(name);
    return at == figures.fields().end() ? "" : at->second.string_value();
  }

  // How many entries the operation's ledger holds.
  int Entries(const std::string& operation_id) {
    int entries = 0;
    v1::ListTallyEntriesRequest request;
    request.set_operation_id(operation_id);
    request.mutable_page()->set_page_size(1000);
    do {
      const auto page = Registrar().ListTallyEntries(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      entries += page->entries_size();
      request.mutable_page()->set_page_token(page->next_page_token());
    } while (!request.page().page_token().empty());
    return entries;
  }

  // A new operation of `mode`, PLANNING, with a site.
  std::string NewOperation(v1::OperationMode mode) {
    v1::CreateOperation creation;
    creation.mutable_operation()->set_operation_id("given");
    creation.mutable_operation()->set_code_name("Given");
    creation.mutable_operation()->set_mode(mode);
    const absl::Time now = SystemClock()->Now();
    *creation.mutable_operation()->mutable_window()->mutable_start() = ToProto(now);
    *creation.mutable_operation()->mutable_window()->mutable_end() = ToProto(now + absl::Hours(1));
    v1::Site* site = creation.add_sites();
    site->set_site_id("mo-1");
    site->set_name("Site");
    site->set_state("MO");
    EXPECT_TRUE(Registrar().CreateOperation(std::move(creation)).ok());
    return "given";
  }

  Client Registrar() const { return broker_.ClientOf("mo-ago"); }

  TestBroker broker_;
};

TEST_F(BenchTest, WhatIsAcknowledgedIsInTheLedger) {
  for (const char* numbered : {"--per-message", "--numbered"}) {
    std::vector<std::string> arguments = {"submit", "--count", "700", "--publishers", "3", "--window", "50", numbered};
    if (arguments.back() == "--per-message") arguments.push_back("7");
    const google::protobuf::Struct figures = Measure(arguments);
    EXPECT_EQ(Number(figures, "sent"), 700);
    EXPECT_EQ(Number(figures, "acknowledged"), 700);
    EXPECT_EQ(Number(figures, "errors"), 0);
    EXPECT_GT(Number(figures, "rate_per_s"), 0);
    EXPECT_GT(Number(figures, "p50_us"), 0);
    EXPECT_GE(Number(figures, "p99_us"), Number(figures, "p50_us"));
    EXPECT_EQ(Entries(Text(figures, "operation_id")), 700);
  }
}

TEST_F(BenchTest, LatencyIsMeasuredBusyAndAfterPauses) {
  const google::protobuf::Struct figures =
      Measure({"latency", "--warm", "0", "--seconds", "0.3", "--pauses", "3", "--pause", "10ms"});
  EXPECT_GT(Number(figures, "p50_us"), 0);
  EXPECT_GT(Number(figures, "idle_p50_us"), 0);
  EXPECT_EQ(Number(figures, "errors"), 0);
  EXPECT_EQ(Entries(Text(figures, "operation_id")), Number(figures, "acknowledged"));
}

TEST_F(BenchTest, ARejectedSubmissionIsAnErrorAndNotAcknowledged) {
  // It takes no tallies before it is armed.
  const Finished finished = Run({"submit", "--count", "20", "--operation", NewOperation(v1::OPERATION_MODE_TEST)});
  EXPECT_EQ(finished.exit_code, 1) << finished.output;
  const google::protobuf::Struct figures = Parse(finished.output);
  EXPECT_EQ(Number(figures, "errors"), 20);
  EXPECT_EQ(Number(figures, "acknowledged"), 0);
  EXPECT_THAT(Text(figures, "first_error"), HasSubstr("arm it first"));
}

TEST_F(BenchTest, AnActualOperationIsRefused) {
  const std::string operation_id = NewOperation(v1::OPERATION_MODE_ACTUAL);
  for (const std::vector<std::string>& load :
       std::vector<std::vector<std::string>>{{"submit", "--count", "1"},
                                             {"latency"},
                                             {"fanout", "--count", "1"},
                                             {"connections", "--agencies", "1", "--authority", CertificatesFolder()},
                                             {"deconflict", "--queries", "1"}}) {
    std::vector<std::string> arguments = load;
    arguments.insert(arguments.end(), {"--operation", operation_id});
    const Finished finished = Run(arguments);
    EXPECT_NE(finished.exit_code, 0) << load[0];
    EXPECT_THAT(finished.output, HasSubstr("ACTUAL")) << load[0];
  }
  const auto self = Registrar().GetOperation([&] {
    v1::GetOperationRequest request;
    request.set_operation_id(operation_id);
    return request;
  }());
  ASSERT_TRUE(self.ok()) << self.status();
  EXPECT_EQ(self->operation().participants_size(), 1);
  EXPECT_EQ(self->operation().phase(), v1::OPERATION_PHASE_PLANNING);
}

TEST_F(BenchTest, EveryReaderGetsEveryEventOnce) {
  for (const bool agencies : {false, true}) {
    std::vector<std::string> arguments = {"fanout", "--readers", "7", "--count", "300", "--lag", "40"};
    if (agencies) arguments.insert(arguments.end(), {"--authority", CertificatesFolder()});
    const google::protobuf::Struct figures = Measure(arguments);
    EXPECT_EQ(Number(figures, "acknowledged"), 300);
    EXPECT_EQ(Number(figures, "deliveries"), 2100);
    EXPECT_EQ(Number(figures, "missing"), 0);
    EXPECT_EQ(Number(figures, "gaps"), 0);
    EXPECT_GT(Number(figures, "last_p99_ms"), 0);
  }
}

TEST_F(BenchTest, EventsAreSentAtTheRateThatIsAskedFor) {
  const google::protobuf::Struct figures = Measure({"fanout", "--readers", "2", "--rate", "100", "--seconds", "0.5"});
  EXPECT_GE(Number(figures, "acknowledged"), 45);
  EXPECT_LE(Number(figures, "acknowledged"), 51);
  EXPECT_EQ(Number(figures, "missing"), 0);
}

TEST_F(BenchTest, AReplayIsOfTheWholeFeed) {
  Measure({"submit", "--count", "600"});
  const google::protobuf::Struct figures = Measure({"replay"});
  // The entries, the operation and its arming among others.
  EXPECT_GT(Number(figures, "deliveries"), 600);
  EXPECT_LT(Number(figures, "deliveries"), 620);
  EXPECT_EQ(Number(figures, "gaps"), 0);
  EXPECT_GT(Number(figures, "bytes"), 600 * 100);
}

TEST_F(BenchTest, AnOrderReachesEveryAgencyThatIsConnected) {
  for (const char* order : {"go", "plan"}) {
    const google::protobuf::Struct figures =
        Measure({"connections", "--agencies", "12", "--order", order, "--authority", CertificatesFolder()});
    EXPECT_EQ(Number(figures, "deliveries"), 12) << order;
    EXPECT_EQ(Number(figures, "missing"), 0) << order;
    EXPECT_EQ(Number(figures, "gaps"), 0) << order;
    EXPECT_GT(Number(figures, "last_max_ms"), 0) << order;
    EXPECT_GT(Number(figures, "connect_s"), 0) << order;
  }
}

TEST_F(BenchTest, QueriesMeetZonesAndAreTakenBack) {
  const google::protobuf::Struct first = Measure({"deconflict", "--zones", "500", "--queries", "120"});
  EXPECT_EQ(Number(first, "errors"), 0);
  EXPECT_EQ(Number(first, "queries"), 120);
  EXPECT_EQ(Number(first, "zones"), 500);
  int entered = 0;
  int cancelled = 0;
  v1::ListActivitiesRequest request;
  request.mutable_page()->set_page_size(1000);
  const auto page = Registrar().ListActivities(request);
  ASSERT_TRUE(page.ok()) << page.status();
  for (const v1::ActivityRecord& record : page->activities()) {
    ++(record.state() == v1::ACTIVITY_STATE_CANCELLED ? cancelled : entered);
  }
  EXPECT_EQ(entered, 500);
  EXPECT_EQ(cancelled, 120);
}

TEST_F(BenchTest, AProcessThatIsNotThereIsToldBeforeItMeasures) {
  const Finished finished = Run({"submit", "--count", "1", "--server-pid", "999999999"});
  EXPECT_NE(finished.exit_code, 0);
  EXPECT_THAT(finished.output, HasSubstr("999999999"));
}

}  // namespace
}  // namespace muster
