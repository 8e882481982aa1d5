// The operation that most tests need, over the wire: mo-ago (registrar and lead), ky-ago and nd-bci (participants at
// ky-1 and nd-1), united-audit (auditor), and tx-dps, which is on the roster and has no role. il-isp has a good
// certificate and is not on the roster.
#ifndef MUSTER_TESTS_INTEGRATION_EXERCISE_H_
#define MUSTER_TESTS_INTEGRATION_EXERCISE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "client/lib/client.h"
#include "client/lib/subscription.h"
#include "gtest/gtest.h"
#include "server/state/testing/test_support.h"
#include "tests/integration/test_broker.h"
#include "tests/integration/wire_call.h"

namespace muster {

inline constexpr char kLead[] = "mo-ago";
inline constexpr char kKentucky[] = "ky-ago";
inline constexpr char kDakota[] = "nd-bci";
inline constexpr char kAuditor[] = "united-audit";
inline constexpr char kBystander[] = "tx-dps";
inline constexpr char kUnenrolled[] = "il-isp";

// The arrests of Kentucky, as a submission whose entry is told from others by `number`.
v1::Submission KentuckyTally(uint64_t number, uint32_t count = 1);
v1::Submission DakotaTally(uint64_t number, uint32_t count = 1);
// With a submission_id made now.
v1::Submission WithNewId(v1::Submission submission);

// Everything on the agency's feed from `after_cursor` to the present. The subscription proves that nothing is missing.
absl::StatusOr<std::vector<v1::Delivery>> FeedOf(const std::shared_ptr<Connection>& connection,
                                                 std::string after_cursor = "");
// The ids of the tally entries among `deliveries`, in their order.
std::vector<std::string> EntriesIn(const std::vector<v1::Delivery>& deliveries);

// Submits and expects acceptance.
v1::Outcome AcceptedBy(Client& client, v1::Submission submission);
// Puts the agencies on the roster, creates the operation, publishes its plan, and arms it.
void SetUpExercise(Client& lead);

class IntegrationTest : public testing::Test {
 protected:
  explicit IntegrationTest(TestBroker::Options options = {}) : broker_(std::move(options)) {}

  void SetUp() override { ASSERT_TRUE(Start()); }

  // Starts the broker again with `environment`.
  testing::AssertionResult Start(const std::vector<std::string>& environment = {});
  void SetUpExercise() { muster::SetUpExercise(As(kLead)); }
  v1::Outcome Accept(Client& client, v1::Submission submission) { return AcceptedBy(client, std::move(submission)); }

  // One client per agency, kept: so the connection is, too.
  Client& As(absl::string_view agency_id);
  // Forgets the clients, so that the next ones connect anew.
  void Disconnect() { clients_.clear(); }

  TestBroker broker_;

 private:
  std::map<std::string, std::unique_ptr<Client>> clients_;
};

// A feed stream that is being read on a thread, until it ends.
class WatchedFeed {
 public:
  explicit WatchedFeed(std::shared_ptr<Connection> connection);
  ~WatchedFeed();

  // Until the broker has said that the reader has caught up: from then on the stream stands.
  bool WaitUntilOpen() { return open_.WaitForNotificationWithTimeout(kPatience); }
  // Why it ended; DEADLINE_EXCEEDED when it does not.
  absl::Status WaitForEnd(absl::Duration patience = kPatience);
  bool ended() const { return ended_.HasBeenNotified(); }

 private:
  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<FeedStream> stream_;
  absl::Notification open_;
  absl::Notification ended_;
  absl::Status status_;  // Set before ended_.
  std::thread thread_;
};

// The same for a submit stream: open, and nothing sent.
class WatchedSubmit {
 public:
  explicit WatchedSubmit(std::shared_ptr<Connection> connection);
  ~WatchedSubmit();

  bool WaitUntilOpen() { return open_.WaitForNotificationWithTimeout(kPatience); }
  absl::Status WaitForEnd(absl::Duration patience = kPatience);
  bool ended() const { return ended_.HasBeenNotified(); }

 private:
  const std::shared_ptr<Connection> connection_;
  const std::unique_ptr<SubmitWire> wire_;
  absl::Notification open_;
  absl::Notification ended_;
  absl::Status status_;
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_EXERCISE_H_
