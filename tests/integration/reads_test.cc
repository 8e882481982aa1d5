// Reads: of one's own writes, and in pages.
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/lib/subscription.h"
#include "gtest/gtest.h"
#include "server/state/cursor.h"
#include "tests/integration/exercise.h"

namespace muster {
namespace {

class Reads : public IntegrationTest {
 protected:
  void SetUp() override {
    IntegrationTest::SetUp();
    if (!HasFatalFailure()) SetUpExercise();
  }

  // Every item of a list, one page after the other. Fails the test when a page holds more than was asked for.
  template <typename Request, typename Call, typename Items>
  std::vector<std::string> ReadAll(Request request, uint32_t page_size, const Call& call, const Items& items) {
    std::vector<std::string> all;
    request.mutable_page()->set_page_size(page_size);
    for (int pages = 0; pages < 1000; ++pages) {
      const auto answer = call(request);
      EXPECT_TRUE(answer.ok()) << answer.status();
      if (!answer.ok()) return all;
      EXPECT_LE(items(*answer).size(), static_cast<int>(page_size));
      for (const auto& item : items(*answer)) all.push_back(item.SerializeAsString());
      if (answer->next_page_token().empty()) return all;
      request.mutable_page()->set_page_token(answer->next_page_token());
    }
    ADD_FAILURE() << "the pages have no end";
    return all;
  }

  template <typename Request, typename Call, typename Items>
  void ExpectSameInPagesOfOne(const Request& request, size_t expected, const Call& call, const Items& items) {
    const std::vector<std::string> at_once = ReadAll(request, 1000, call, items);
    EXPECT_EQ(at_once.size(), expected);
    EXPECT_EQ(ReadAll(request, 1, call, items), at_once);
    EXPECT_EQ(ReadAll(request, 2, call, items), at_once);
  }
};

TEST_F(Reads, AtLeastOnesOwnCursorContainsOnesOwnWrite) {
  for (uint64_t i = 1; i <= 20; ++i) {
    const v1::Outcome outcome = Accept(As(kKentucky), KentuckyTally(i));
    ASSERT_FALSE(outcome.cursor().empty());
    v1::ListTallyEntriesRequest list;
    list.set_operation_id(kTestOperation);
    list.mutable_read()->set_at_least_cursor(outcome.cursor());
    const auto answer = As(kKentucky).ListTallyEntries(list);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->entries_size(), static_cast<int>(i));
    EXPECT_GE(answer->cursor(), outcome.cursor());
  }
}

TEST_F(Reads, AtLeastACursorThatIsYetToComeIsUnavailable) {
  const auto position = As(kKentucky).GetFeedCursor();
  ASSERT_TRUE(position.ok()) << position.status();
  v1::GetOperationRequest request;
  request.set_operation_id(kTestOperation);
  std::string cursor = position->cursor();
  cursor.back() = static_cast<char>(cursor.back() + 1);
  request.mutable_read()->set_at_least_cursor(cursor);
  const std::shared_ptr<grpc::Channel> channel = ChannelWith(broker_, OperatorOf(kKentucky));
  const auto ask = [&] {
    return CallWire(channel, "muster.v1.OperationService/GetOperation", {request.SerializeAsString()}).status;
  };
  const absl::Status early = ask();
  EXPECT_EQ(early.code(), absl::StatusCode::kUnavailable) << early;
  EXPECT_EQ(ReasonOf(early), v1::ERROR_REASON_BEHIND_CURSOR);
  Accept(As(kKentucky), KentuckyTally(1));
  EXPECT_TRUE(ask().ok());
}

TEST_F(Reads, AMangledCursorOrPageTokenIsMalformed) {
  v1::ListTallyEntriesRequest request;
  request.set_operation_id(kTestOperation);
  request.mutable_read()->set_at_least_cursor("not a cursor");
  EXPECT_EQ(As(kKentucky).ListTallyEntries(request).status().code(), absl::StatusCode::kInvalidArgument);
  request.clear_read();
  for (const char* token : {"xyz", "abc", "../../etc"}) {
    request.mutable_page()->set_page_token(token);
    EXPECT_EQ(As(kKentucky).ListTallyEntries(request).status().code(), absl::StatusCode::kInvalidArgument) << token;
  }
}

TEST_F(Reads, PagesOfOneGiveTheSameItemsAsOnePage) {
  for (uint64_t i = 1; i <= 7; ++i) Accept(As(kKentucky), KentuckyTally(i));
  Accept(As(kDakota), DakotaTally(50));
  for (int i = 0; i < 4; ++i) Accept(As(kLead), CreateOperation({}, absl::StrCat("another-", i)));
  Client& lead = As(kLead);
  ExpectSameInPagesOfOne(
      v1::ListAgenciesRequest(), 5, [&](const auto& request) { return lead.ListAgencies(request); },
      [](const auto& answer) -> const auto& { return answer.agencies(); });
  ExpectSameInPagesOfOne(
      v1::ListOperationsRequest(), 5, [&](const auto& request) { return lead.ListOperations(request); },
      [](const auto& answer) -> const auto& { return answer.operations(); });
  v1::ListTallyEntriesRequest entries;
  entries.set_operation_id(kTestOperation);
  const auto list_entries = [](Client& client) {
    return [&client](const auto& request) { return client.ListTallyEntries(request); };
  };
  const auto entries_of = [](const auto& answer) -> const auto& { return answer.entries(); };
  ExpectSameInPagesOfOne(entries, 8, list_entries(lead), entries_of);
  ExpectSameInPagesOfOne(entries, 7, list_entries(As(kKentucky)), entries_of);
  v1::ListAcknowledgementsRequest acknowledgements;
  acknowledgements.set_operation_id(kTestOperation);
  ExpectSameInPagesOfOne(
      acknowledgements, 2, [&](const auto& request) { return lead.ListAcknowledgements(request); },
      [](const auto& answer) -> const auto& { return answer.acknowledgements(); });
}

// Who is connected: the lead is told of all, a participant of itself alone.
TEST_F(Reads, PresenceTellsWhoHasAFeedOpenToThoseWhoSeeTheRoster) {
  v1::ListPresenceRequest request;
  request.set_operation_id(kTestOperation);
  const auto presence_of = [&](absl::string_view viewer, absl::string_view agency_id) {
    std::optional<v1::Presence> found;
    const auto answer = As(viewer).ListPresence(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    for (const v1::Presence& one : answer->presence()) {
      if (one.agency_id() == agency_id) found = one;
    }
    return found;
  };
  EXPECT_EQ(presence_of(kLead, kKentucky)->open_feeds(), 0);
  {
    Subscription feed(As(kKentucky).connection(), {});
    ASSERT_TRUE(feed.Next(absl::Seconds(30)).ok());
    const std::optional<v1::Presence> connected = presence_of(kLead, kKentucky);
    EXPECT_EQ(connected->open_feeds(), 1);
    EXPECT_TRUE(connected->has_connected_since());
    EXPECT_EQ(presence_of(kKentucky, kKentucky)->open_feeds(), 1);
    EXPECT_FALSE(presence_of(kKentucky, kLead).has_value());
  }
  std::optional<v1::Presence> gone;
  do {
    gone = presence_of(kLead, kKentucky);
  } while (gone->open_feeds() > 0);
  EXPECT_FALSE(gone->has_connected_since());
  EXPECT_TRUE(gone->has_last_heard_at());
}

TEST_F(Reads, APlanIsReadPublishedAcknowledgedAndAmendedOverTheWire) {
  v1::GetPlanRequest request;
  request.set_operation_id(kTestOperation);
  const auto plan = As(kKentucky).GetPlan(request);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->plan().sections_size(), 2);
  Accept(As(kKentucky), AcknowledgePlan(plan->plan()));
  Accept(As(kLead), AmendPlan(1, v1::SECTION_CHANGE_MATERIAL, {MakeSection("situation", "Anew.")}));
  const auto old = As(kKentucky).AcknowledgePlan(AcknowledgePlan(plan->plan()).acknowledge_plan());
  EXPECT_EQ(old.status().code(), absl::StatusCode::kAborted) << old.status();
  EXPECT_EQ(ReasonOf(old.status()), v1::ERROR_REASON_STALE_PLAN_VERSION);
}

}  // namespace
}  // namespace muster
