// Every RPC stands behind the guard. The RPCs come from the broker's own reflection, so that none can be forgotten
// here.
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/testing/test_messages.h"
#include "gmock/gmock.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "server/state/access/policy.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

class Guarding : public IntegrationTest {
 protected:
  void SetUp() override {
    IntegrationTest::SetUp();
    if (!HasFatalFailure()) SetUpExercise();
  }

  std::shared_ptr<grpc::Channel> ChannelOf(absl::string_view agency_id) {
    return ChannelWith(broker_, OperatorOf(agency_id));
  }

  // Of the RPCs that the broker serves: asked as an agency that may ask.
  std::vector<ServedRpc> Rpcs() { return ServedRpcs(ChannelOf(kLead)); }

  // Health/Watch and an admitted Subscribe have no end of their own.
  static WireAnswer Call(const std::shared_ptr<grpc::Channel>& channel, const ServedRpc& rpc,
                         const std::string& request) {
    return CallWire(channel, rpc.name, {request}, {.responses_max = 1});
  }

  void ExpectRefusedEverywhere(absl::string_view agency_id, v1::ErrorReason reason) {
    const std::shared_ptr<grpc::Channel> channel = ChannelOf(agency_id);
    for (const ServedRpc& rpc : Rpcs()) {
      // Whoever may not be here is not even told that a message is malformed.
      for (const std::string& request : {ValidRequestFor(rpc), std::string("\xff\xff\xff")}) {
        const WireAnswer answer = Call(channel, rpc, request);
        EXPECT_EQ(answer.status.code(), absl::StatusCode::kPermissionDenied) << rpc.name << ": " << answer.status;
        EXPECT_TRUE(answer.responses.empty()) << rpc.name;
        // gRPC carries no details for the services that it brings along.
        if (rpc.method == nullptr) continue;
        EXPECT_EQ(ReasonOf(answer.status), reason) << rpc.name << ": " << answer.status;
      }
    }
  }
};

// A valid request about `operation_id`, wherever one is named.
std::string RequestAbout(const ServedRpc& rpc, const std::string& operation_id) {
  const std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(rpc.method->input_type())->New());
  FillValid(request.get());
  for (const StringPlace& place : StringsOf(request.get())) {
    if (place.field->name() == "operation_id") place.set(operation_id);
  }
  return request->SerializeAsString();
}

TEST_F(Guarding, TheServedRpcsAreExactlyThoseOfThePolicyTable) {
  std::set<std::string> served;
  for (const ServedRpc& rpc : Rpcs()) served.insert(rpc.name);
  std::set<std::string> in_table;
  for (const PolicyRule& rule : PolicyTable()) {
    if (!rule.rpc.empty()) in_table.insert(std::string(rule.rpc));
  }
  EXPECT_EQ(served, in_table);

  // And no service is reflected that the table does not know at all.
  absl::Status status;
  for (const std::string& service : ReflectedServices(ChannelOf(kLead), &status)) {
    EXPECT_TRUE(std::any_of(in_table.begin(), in_table.end(), [&](const std::string& rpc) {
      return rpc.rfind(service + "/", 0) == 0;
    })) << service;
  }
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(Guarding, AnAgencyThatIsNotOnTheRosterIsRefusedByEveryRpc) {
  ExpectRefusedEverywhere(kUnenrolled, v1::ERROR_REASON_AGENCY_UNKNOWN);
}

TEST_F(Guarding, ASuspendedAgencyIsRefusedByEveryRpc) {
  Accept(As(kLead), SetStanding(kKentucky, v1::AGENCY_STANDING_SUSPENDED));
  ExpectRefusedEverywhere(kKentucky, v1::ERROR_REASON_AGENCY_SUSPENDED);
}

TEST_F(Guarding, ARevokedCertificateIsRefusedByEveryRpc) {
  Accept(As(kLead), RevokeCertificate(kKentucky, FingerprintOf(OperatorOf(kKentucky))));
  const std::shared_ptr<grpc::Channel> channel = ChannelOf(kKentucky);
  for (const ServedRpc& rpc : Rpcs()) {
    const WireAnswer answer = Call(channel, rpc, ValidRequestFor(rpc));
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kUnauthenticated) << rpc.name << ": " << answer.status;
  }
}

TEST_F(Guarding, AnAgencyWithoutAnyRoleMayDoOnlyWhatThePolicyGivesEveryone) {
  const std::shared_ptr<grpc::Channel> channel = ChannelOf(kBystander);
  for (const ServedRpc& rpc : Rpcs()) {
    if (rpc.method == nullptr) continue;
    const PolicyRule* rule = FindRule(rpc.name);
    ASSERT_NE(rule, nullptr) << rpc.name;
    if (rule->who == PolicyRule::Who::kEnrolled) continue;  // The next test.
    const WireAnswer answer = Call(channel, rpc, RequestAbout(rpc, kTestOperation));
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kPermissionDenied) << rpc.name << ": " << answer.status;
    EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_NOT_PERMITTED) << rpc.name << ": " << answer.status;
  }
}

TEST_F(Guarding, AnAgencyWithoutAnyRoleSeesOnlyItself) {
  const auto agencies = As(kBystander).ListAgencies({});
  ASSERT_TRUE(agencies.ok()) << agencies.status();
  ASSERT_EQ(agencies->agencies_size(), 1);
  EXPECT_EQ(agencies->agencies(0).agency().agency_id(), kBystander);
  const auto operations = As(kBystander).ListOperations({});
  ASSERT_TRUE(operations.ok()) << operations.status();
  EXPECT_EQ(operations->operations_size(), 0);
  v1::GetAgencyRequest other;
  other.set_agency_id(kKentucky);
  EXPECT_EQ(As(kBystander).GetAgency(other).status().code(), absl::StatusCode::kPermissionDenied);
  const auto feed = FeedOf(As(kBystander).connection());
  ASSERT_TRUE(feed.ok()) << feed.status();
  for (const v1::Delivery& delivery : *feed) {
    EXPECT_TRUE(delivery.notice().has_agency()) << delivery.notice().ShortDebugString();
  }
  // The generic ways in hold each submission to its own row.
  for (const v1::Submission& submission :
       {KentuckyTally(1), WithNewId(RegisterAgency("x-y")), WithNewId(SetPhase(v1::OPERATION_PHASE_ABORTED))}) {
    EXPECT_EQ(As(kBystander).Submit(submission).status().code(), absl::StatusCode::kPermissionDenied);
    v1::StreamSubmitRequest request;
    *request.add_submissions() = submission;
    const WireAnswer answer =
        CallWire(ChannelOf(kBystander), "muster.v1.SubmissionService/StreamSubmit", {request.SerializeAsString()});
    v1::StreamSubmitResponse response;
    ASSERT_TRUE(answer.responses.size() == 1 && response.ParseFromString(answer.responses[0])) << answer.status;
    EXPECT_EQ(response.results(0).refusal().code(), static_cast<int>(absl::StatusCode::kPermissionDenied));
  }
}

TEST_F(Guarding, ARefusalDoesNotTellWhetherTheOperationExists) {
  const std::shared_ptr<grpc::Channel> channel = ChannelOf(kBystander);
  for (const ServedRpc& rpc : Rpcs()) {
    const PolicyRule* rule = FindRule(rpc.name);
    if (rpc.method == nullptr || rule == nullptr || rule->who != PolicyRule::Who::kRole) continue;
    const WireAnswer there = Call(channel, rpc, RequestAbout(rpc, kTestOperation));
    const WireAnswer not_there = Call(channel, rpc, RequestAbout(rpc, "no-such-operation"));
    EXPECT_EQ(there.status, not_there.status) << rpc.name;
  }
}

TEST_F(Guarding, HealthSaysServingToAnEnrolledAgency) {
  const WireAnswer answer = CallWire(ChannelOf(kBystander), "grpc.health.v1.Health/Check", {""});
  ASSERT_TRUE(answer.status.ok()) << answer.status;
  EXPECT_EQ(answer.responses, std::vector<std::string>{"\x08\x01"});  // HealthCheckResponse{status: SERVING}
}

TEST_F(Guarding, HealthKnowsOnlyTheBrokerAsAWhole) {
  const std::string named("\x0a\x01x", 3);  // HealthCheckRequest{service: "x"}
  for (const char* rpc : {"grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch"}) {
    EXPECT_EQ(CallWire(ChannelOf(kBystander), rpc, {named}).status.code(), absl::StatusCode::kNotFound) << rpc;
  }
}

TEST_F(Guarding, HealthIsWatchedUntilTheBrokerDrains) {
  const std::shared_ptr<grpc::Channel> channel = ChannelOf(kBystander);
  // The call ends by itself: it asks for more responses than will come.
  std::thread stop([this] {
    EXPECT_TRUE(Eventually([&] { return broker_.Metric("muster_open_streams") == 1; }));
    EXPECT_EQ(broker_.Stop().value_or(-1), 0);
  });
  const WireAnswer answer = CallWire(channel, "grpc.health.v1.Health/Watch", {""}, {.responses_max = 2});
  stop.join();
  EXPECT_EQ(answer.responses, std::vector<std::string>{"\x08\x01"});
  EXPECT_EQ(ReasonOf(answer.status), v1::ERROR_REASON_DRAINING) << answer.status;
}

TEST_F(Guarding, AnRpcThatDoesNotExistIsUnimplemented) {
  for (const char* rpc : {"muster.v1.AgencyService/NoSuchCall", "muster.v1.NoSuchService/Call", "nonsense/x"}) {
    const absl::StatusCode code = CallWire(ChannelOf(kLead), rpc, {""}).status.code();
    EXPECT_TRUE(code == absl::StatusCode::kUnimplemented || code == absl::StatusCode::kPermissionDenied) << rpc;
  }
}

}  // namespace
}  // namespace muster
