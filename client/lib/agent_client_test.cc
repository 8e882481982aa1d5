// Calls to a daemon, over a fake connection and a clock that the retry loop itself moves.
#include "client/lib/agent_client.h"

#include <memory>
#include <string>

#include "client/lib/client.h"
#include "client/lib/testing/fake_connection.h"
#include "common/error_reason.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

class AgentClientTest : public testing::Test {
 protected:
  AgentClientTest() : clock_(absl::UnixEpoch()), connection_(std::make_shared<FakeConnection>(Options(), &clock_)) {
    connection_->on_wait = [this](absl::Duration duration) { clock_.Advance(duration); };
  }

  static ConnectionOptions Options() {
    ConnectionOptions options;
    options.brokers = {"unix:/run/muster/agent.sock"};
    return options;
  }

  // A call that waits on the daemon's side for as long as it may.
  absl::Status NotYet() {
    clock_.Advance(connection_->options().attempt_deadline);
    return absl::DeadlineExceededError("not decided");
  }

  FakeClock clock_;
  const std::shared_ptr<FakeConnection> connection_;
  agent::v1::OutboxItemName name_;
};

TEST_F(AgentClientTest, AwaitOutlastsTheDeadlineOfOneCallAndARestartOfTheDaemon) {
  name_.set_number(17);
  connection_->on_call = [&](size_t, const std::string& method, const google::protobuf::Message&,
                             google::protobuf::Message* response) {
    EXPECT_EQ(method, "/muster.agent.v1.AgentService/AwaitOutboxItem");
    if (clock_.Now() < absl::UnixEpoch() + absl::Minutes(5)) return NotYet();
    if (clock_.Now() < absl::UnixEpoch() + absl::Minutes(6)) return absl::UnavailableError("nobody listens");
    static_cast<agent::v1::AwaitOutboxItemResponse*>(response)->mutable_item()->set_state(
        agent::v1::DELIVERY_STATE_ACCEPTED);
    return absl::OkStatus();
  };
  const auto item = AgentClient(connection_).Await(name_, absl::InfiniteDuration());
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ(item->state(), agent::v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(AgentClientTest, AwaitEndsAtItsDeadline) {
  name_.set_number(17);
  connection_->on_call = [&](auto&&...) { return NotYet(); };
  const auto item = AgentClient(connection_).Await(name_, absl::Minutes(2));
  EXPECT_EQ(item.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(clock_.Now(), absl::UnixEpoch() + absl::Minutes(3));
}

TEST_F(AgentClientTest, AwaitOfWhatIsNotThereEndsAtOnce) {
  name_.set_number(99);
  connection_->on_call = [&](auto&&...) { return absl::NotFoundError("no such item"); };
  EXPECT_EQ(AgentClient(connection_).Await(name_, absl::InfiniteDuration()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(AgentClientTest, TheOutboxIsReadPageByPage) {
  connection_->on_call = [&](size_t, const std::string&, const google::protobuf::Message& request,
                             google::protobuf::Message* response) {
    const auto& asked = static_cast<const agent::v1::ListOutboxRequest&>(request);
    auto* page = static_cast<agent::v1::ListOutboxResponse*>(response);
    page->add_items()->set_number(asked.page().page_token().empty() ? 1 : 2);
    if (asked.page().page_token().empty()) page->set_next_page_token("more");
    return absl::OkStatus();
  };
  const auto outbox = AgentClient(connection_).ListOutbox({});
  ASSERT_TRUE(outbox.ok());
  ASSERT_EQ(outbox->items_size(), 2);
  EXPECT_EQ(outbox->items(1).number(), 2u);
}

TEST_F(AgentClientTest, AReadThatADaemonCannotAnswerOffLineIsNotAskedAgain) {
  int calls = 0;
  connection_->on_call = [&](auto&&...) {
    ++calls;
    return Refusal(v1::ERROR_REASON_OFF_LINE, "no copy is kept");
  };
  EXPECT_EQ(Client(connection_).WhoAmI().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace muster
