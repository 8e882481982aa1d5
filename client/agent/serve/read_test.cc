// Reads from the mirror, and the daemon's own service.
#include <optional>
#include <string>
#include <vector>

#include "client/agent/serve/testing/serve_test_fixture.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/mirror.h"
#include "client/agent/store/outbox.h"
#include "client/lib/agent_client.h"

namespace muster::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kOperation[] = "united-front-2021";
const absl::Time kAsOf = absl::FromUnixSeconds(1'700'000'000) + absl::Nanoseconds(123'456'789);

class ReadTest : public ServeTest {
 protected:
  static muster::v1::GetPlanRequest PlanRequest() {
    muster::v1::GetPlanRequest request;
    request.set_operation_id(kOperation);
    return request;
  }
  absl::Status KeepPlan(uint32_t version) {
    muster::v1::GetPlanResponse response;
    response.mutable_plan()->set_version(version);
    MirrorAnswer answer;
    answer.key = MirrorKey("muster.v1.PlanService/GetPlan", PlanRequest());
    answer.operation_id = kOperation;
    answer.response = response.SerializeAsString();
    answer.as_of = kAsOf;
    answer.inbox_row = agent_->store().inbox().last_row();
    return agent_->store().mirror().Put(answer);
  }
  absl::Status DeliverAboutTheOperation() {
    std::vector<muster::v1::Delivery> deliveries = Deliveries(1, 1);
    deliveries[0].mutable_notice()->set_operation_id(kOperation);
    return agent_->store().inbox().Append(deliveries, {}, SystemClock()->Now());
  }
  static v1::OutboxItemName Number(uint64_t number) {
    v1::OutboxItemName name;
    name.set_number(number);
    return name;
  }
  AgentClient SocketAgent() const { return AgentClient(ToSocket()); }
};

TEST_F(ReadTest, CopySaysWhenItWasTrue) {
  ASSERT_TRUE(StartEnrolled().ok());
  ASSERT_TRUE(KeepPlan(7).ok());
  std::optional<muster::Freshness> copy;
  Client client(ToSocket([&](const muster::Freshness& freshness) { copy = freshness; }));
  const absl::StatusOr<muster::v1::GetPlanResponse> plan = client.GetPlan(PlanRequest());
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->plan().version(), 7);
  ASSERT_TRUE(copy.has_value());
  EXPECT_EQ(copy->as_of, kAsOf);
  EXPECT_FALSE(copy->superseded);
}

TEST_F(ReadTest, CopyOlderThanADeliverySaysSo) {
  ASSERT_TRUE(StartEnrolled().ok());
  ASSERT_TRUE(KeepPlan(7).ok());
  ASSERT_TRUE(DeliverAboutTheOperation().ok());
  std::optional<muster::Freshness> copy;
  Client client(ToSocket([&](const muster::Freshness& freshness) { copy = freshness; }));
  ASSERT_TRUE(client.GetPlan(PlanRequest()).ok());
  ASSERT_TRUE(copy.has_value());
  EXPECT_TRUE(copy->superseded);
}

TEST_F(ReadTest, WithoutACopyTheReadIsOffLine) {
  ASSERT_TRUE(StartEnrolled().ok());
  ConnectionOptions options;
  options.brokers = {absl::StrCat("unix:", server_->socket_path())};
  options.deadline = absl::Milliseconds(200);  // UNAVAILABLE is tried again until then.
  Client client(*Connect(options));
  EXPECT_EQ(RejectedOf(client.GetPlan(PlanRequest()).status()).reason(), muster::v1::ERROR_REASON_OFF_LINE);
}

TEST_F(ReadTest, MalformedReadIsRefusedAlthoughNoBrokerAnswers) {
  ASSERT_TRUE(StartEnrolled().ok());
  muster::v1::GetPlanResponse response;
  muster::v1::GetPlanRequest request;
  request.set_operation_id("Not A Slug");
  EXPECT_EQ(ToSocket()->Call("/muster.v1.PlanService/GetPlan", request, &response).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ReadTest, StatusNamesTheAgencyAndCountsTheOutbox) {
  ASSERT_TRUE(StartEnrolled().ok());
  ASSERT_TRUE(SocketClient().AcknowledgePlan(AnyBody()).ok());
  const absl::StatusOr<v1::GetStatusResponse> status = SocketAgent().GetStatus();
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->agency_id(), kAgency);
  EXPECT_EQ(status->outbox().saved_here(), 1);
}

TEST_F(ReadTest, EnrolledOverTheSocketTheDaemonSpeaksForTheAgency) {
  ASSERT_TRUE(StartUnenrolled().ok());
  const absl::StatusOr<v1::EnrollResponse> enrolled = SocketAgent().Enroll(Bundle());
  ASSERT_TRUE(enrolled.ok()) << enrolled.status();
  EXPECT_EQ(enrolled->status().agency_id(), kAgency);
}

TEST_F(ReadTest, OutboxIsListedPageByPageInOrder) {
  ASSERT_TRUE(StartEnrolled().ok());
  for (uint32_t i = 1; i <= 5; ++i) ASSERT_TRUE(SocketClient().AcknowledgePlan(AnyBody(i)).ok());
  v1::ListOutboxRequest request;
  request.mutable_page()->set_page_size(2);
  std::vector<uint64_t> numbers;
  int pages = 0;
  do {
    v1::ListOutboxResponse response;
    ASSERT_TRUE(ToSocket()->Call("/muster.agent.v1.AgentService/ListOutbox", request, &response).ok());
    for (const v1::OutboxItem& item : response.items()) numbers.push_back(item.number());
    request.mutable_page()->set_page_token(response.next_page_token());
    ++pages;
  } while (!request.page().page_token().empty());
  EXPECT_THAT(numbers, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(pages, 3);
}

TEST_F(ReadTest, PageTokenOfAnotherIsRefused) {
  ASSERT_TRUE(StartEnrolled().ok());
  v1::ListOutboxRequest request;
  request.mutable_page()->set_page_token("abc");
  v1::ListOutboxResponse response;
  EXPECT_EQ(ToSocket()->Call("/muster.agent.v1.AgentService/ListOutbox", request, &response).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ReadTest, ItemIsShownWithItsSubmission) {
  ASSERT_TRUE(StartEnrolled().ok());
  ASSERT_TRUE(SocketClient().AcknowledgePlan(AnyBody(9)).ok());
  const absl::StatusOr<v1::OutboxItem> item = SocketAgent().GetOutboxItem(Number(1));
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ(item->state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_EQ(item->kind(), "acknowledge_plan");
  EXPECT_EQ(item->submission().acknowledge_plan().version(), 9);
}

TEST_F(ReadTest, DropIsNotedWhileItsFateIsOpen) {
  ASSERT_TRUE(StartEnrolled().ok());
  ASSERT_TRUE(SocketClient().AcknowledgePlan(AnyBody()).ok());
  const absl::StatusOr<v1::OutboxItem> item = SocketAgent().DropOutboxItem(Number(1), "entered twice");
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ(item->drop_reason(), "entered twice");
  EXPECT_EQ(item->state(), v1::DELIVERY_STATE_SAVED_HERE);
}

TEST_F(ReadTest, UnknownItemIsNotFound) {
  ASSERT_TRUE(StartEnrolled().ok());
  EXPECT_EQ(SocketAgent().GetOutboxItem(Number(7)).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReadTest, AwaitAnswersWhenTheItemIsDecided) {
  ASSERT_TRUE(StartEnrolled().ok());
  const absl::StatusOr<muster::v1::Outcome> saved = SocketClient().AcknowledgePlan(AnyBody());
  ASSERT_TRUE(saved.ok());
  std::thread decider([&] {
    muster::v1::SubmissionAnswer answer;
    answer.set_submission_id(saved->submission_id());
    answer.mutable_outcome()->set_submission_id(saved->submission_id());
    answer.mutable_outcome()->mutable_accepted();
    *answer.mutable_outcome()->mutable_decided_at() = ToProto(SystemClock()->Now());
    EXPECT_TRUE(agent_->store().outbox().Take({answer}, SystemClock()->Now()).ok());
  });
  const absl::StatusOr<v1::OutboxItem> item = SocketAgent().Await(Number(1), absl::Seconds(30));
  decider.join();
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ(item->state(), v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(ReadTest, AwaitEndsAtItsDeadline) {
  ASSERT_TRUE(StartEnrolled().ok());
  ASSERT_TRUE(SocketClient().AcknowledgePlan(AnyBody()).ok());
  EXPECT_EQ(SocketAgent().Await(Number(1), absl::Milliseconds(300)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ReadTest, DiagnosisLooksAtEverythingAndSaysWhatMendsIt) {
  ASSERT_TRUE(StartEnrolled().ok());
  const absl::StatusOr<v1::DiagnoseResponse> diagnosis = SocketAgent().Diagnose();
  ASSERT_TRUE(diagnosis.ok()) << diagnosis.status();
  std::vector<std::string> checks;
  bool tcp_fails = false;
  for (const v1::Finding& finding : diagnosis->findings()) {
    checks.push_back(finding.check());
    const bool troubled = finding.level() == v1::FINDING_LEVEL_FAILING || finding.level() == v1::FINDING_LEVEL_WARNING;
    EXPECT_EQ(troubled, !finding.remedy().empty()) << finding.DebugString();
    tcp_fails = tcp_fails || (finding.check() == "tcp" && finding.level() == v1::FINDING_LEVEL_FAILING);
  }
  EXPECT_TRUE(tcp_fails) << "nobody listens at " << kNobody;
  for (const char* check : {"name", "tcp", "tls", "chain", "expiry", "clock", "revocation", "queue", "disk", "fsync",
                            "database", "feed", "hook"}) {
    EXPECT_THAT(checks, ::testing::Contains(check));
  }
}

}  // namespace
}  // namespace muster::agent
