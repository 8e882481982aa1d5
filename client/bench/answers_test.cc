#include "client/bench/answers.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/v1/submission.pb.h"

namespace muster::bench {
namespace {

v1::StreamSubmitResponse EveryKindOfAnswer() {
  v1::StreamSubmitResponse response;
  const auto add = [&](const char* id) {
    v1::SubmissionAnswer* answer = response.add_results();
    answer->set_submission_id(id);
    return answer;
  };
  v1::Outcome* accepted = add("accepted")->mutable_outcome();
  accepted->mutable_accepted()->mutable_deconfliction()->set_verdict(v1::DECONFLICTION_VERDICT_CLEAR);
  accepted->set_submission_id("accepted");
  accepted->set_cursor("cursor");
  add("empty")->mutable_outcome()->mutable_accepted();
  add("recorded before")->mutable_outcome()->mutable_accepted()->set_already_recorded(true);
  v1::Outcome* repeat = add("repeat")->mutable_outcome();
  repeat->mutable_accepted();
  repeat->set_repeat(true);
  add("rejected")->mutable_outcome()->mutable_rejected()->set_message("no");
  add("refused")->mutable_refusal()->set_code(8);
  add("saved")->mutable_outcome()->mutable_saved_here()->set_outbox_number(1);
  add("nothing");
  return response;
}

TEST(AnswersTest, OnlyWhatIsAcceptedForTheFirstTimeIsNew) {
  std::vector<std::string> is_new;
  std::vector<std::string> is_not;
  const std::string message = EveryKindOfAnswer().SerializeAsString();
  EXPECT_TRUE(ForEachAnswer(
      message, [&](const Answer& answer) { (answer.is_new ? is_new : is_not).emplace_back(answer.submission_id); }));
  EXPECT_THAT(is_new, testing::ElementsAre("accepted", "empty"));
  EXPECT_THAT(is_not, testing::ElementsAre("recorded before", "repeat", "rejected", "refused", "saved", "nothing"));
}

TEST(AnswersTest, WhatWasAcceptedCanBeParsed) {
  const std::string message = EveryKindOfAnswer().SerializeAsString();
  ForEachAnswer(message, [&](const Answer& answer) {
    if (answer.submission_id != "accepted") return;
    v1::Accepted accepted;
    EXPECT_TRUE(accepted.ParseFromArray(answer.accepted.data(), static_cast<int>(answer.accepted.size())));
    EXPECT_EQ(accepted.deconfliction().verdict(), v1::DECONFLICTION_VERDICT_CLEAR);
  });
}

TEST(AnswersTest, ACutMessageIsNeverTakenForAWholeOne) {
  v1::StreamSubmitResponse response;
  v1::Outcome* outcome = response.add_results()->mutable_outcome();
  outcome->mutable_accepted()->set_plan_version(7);
  outcome->set_cursor("0123456789abcdef");
  const std::string message = response.SerializeAsString();
  for (size_t size = 1; size < message.size(); ++size) {
    EXPECT_FALSE(ForEachAnswer(absl::string_view(message).substr(0, size), [](const Answer&) {})) << size;
  }
}

TEST(AnswersTest, DeliveriesTellTheirCursorsAndTheEntryThatTheyAreAbout) {
  v1::SubscribeResponse response;
  response.set_caught_up(true);
  v1::Delivery* tally = response.add_deliveries();
  tally->set_cursor("2");
  tally->set_previous_cursor("1");
  tally->mutable_notice()->set_operation_id("bench-1");
  tally->mutable_notice()->mutable_tally_entry()->mutable_entry()->set_entry_id("entry");
  v1::Delivery* plan = response.add_deliveries();
  plan->set_cursor("3");
  plan->mutable_notice()->mutable_plan()->set_version(2);
  std::vector<std::string> cursors;
  std::vector<std::string> entries;
  bool caught_up = false;
  const std::string message = response.SerializeAsString();
  EXPECT_TRUE(ForEachDelivery(message, &caught_up, [&](const DeliveryView& delivery) {
    cursors.emplace_back(delivery.cursor);
    entries.emplace_back(EntryIdOf(delivery.notice));
    EXPECT_EQ(IsAbout(delivery.notice, v1::Notice::kPlanFieldNumber), delivery.cursor == "3");
  }));
  EXPECT_TRUE(caught_up);
  EXPECT_THAT(cursors, testing::ElementsAre("2", "3"));
  EXPECT_THAT(entries, testing::ElementsAre("entry", ""));
}

TEST(CursorChainTest, ADeliveryThatDoesNotFollowTheOneBeforeItIsAGap) {
  CursorChain chain;
  chain.Take({.cursor = "5", .previous_cursor = "4", .notice = ""});
  chain.Take({.cursor = "6", .previous_cursor = "5", .notice = ""});
  EXPECT_EQ(chain.gaps(), 0u);
  chain.Take({.cursor = "8", .previous_cursor = "7", .notice = ""});
  EXPECT_EQ(chain.gaps(), 1u);
  chain.Take({.cursor = "8", .previous_cursor = "7", .notice = ""});
  EXPECT_EQ(chain.gaps(), 2u);
  chain.Take({.cursor = "9", .previous_cursor = "8", .notice = ""});
  EXPECT_EQ(chain.gaps(), 2u);
}

}  // namespace
}  // namespace muster::bench
