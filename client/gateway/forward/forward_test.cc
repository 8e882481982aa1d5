#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/gateway/forward/codec.h"
#include "client/gateway/forward/forwarder.h"
#include "client/gateway/forward/methods.h"
#include "client/lib/testing/fake_connection.h"
#include "common/error_reason.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/agency.pb.h"
#include "muster/v1/plan.pb.h"

namespace muster::gateway {
namespace {

using testing::HasSubstr;

constexpr char kWhoAmI[] = "/muster.v1.AgencyService/WhoAmI";

TEST(MethodsTest, ExactlyTheseMethodsAreReads) {
  const Methods methods;
  std::set<std::string> reads;
  for (const auto& [path, method] : methods.all()) {
    if (!method.changes) reads.insert(path);
  }
  const std::set<std::string> wanted = {
      "/muster.agent.v1.AgentService/AwaitOutboxItem",
      "/muster.agent.v1.AgentService/Diagnose",
      "/muster.agent.v1.AgentService/GetOutboxItem",
      "/muster.agent.v1.AgentService/GetStatus",
      "/muster.agent.v1.AgentService/ListOutbox",
      "/muster.v1.AccessService/ExplainAccess",
      "/muster.v1.AccessService/ListDisclosures",
      "/muster.v1.AgencyService/GetAgency",
      "/muster.v1.AgencyService/ListAgencies",
      "/muster.v1.AgencyService/WhoAmI",
      "/muster.v1.ClaimService/Reconcile",
      "/muster.v1.DeconflictionService/GetActivity",
      "/muster.v1.DeconflictionService/GetConflict",
      "/muster.v1.DeconflictionService/ListActivities",
      "/muster.v1.DeconflictionService/ListConflicts",
      "/muster.v1.FeedService/GetFeedCursor",
      "/muster.v1.FeedService/Subscribe",
      "/muster.v1.OperationService/GetOperation",
      "/muster.v1.OperationService/ListOperations",
      "/muster.v1.OperationService/ListPresence",
      "/muster.v1.PlanService/GetPlan",
      "/muster.v1.PlanService/ListAcknowledgements",
      "/muster.v1.ReadinessService/GetReadinessBoard",
      "/muster.v1.ReleaseService/GetRelease",
      "/muster.v1.ReleaseService/ListReleases",
      "/muster.v1.ReleaseService/PreviewRelease",
      "/muster.v1.TallyService/ExplainTally",
      "/muster.v1.TallyService/GetTotals",
      "/muster.v1.TallyService/ListSuspectedDuplicates",
      "/muster.v1.TallyService/ListTallyEntries",
      "/muster.v1.VictimServicesService/GetVictimServices",
  };
  EXPECT_EQ(reads, wanted);
}

TEST(MethodsTest, EveryBodyOfASubmissionHasAMethodThatIsAChange) {
  const Methods methods;
  std::set<std::string> changed;
  for (const auto& [path, method] : methods.all()) {
    const google::protobuf::Descriptor& request = *method.descriptor->input_type();
    for (int i = 0; method.changes && i < request.field_count(); ++i) {
      if (request.field(i)->message_type() != nullptr) changed.insert(request.field(i)->message_type()->full_name());
    }
  }
  const google::protobuf::OneofDescriptor& body = *muster::v1::Submission::descriptor()->FindOneofByName("body");
  for (int i = 0; i < body.field_count(); ++i) {
    const std::string& type = body.field(i)->message_type()->full_name();
    if (type == "muster.v1.WithdrawSubmission") continue;  // Only by Submit.
    EXPECT_TRUE(changed.contains(type)) << type;
  }
}

TEST(MethodsTest, StreamsFromTheClientAndEnrolmentOfAnAgentAreNotForwarded) {
  const Methods methods;
  EXPECT_EQ(methods.Find("/muster.v1.SubmissionService/StreamSubmit"), nullptr);
  EXPECT_EQ(methods.Find("/muster.agent.v1.AgentService/Enroll"), nullptr);
  EXPECT_EQ(methods.Find("/muster.storage.v1.X/Y"), nullptr);
  EXPECT_EQ(methods.Find(""), nullptr);
}

TEST(MethodsTest, OnlySubscribeStreams) {
  const Methods methods;
  for (const auto& [path, method] : methods.all()) {
    EXPECT_EQ(method.streams, path == "/muster.v1.FeedService/Subscribe") << path;
  }
}

TEST(CodecTest, BothFormsGiveTheMessageBack) {
  muster::v1::WhoAmIResponse message;
  message.mutable_principal()->set_agency_id("mo-ago");
  for (const Codec codec : {Codec::kProto, Codec::kJson}) {
    const auto bytes = SerializeMessage(codec, message);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    muster::v1::WhoAmIResponse back;
    ASSERT_TRUE(ParseMessage(codec, *bytes, &back).ok());
    EXPECT_EQ(back.principal().agency_id(), "mo-ago");
  }
}

TEST(CodecTest, AnUnknownFieldOfJsonIsRefused) {
  muster::v1::GetPlanRequest request;
  const absl::Status status = ParseMessage(Codec::kJson, R"({"operationId":"x","hide":true})", &request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RejectedOf(status).reason(), muster::v1::ERROR_REASON_MALFORMED);
  EXPECT_THAT(std::string(status.message()), HasSubstr("hide"));
}

TEST(CodecTest, AnErrorThatQuotesWhatIsNoTextTellsItsReasonToTheClient) {
  muster::v1::GetPlanRequest request;
  for (const char* json : {"{\"operationId\": \xff\xfe\x01", "{\"\xff\": 1}", "{\"operationId\": \"\xff\"}", "\xff"}) {
    const absl::Status status = ParseMessage(Codec::kJson, json, &request);
    EXPECT_THAT(ConnectErrorJson(status), HasSubstr("google.rpc.ErrorInfo")) << status;
  }
}

TEST(CodecTest, DeepJsonIsRefusedAndNotFollowed) {
  muster::v1::SubmitRequest request;
  const std::string deep(1'000'000, '[');
  EXPECT_EQ(ParseMessage(Codec::kJson, deep, &request).code(), absl::StatusCode::kInvalidArgument);
}

class ForwarderTest : public testing::Test {
 protected:
  static ConnectionOptions Options() {
    ConnectionOptions options = FakeConnection::QuickOptions();
    options.on_copy = NoteCopies();
    return options;
  }

  std::shared_ptr<FakeConnection> connection_ = std::make_shared<FakeConnection>(Options());
  Methods methods_;
  OfficeConnection office_{connection_};
  Forwarder forwarder_{&office_};
};

TEST_F(ForwarderTest, ACallReachesTheBrokerByItsPathWithItsMessage) {
  std::string called;
  connection_->on_call = [&](size_t, const std::string& method, const google::protobuf::Message& request,
                             google::protobuf::Message* response) {
    called = method;
    EXPECT_EQ(static_cast<const muster::v1::GetPlanRequest&>(request).operation_id(), "united-front");
    static_cast<muster::v1::GetPlanResponse*>(response)->mutable_plan()->set_version(3);
    return absl::OkStatus();
  };
  const auto answer = forwarder_.Call(*methods_.Find("/muster.v1.PlanService/GetPlan"), Codec::kJson,
                                      R"({"operationId":"united-front"})", absl::Seconds(5));
  ASSERT_TRUE(answer.message.ok()) << answer.message.status();
  EXPECT_EQ(called, "/muster.v1.PlanService/GetPlan");
  EXPECT_EQ(*answer.message, R"({"plan":{"version":3}})");
  EXPECT_TRUE(answer.metadata.empty());
}

TEST_F(ForwarderTest, ACopySaysFromWhenItIs) {
  connection_->on_call = [&](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    connection_->options().on_copy({.as_of = absl::FromUnixSeconds(1'630'033'200), .superseded = true});
    return absl::OkStatus();
  };
  const auto answer = forwarder_.Call(*methods_.Find(kWhoAmI), Codec::kProto, "", absl::Seconds(5));
  const Metadata wanted = {{"muster-as-of", "2021-08-27T03:00:00+00:00"}, {"muster-superseded", "1"}};
  EXPECT_EQ(answer.metadata, wanted);
}

TEST_F(ForwarderTest, TheNextCallOnTheSameThreadIsNotTakenForACopy) {
  bool copy = true;
  connection_->on_call = [&](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    if (copy) connection_->options().on_copy({.as_of = absl::UnixEpoch(), .superseded = false});
    return absl::OkStatus();
  };
  const Method& method = *methods_.Find(kWhoAmI);
  EXPECT_FALSE(forwarder_.Call(method, Codec::kProto, "", absl::Seconds(5)).metadata.empty());
  copy = false;
  EXPECT_TRUE(forwarder_.Call(method, Codec::kProto, "", absl::Seconds(5)).metadata.empty());
}

TEST_F(ForwarderTest, TheBrokersRefusalComesBackWhole) {
  connection_->on_call = [](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    return Refusal(muster::v1::ERROR_REASON_NOT_PERMITTED, "not for you", "P1");
  };
  const auto answer = forwarder_.Call(*methods_.Find(kWhoAmI), Codec::kProto, "", absl::Seconds(5));
  EXPECT_EQ(answer.message.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(RejectedOf(answer.message.status()).rule(), "P1");
}

TEST_F(ForwarderTest, AMalformedRequestNeverReachesTheBroker) {
  connection_->on_call = [](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    ADD_FAILURE() << "called";
    return absl::OkStatus();
  };
  const auto answer = forwarder_.Call(*methods_.Find(kWhoAmI), Codec::kJson, "{", absl::Seconds(5));
  EXPECT_EQ(answer.message.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ForwarderTest, FeedsThatEndTogetherMoveOnToTheNextBrokerOnce) {
  connection_->feeds.assign(2, {.messages = {}, .end = absl::UnavailableError("gone"), .stays_open = false});
  muster::v1::SubscribeResponse message;
  const auto first = forwarder_.OpenFeed(Codec::kProto, "");
  const auto second = forwarder_.OpenFeed(Codec::kProto, "");
  for (const auto* feed : {&first, &second}) {
    ASSERT_TRUE(feed->ok()) << feed->status();
    EXPECT_FALSE((**feed)->Read(&message));
    EXPECT_EQ((**feed)->Finish().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(connection_->broker(), 1u);
}

TEST_F(ForwarderTest, AFeedGoesOnWithTheConnectionThatItBeganWith) {
  connection_->feeds.push_back({.messages = {{}, {}}, .end = absl::OkStatus(), .stays_open = true});
  const auto feed = forwarder_.OpenFeed(Codec::kProto, "");
  ASSERT_TRUE(feed.ok()) << feed.status();
  muster::v1::SubscribeResponse message;
  EXPECT_TRUE((*feed)->Read(&message));
  const std::weak_ptr<Connection> former = connection_;
  connection_ = std::make_shared<FakeConnection>(Options());
  connection_->on_call = [](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    return absl::OkStatus();
  };
  office_.Use(connection_);
  EXPECT_FALSE(former.expired());
  EXPECT_TRUE((*feed)->Read(&message));
  EXPECT_TRUE(forwarder_.Call(*methods_.Find(kWhoAmI), Codec::kProto, "", absl::Seconds(5)).message.ok());
}

TEST_F(ForwarderTest, ClosingEndsCallsOnFormerConnectionsToo) {
  const std::shared_ptr<FakeConnection> former = connection_;
  former->on_call = [](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    return absl::OkStatus();
  };
  office_.Use(std::make_shared<FakeConnection>(Options()));
  office_.Close();
  muster::v1::WhoAmIResponse response;
  EXPECT_EQ(former->Call(kWhoAmI, muster::v1::WhoAmIRequest(), &response).code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace muster::gateway
