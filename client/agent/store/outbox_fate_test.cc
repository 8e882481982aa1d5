// What becomes of items that brokers know otherwise than this outbox does, and that people drop or retry.
#include "client/agent/store/outbox.h"

#include <gtest/gtest.h>

#include "client/agent/store/testing/outbox_fixture.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/uuid.h"

namespace muster::agent {
namespace {

using muster::v1::Submission;

class OutboxFateTest : public OutboxFixture {};

// ---- Numbers that brokers know for something else ----

TEST_F(OutboxFateTest, ATakenNumberMovesWhatIsUndecidedFromThereOnToANewOutbox) {
  const std::vector<std::string> ids = SaveNew(5);
  Take({Accepted(ids[0]), Accepted(ids[3])});
  const std::string old_id = outbox().outbox_id();
  Take({Objected(ids[2], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN)}, TestTime(60));
  EXPECT_NE(outbox().outbox_id(), old_id);
  Reopen();
  const std::vector<Submission> due = ToSend();
  ASSERT_EQ(due.size(), 3u);
  EXPECT_EQ(due[0].submission_id(), ids[1]);
  EXPECT_EQ(due[0].outbox_number().outbox_id(), old_id);
  EXPECT_EQ(due[0].outbox_number().number(), 2u);
  EXPECT_EQ(due[1].submission_id(), ids[2]);
  EXPECT_EQ(due[1].outbox_number().outbox_id(), outbox().outbox_id());
  EXPECT_EQ(due[1].outbox_number().number(), 1u);
  EXPECT_EQ(due[2].submission_id(), ids[4]);
  EXPECT_EQ(due[2].outbox_number().number(), 2u);
  EXPECT_EQ(Get(3).submission_id(), ids[2]);  // For people its number is what it was.
}

TEST_F(OutboxFateTest, AGapBeforeWhichNothingIsToBeSentIsMendedByANewOutbox) {
  const std::vector<std::string> ids = SaveNew(3);
  Take({Accepted(ids[0])});
  const std::string old_id = outbox().outbox_id();
  const auto gap = [](const std::string& id) { return Objected(id, muster::v1::ERROR_REASON_OUTBOX_GAP); };
  Take({gap(ids[1]), gap(ids[2])});
  EXPECT_EQ(outbox().outbox_id(), old_id);  // It may be an old answer.
  Take({gap(ids[1]), gap(ids[2])});
  EXPECT_NE(outbox().outbox_id(), old_id);
  EXPECT_EQ(NumbersToSend(), (std::vector<uint64_t>{1, 2}));
  EXPECT_EQ(ToSend()[0].submission_id(), ids[1]);
}

TEST_F(OutboxFateTest, AGapBehindWhatIsStillToBeSentChangesNothing) {
  const std::vector<std::string> ids = SaveNew(3);
  const std::string old_id = outbox().outbox_id();
  for (int i = 0; i < 5; ++i) Take({Objected(ids[1], muster::v1::ERROR_REASON_OUTBOX_GAP)});
  EXPECT_EQ(outbox().outbox_id(), old_id);
}

TEST_F(OutboxFateTest, AGapThatIsClosedInBetweenIsForgotten) {
  const std::vector<std::string> ids = SaveNew(3);
  const std::string old_id = outbox().outbox_id();
  Take({Accepted(ids[0]), Objected(ids[1], muster::v1::ERROR_REASON_OUTBOX_GAP)});
  Take({Objected(ids[1], muster::v1::ERROR_REASON_OUTBOX_GAP)});
  Take({Accepted(ids[2])});
  Take({Objected(ids[1], muster::v1::ERROR_REASON_OUTBOX_GAP)});
  EXPECT_EQ(outbox().outbox_id(), old_id);
}

TEST_F(OutboxFateTest, NothingFromATakenNumberOnIsEverConfirmedInTheOldOutbox) {
  const std::vector<std::string> ids = SaveNew(5);
  Take({Accepted(ids[3])});
  Take({Objected(ids[2], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN)});
  Take({Accepted(ids[0]), Accepted(ids[2]), Accepted(ids[4])});
  ASSERT_EQ(ToSend().size(), 1u);
  EXPECT_EQ(ToSend()[0].outbox_number().confirmed_through(), 1u);
}

TEST_F(OutboxFateTest, NewItemsAfterARenumberingFollowInTheNewOutbox) {
  const std::vector<std::string> ids = SaveNew(2);
  Take({Objected(ids[0], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN)});
  SaveNew(1);
  const std::vector<Submission> due = ToSend();
  ASSERT_EQ(due.size(), 3u);
  EXPECT_EQ(due[2].outbox_number().outbox_id(), outbox().outbox_id());
  EXPECT_EQ(due[2].outbox_number().number(), 3u);
  EXPECT_EQ(Get(3).number(), 3u);
}

TEST_F(OutboxFateTest, ANewOutboxsNumbersAreNotUsedAgainThoughAllItsItemsWereRemoved) {
  const std::vector<std::string> ids = SaveNew(2);
  Take({Accepted(ids[1])});  // The last item stays in the old outbox.
  Take({Objected(ids[0], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN)});
  Take({Accepted(ids[0])});
  ASSERT_TRUE(store_->Maintain(TestTime(1000)).ok());
  Save(NewSubmission("later", "op-1", TestTime(100)));
  ASSERT_EQ(ToSend().size(), 1u);
  EXPECT_EQ(ToSend()[0].outbox_number().number(), 2u);
  EXPECT_EQ(ToSend()[0].outbox_number().confirmed_through(), 1u);
}

TEST_F(OutboxFateTest, ManyTakenNumbersInOneAnswerMakeOneNewOutbox) {
  const std::vector<std::string> ids = SaveNew(3);
  const auto taken = [](const std::string& id) { return Objected(id, muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN); };
  Take({taken(ids[0]), taken(ids[1]), taken(ids[2])});
  EXPECT_EQ(NumbersToSend(), (std::vector<uint64_t>{1, 2, 3}));
}

TEST_F(OutboxFateTest, AWithdrawalIsMovedToTheNewOutboxToo) {
  const std::vector<std::string> ids = SaveNew(2);
  ASSERT_TRUE(outbox().Drop(ByNumber(2), "not needed", TestTime()).ok());
  Take({Objected(ids[0], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN)});
  EXPECT_TRUE(ToSend()[1].has_withdraw_submission());
  EXPECT_EQ(ToSend()[1].outbox_number().outbox_id(), outbox().outbox_id());
}

// ---- Held ----

TEST_F(OutboxFateTest, WhatWasSavedSinceTheStoreWasOpenedIsNewWhateverItsNumberWasUsedForBefore) {
  SaveNew(1);
  Reopen();
  const std::string outbox_id = outbox().outbox_id();
  const std::vector<std::string> ids = SaveNew(2);
  Take({Objected(ids[0], muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD)});
  EXPECT_NE(outbox().outbox_id(), outbox_id);
  ASSERT_EQ(ToSend().size(), 3u);
  EXPECT_EQ(ToSend()[1].submission_id(), ids[0]);
  EXPECT_EQ(ToSend()[1].outbox_number().number(), 1u);
  EXPECT_EQ(ToSend()[2].outbox_number().number(), 2u);
}

TEST_F(OutboxFateTest, WhatTheBrokerHasForgottenIsHeldForAPerson) {
  const std::vector<std::string> ids = SaveNew(2);
  Reopen();  // Another process may have sent them, from this store as it was before it was restored.
  Take({Objected(ids[0], muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD)});
  Reopen();
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_EQ(Get(1).refusal().reason(), muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD);
  EXPECT_EQ(NumbersToSend(), (std::vector<uint64_t>{2}));
  EXPECT_EQ(outbox().Counts()->saved_here(), 2u);
}

TEST_F(OutboxFateTest, AHeldItemDoesNotHoldUpConfirmations) {
  const std::vector<std::string> ids = SaveNew(3);
  Reopen();  // Another process may have sent them, from this store as it was before it was restored.
  Take({Objected(ids[0], muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD), Accepted(ids[1])});
  EXPECT_EQ(ToSend()[0].outbox_number().confirmed_through(), 2u);
}

TEST_F(OutboxFateTest, AHeldItemThatIsDroppedIsDroppedAtOnce) {
  const std::vector<std::string> ids = SaveNew(1);
  Reopen();  // Another process may have sent them, from this store as it was before it was restored.
  Take({Objected(ids[0], muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD)});
  const auto dropped = outbox().Drop(ByNumber(1), "it is there", TestTime(9));
  ASSERT_TRUE(dropped.ok()) << dropped.status();
  EXPECT_EQ(dropped->state(), v1::DELIVERY_STATE_DROPPED);
  EXPECT_TRUE(ToSend().empty());
}

TEST_F(OutboxFateTest, AHeldItemThatIsRetriedIsSentAnewUnderAnotherId) {
  const std::vector<std::string> ids = SaveNew(1);
  Reopen();  // Another process may have sent them, from this store as it was before it was restored.
  Take({Objected(ids[0], muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD)});
  const auto made = outbox().Retry(ByNumber(1), TestTime(9));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->number(), 2u);
  EXPECT_NE(made->submission_id(), ids[0]);
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_DROPPED);
  EXPECT_EQ(Get(1).retried_as(), 2u);
  EXPECT_EQ(NumbersToSend(), (std::vector<uint64_t>{2}));
}

TEST_F(OutboxFateTest, ADroppedItemThatTheBrokerHasForgottenIsHeldTooUntilItIsDroppedAgain) {
  const std::vector<std::string> ids = SaveNew(1);
  Reopen();  // Another process may have sent them, from this store as it was before it was restored.
  ASSERT_TRUE(outbox().Drop(ByNumber(1), "not needed", TestTime()).ok());
  Take({Objected(ids[0], muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_TRUE(ToSend().empty());
  ASSERT_TRUE(outbox().Drop(ByNumber(1), "it is not there", TestTime()).ok());
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_DROPPED);
  EXPECT_EQ(Get(1).drop_reason(), "it is not there");
}

// ---- Drop and Retry ----

TEST_F(OutboxFateTest, ADroppedItemIsSavedHereUntilTheBrokerHasAnswered) {
  const std::vector<std::string> ids = SaveNew(1);
  const auto item = outbox().Drop(ById(ids[0]), "not needed", TestTime());
  ASSERT_TRUE(item.ok()) << item.status();
  EXPECT_EQ(item->state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_EQ(item->drop_reason(), "not needed");
  ASSERT_EQ(ToSend().size(), 1u);
  EXPECT_EQ(ToSend()[0].withdraw_submission().reason(), "not needed");
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_WITHDRAWN)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_DROPPED);
}

TEST_F(OutboxFateTest, ADroppedItemThatHadBeenRejectedIsRejected) {
  const std::vector<std::string> ids = SaveNew(1);
  ASSERT_TRUE(outbox().Drop(ByNumber(1), "not needed", TestTime()).ok());
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_WRONG_PHASE)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_REJECTED);
}

TEST_F(OutboxFateTest, WhatIsDecidedCannotBeDropped) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Accepted(ids[0])});
  EXPECT_TRUE(absl::IsFailedPrecondition(outbox().Drop(ByNumber(1), "not needed", TestTime()).status()));
}

TEST_F(OutboxFateTest, ADropNeedsAReasonThatBrokersTake) {
  SaveNew(1);
  for (const std::string& reason : {std::string(), std::string("two\nlines"), std::string(501, 'x')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(outbox().Drop(ByNumber(1), reason, TestTime()).status()));
  }
  EXPECT_TRUE(ToSend().front().has_call_hold());
}

TEST_F(OutboxFateTest, ARejectedOrDroppedItemIsRetriedUnderANewId) {
  const std::vector<std::string> ids = SaveNew(2);
  ASSERT_TRUE(outbox().Drop(ByNumber(2), "not needed", TestTime()).ok());
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_WRONG_PHASE), Rejected(ids[1], muster::v1::ERROR_REASON_WITHDRAWN)});
  for (const uint64_t number : {1, 2}) {
    const auto made = outbox().Retry(ByNumber(number), TestTime(9));
    ASSERT_TRUE(made.ok()) << made.status();
    EXPECT_EQ(made->number(), number + 2);
    EXPECT_EQ(made->state(), v1::DELIVERY_STATE_SAVED_HERE);
    EXPECT_NE(made->submission_id(), ids[number - 1]);
    EXPECT_EQ(Get(number).retried_as(), number + 2);
    EXPECT_EQ(Get(made->number()).submission().call_hold().SerializeAsString(),
              Get(number).submission().call_hold().SerializeAsString());
  }
}

TEST_F(OutboxFateTest, RetryingTwiceMakesOneNewItem) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_WRONG_PHASE)});
  ASSERT_EQ(outbox().Retry(ByNumber(1), TestTime(9))->number(), 2u);
  EXPECT_EQ(outbox().Retry(ByNumber(1), TestTime(10))->number(), 2u);
  EXPECT_EQ(outbox().List({}, 0, 10)->size(), 2u);
}

TEST_F(OutboxFateTest, RetryingWhatWaitsReturnsItAndWhatIsAcceptedIsRefused) {
  const std::vector<std::string> ids = SaveNew(2);
  Take({Accepted(ids[0])});
  EXPECT_TRUE(absl::IsFailedPrecondition(outbox().Retry(ByNumber(1), TestTime()).status()));
  EXPECT_EQ(outbox().Retry(ByNumber(2), TestTime())->number(), 2u);
  EXPECT_EQ(outbox().List({}, 0, 10)->size(), 2u);
}

TEST_F(OutboxFateTest, ANameThatIsNoneIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(outbox().Get(ByNumber(1)).status()));
  EXPECT_TRUE(absl::IsNotFound(outbox().Get(ById(NewUuidV7(TestTime()))).status()));
  EXPECT_TRUE(absl::IsNotFound(outbox().Get(v1::OutboxItemName()).status()));
  EXPECT_TRUE(absl::IsNotFound(outbox().Drop(ByNumber(1), "not needed", TestTime()).status()));
  EXPECT_TRUE(absl::IsNotFound(outbox().Retry(ByNumber(1), TestTime()).status()));
}

}  // namespace
}  // namespace muster::agent
