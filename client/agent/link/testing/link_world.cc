#include "client/agent/link/testing/link_world.h"

#include <utility>

#include "common/uuid.h"

namespace muster::agent {
LinkWorld::LinkWorld() : store(folder.Open()), clock(TestTime()), link(&clock) {}

std::shared_ptr<FakeConnection> LinkWorld::Connect(const std::function<void(FakeConnection&)>& prepare) {
  auto connection = std::make_shared<FakeConnection>(FakeConnection::QuickOptions(), &clock);
  connection->on_call = [](size_t, const std::string&, const google::protobuf::Message&, google::protobuf::Message*) {
    return absl::OkStatus();
  };
  if (prepare) prepare(*connection);
  link.Use(connection, "ky-ago", "operator", clock.Now() + absl::Hours(24 * 365));
  return connection;
}

bool LinkWorld::Eventually(const std::function<bool()>& condition) {
  const absl::Time deadline = SystemClock()->Now() + absl::Minutes(1);
  while (!condition()) {
    if (SystemClock()->Now() >= deadline) return false;
    absl::SleepFor(absl::Milliseconds(2));
  }
  return true;
}

RetryPolicy QuickRetry() {
  return {.initial_backoff = absl::Milliseconds(1), .max_backoff = absl::Milliseconds(4), .multiplier = 2.0};
}

muster::v1::SubscribeResponse FeedMessage(const std::vector<muster::v1::Delivery>& deliveries, bool caught_up) {
  muster::v1::SubscribeResponse message;
  for (const muster::v1::Delivery& delivery : deliveries) *message.add_deliveries() = delivery;
  message.set_caught_up(caught_up);
  return message;
}

muster::v1::Submission NewReady() {
  muster::v1::Submission submission;
  submission.set_submission_id(NewUuidV7(TestTime()));
  muster::v1::ReportReadiness& report = *submission.mutable_report_readiness();
  report.set_operation_id("op-1");
  report.set_site_id("ky-1");
  report.set_status(muster::v1::READINESS_STATUS_READY);
  report.set_epoch(1);
  return submission;
}

}  // namespace muster::agent
