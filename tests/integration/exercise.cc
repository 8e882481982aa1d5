#include "tests/integration/exercise.h"

#include <utility>

#include "common/clock.h"
#include "common/deadline.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster {

v1::Submission WithNewId(v1::Submission submission) {
  submission.set_submission_id(NewUuidV7(SystemClock()->Now()));
  return submission;
}

v1::Submission KentuckyTally(uint64_t number, uint32_t count) {
  return WithNewId(RecordTally(MakeEntry(EntryId(number), kKentucky, "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, count)));
}

v1::Submission DakotaTally(uint64_t number, uint32_t count) {
  return WithNewId(RecordTally(MakeEntry(EntryId(number), kDakota, "nd-1", v1::TALLY_CATEGORY_ARREST_BUYER, count)));
}

absl::StatusOr<std::vector<v1::Delivery>> FeedOf(const std::shared_ptr<Connection>& connection,
                                                 std::string after_cursor) {
  SubscriptionOptions options;
  options.after_cursor = std::move(after_cursor);
  Subscription feed(connection, options);
  std::vector<v1::Delivery> deliveries;
  const Deadline deadline(kPatience);
  while (!feed.caught_up()) {
    MUSTER_ASSIGN_OR_RETURN(std::optional<v1::Delivery> next, feed.Next(deadline.left()));
    if (next.has_value()) {
      deliveries.push_back(*std::move(next));
    } else if (deadline.passed()) {
      return absl::DeadlineExceededError("the feed did not come to its end");
    }
  }
  return deliveries;
}

std::vector<std::string> EntriesIn(const std::vector<v1::Delivery>& deliveries) {
  std::vector<std::string> ids;
  for (const v1::Delivery& delivery : deliveries) {
    if (delivery.notice().has_tally_entry()) ids.push_back(delivery.notice().tally_entry().entry().entry_id());
  }
  return ids;
}

testing::AssertionResult IntegrationTest::Start(const std::vector<std::string>& environment) {
  const absl::Status started = broker_.Start(environment);
  if (started.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << started;
}

Client& IntegrationTest::As(absl::string_view agency_id) {
  std::unique_ptr<Client>& client = clients_[std::string(agency_id)];
  if (client == nullptr) client = std::make_unique<Client>(broker_.ClientOf(agency_id));
  return *client;
}

v1::Outcome AcceptedBy(Client& client, v1::Submission submission) {
  const absl::StatusOr<v1::Outcome> outcome = client.Submit(std::move(submission));
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  if (!outcome.ok()) return {};
  EXPECT_TRUE(outcome->has_accepted()) << outcome->ShortDebugString();
  return *outcome;
}

void SetUpExercise(Client& lead) {
  AcceptedBy(lead, RegisterAgency(kKentucky, "KY"));
  AcceptedBy(lead, RegisterAgency(kDakota, "ND"));
  AcceptedBy(lead, RegisterAgency(kAuditor));
  AcceptedBy(lead, RegisterAgency(kBystander, "TX"));
  AcceptedBy(lead, CreateOperation({MakeSite("ky-1", "KY"), MakeSite("nd-1", "ND"), MakeSite("mo-1", "MO")}));
  AcceptedBy(lead, SetParticipant(kKentucky, v1::ROLE_PARTICIPANT, {"ky-1"}));
  AcceptedBy(lead, SetParticipant(kDakota, v1::ROLE_PARTICIPANT, {"nd-1"}));
  AcceptedBy(lead, SetParticipant(kAuditor, v1::ROLE_AUDITOR, {}));
  AcceptedBy(lead, PublishPlan({MakeSection("situation", "All."),
                            MakeSection("ky", "Only Kentucky.", {v1::ROLE_PARTICIPANT}, {"ky-1"})}));
  AcceptedBy(lead, SetPhase(v1::OPERATION_PHASE_ARMED));
}

WatchedFeed::WatchedFeed(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)), stream_(connection_->OpenFeed(v1::SubscribeRequest())), thread_([this] {
        v1::SubscribeResponse response;
        while (stream_->Read(&response)) {
          if (response.caught_up() && !open_.HasBeenNotified()) open_.Notify();
        }
        status_ = stream_->Finish();
        ended_.Notify();
      }) {}

WatchedFeed::~WatchedFeed() {
  stream_->Cancel();
  thread_.join();
}

absl::Status WatchedFeed::WaitForEnd(absl::Duration patience) {
  if (!ended_.WaitForNotificationWithTimeout(patience)) return absl::DeadlineExceededError("the stream goes on");
  return status_;
}

WatchedSubmit::WatchedSubmit(std::shared_ptr<Connection> connection)
    : connection_(std::move(connection)), wire_(connection_->OpenSubmit()), thread_([this] {
        // A submission that is refused for what it is gets its own answer, and leaves the stream open.
        v1::StreamSubmitRequest request;
        request.add_submissions()->set_submission_id("none");
        wire_->Write(request);
        v1::StreamSubmitResponse response;
        while (wire_->Read(&response)) {
          if (!open_.HasBeenNotified()) open_.Notify();
        }
        status_ = wire_->Finish();
        ended_.Notify();
      }) {}

WatchedSubmit::~WatchedSubmit() {
  wire_->Cancel();
  thread_.join();
}

absl::Status WatchedSubmit::WaitForEnd(absl::Duration patience) {
  if (!ended_.WaitForNotificationWithTimeout(patience)) return absl::DeadlineExceededError("the stream goes on");
  return status_;
}

}  // namespace muster
