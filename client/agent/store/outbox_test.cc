#include "client/agent/store/outbox.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/agent/store/testing/outbox_fixture.h"
#include "client/agent/store/testing/store_folder.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/testing/test_messages.h"
#include "common/uuid.h"
#include "common/validation.h"

namespace muster::agent {
namespace {

using muster::v1::Submission;

class OutboxTest : public OutboxFixture {};

// ---- Save ----

TEST_F(OutboxTest, ASavedItemIsThereAfterARestart) {
  const Submission submission = NewSubmission("smoke seen", "op-7");
  Save(submission, TestTime(5));
  Reopen();
  const v1::OutboxItem item = Get(1);
  EXPECT_EQ(item.number(), 1u);
  EXPECT_EQ(item.submission_id(), submission.submission_id());
  EXPECT_EQ(item.kind(), "call_hold");
  EXPECT_EQ(item.operation_id(), "op-7");
  EXPECT_EQ(item.state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_EQ(FromProto(item.saved_at()), TestTime(5));
  EXPECT_EQ(FromProto(item.state_at()), TestTime(5));
  EXPECT_EQ(item.submission().SerializeAsString(), submission.SerializeAsString());
}

TEST_F(OutboxTest, NumbersCountFromOneWithoutGaps) {
  SaveNew(2);
  Reopen();
  SaveNew(2);
  EXPECT_EQ(NumbersToSend(), (std::vector<uint64_t>{1, 2, 3, 4}));
}

TEST_F(OutboxTest, ARepeatReturnsTheItemAsItStands) {
  const Submission submission = NewSubmission();
  Save(submission);
  Take({Accepted(submission.submission_id())});
  const v1::OutboxItem again = Save(submission, TestTime(50));
  EXPECT_EQ(again.number(), 1u);
  EXPECT_EQ(again.state(), v1::DELIVERY_STATE_ACCEPTED);
  EXPECT_EQ(FromProto(again.saved_at()), TestTime());
  EXPECT_EQ(outbox().List({}, 0, 10)->size(), 1u);
}

TEST_F(OutboxTest, TheSameIdWithAnotherBodyIsRefused) {
  Submission submission = NewSubmission("smoke");
  Save(submission);
  submission.mutable_call_hold()->set_reason("fire");
  const absl::Status status = outbox().Save(submission, TestTime()).status();
  EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
  EXPECT_EQ(RejectedOf(status).reason(), muster::v1::ERROR_REASON_SUBMISSION_ID_REUSED);
  EXPECT_EQ(outbox().List({}, 0, 10)->size(), 1u);
}

TEST_F(OutboxTest, ACallersOutboxNumberIsReplacedAndMakesNoOtherBody) {
  Submission submission = NewSubmission();
  submission.mutable_outbox_number()->set_outbox_id("somebody else's");
  submission.mutable_outbox_number()->set_number(99);
  Save(submission);
  submission.mutable_outbox_number()->set_number(100);
  EXPECT_EQ(Save(submission).number(), 1u);
  EXPECT_EQ(ToSend().front().outbox_number().outbox_id(), outbox().outbox_id());
  EXPECT_EQ(ToSend().front().outbox_number().number(), 1u);
}

TEST_F(OutboxTest, EveryKindOfSubmissionIsKeptWithItsKindAndOperation) {
  for (Submission submission : ValidSubmissionOfEveryBody()) {
    submission.set_submission_id(NewUuidV7(TestTime()));
    const v1::OutboxItem item = Save(submission);
    EXPECT_FALSE(item.kind().empty());
    EXPECT_EQ(item.operation_id().empty(), submission.DebugString().find("operation_id:") == std::string::npos)
        << submission.DebugString();
    submission.clear_outbox_number();
    EXPECT_EQ(Get(item.number()).submission().SerializeAsString(), submission.SerializeAsString());
  }
}

TEST_F(OutboxTest, TheOutboxIdIsAUuidThatStays) {
  EXPECT_TRUE(IsUuidV7(outbox().outbox_id()));
  const std::string before = outbox().outbox_id();
  Reopen();
  EXPECT_EQ(outbox().outbox_id(), before);
  StoreFolder other;
  EXPECT_NE(other.Open()->outbox().outbox_id(), before);
}

// ---- ToSend ----

TEST_F(OutboxTest, WhatIsUndecidedIsToBeSentInOrder) {
  const std::vector<std::string> ids = SaveNew(4);
  Take({Accepted(ids[1])});
  EXPECT_EQ(NumbersToSend(), (std::vector<uint64_t>{1, 3, 4}));
  EXPECT_EQ(ToSend(1).front().submission_id(), ids[2]);
  EXPECT_EQ(ToSend(0, 2).size(), 2u);
}

TEST_F(OutboxTest, WhatIsToBeSentNamesTheItemAlsoAfterARenumbering) {
  const std::vector<std::string> ids = SaveNew(3);
  Take({Accepted(ids[0]), Objected(ids[1], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN)});
  const auto due = outbox().ToSend(0, 10);
  ASSERT_TRUE(due.ok() && due->size() == 2);
  EXPECT_EQ((*due)[0].number, 2u);
  EXPECT_EQ((*due)[1].number, 3u);
  EXPECT_EQ((*due)[0].submission.outbox_number().number(), 1u);
  EXPECT_EQ(outbox().ToSend(2, 10)->size(), 1u);
}

TEST_F(OutboxTest, ConfirmsOnlyWhatIsSettledWithoutAGap) {
  const std::vector<std::string> ids = SaveNew(5);
  EXPECT_EQ(ToSend().front().outbox_number().confirmed_through(), 0u);
  Take({Accepted(ids[0]), Accepted(ids[2])});
  for (const Submission& submission : ToSend()) EXPECT_EQ(submission.outbox_number().confirmed_through(), 1u);
  Take({Rejected(ids[1], muster::v1::ERROR_REASON_WRONG_PHASE)});
  for (const Submission& submission : ToSend()) EXPECT_EQ(submission.outbox_number().confirmed_through(), 3u);
}

TEST_F(OutboxTest, SendsAboutOneMebibyteAtATime) {
  for (int i = 0; i < 4; ++i) Save(NewSubmission(std::string(400000, 'x')));
  EXPECT_EQ(ToSend().size(), 2u);
  Save(NewSubmission(std::string(3 << 20, 'x')));
  EXPECT_EQ(ToSend(4).size(), 1u);
}

// ---- Take ----

TEST_F(OutboxTest, AnAcceptedItemIsSettledWithItsOutcome) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Accepted(ids[0])}, TestTime(9));
  Reopen();
  const v1::OutboxItem item = Get(1);
  EXPECT_EQ(item.state(), v1::DELIVERY_STATE_ACCEPTED);
  EXPECT_EQ(FromProto(item.state_at()), TestTime(9));
  EXPECT_EQ(item.outcome().cursor(), CursorAt(7));
  EXPECT_TRUE(ToSend().empty());
}

TEST_F(OutboxTest, ADecisionAgainstItSettlesAnItem) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_STALE_PLAN_VERSION)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_REJECTED);
  EXPECT_EQ(Get(1).outcome().rejected().reason(), muster::v1::ERROR_REASON_STALE_PLAN_VERSION);
  EXPECT_TRUE(ToSend().empty());
}

TEST_F(OutboxTest, LimitReachedIsADecisionOnlyWhenItWasDecided) {
  const std::vector<std::string> ids = SaveNew(2);
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_LIMIT_REACHED),
        Objected(ids[1], muster::v1::ERROR_REASON_LIMIT_REACHED)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_REJECTED);
  EXPECT_EQ(Get(2).state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_FALSE(Get(2).has_refusal());
}

TEST_F(OutboxTest, WhatDecidesNothingChangesNothing) {
  const std::vector<std::string> ids = SaveNew(1);
  const uint64_t revision = outbox().revision().now();
  muster::v1::SubmissionAnswer saved_here;
  saved_here.set_submission_id(ids[0]);
  saved_here.mutable_outcome()->mutable_saved_here();
  muster::v1::SubmissionAnswer empty;
  empty.set_submission_id(ids[0]);
  Take({saved_here, empty, Objected(ids[0], muster::v1::ERROR_REASON_OUTBOX_GAP)});
  for (const muster::v1::ErrorReason reason :
       {muster::v1::ERROR_REASON_QUEUE_FULL, muster::v1::ERROR_REASON_STORAGE_FULL, muster::v1::ERROR_REASON_DRAINING,
        muster::v1::ERROR_REASON_FATE_UNKNOWN, muster::v1::ERROR_REASON_AGENCY_SUSPENDED,
        muster::v1::ERROR_REASON_AGENCY_UNKNOWN, muster::v1::ERROR_REASON_CERTIFICATE_UNUSABLE,
        muster::v1::ERROR_REASON_CERTIFICATE_EXPIRED, muster::v1::ERROR_REASON_CERTIFICATE_REVOKED,
        muster::v1::ERROR_REASON_UNSPECIFIED}) {
    Take({Refused(ids[0], reason)});
    EXPECT_FALSE(Get(1).has_refusal()) << muster::v1::ErrorReason_Name(reason);
  }
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_TRUE(ToSend().front().has_call_hold());
  EXPECT_EQ(outbox().revision().now(), revision);
}

TEST_F(OutboxTest, AnAnswerAboutASettledOrUnknownItemChangesNothing) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Accepted(ids[0])});
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_WRONG_PHASE), Refused(ids[0], muster::v1::ERROR_REASON_NOT_PERMITTED),
        Objected(ids[0], muster::v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN), Accepted(NewUuidV7(TestTime()))});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_ACCEPTED);
  EXPECT_FALSE(Get(1).has_refusal());
}

TEST_F(OutboxTest, WhatIsRefusedForGoodIsToBeWithdrawn) {
  const std::vector<std::string> ids = SaveNew(2);
  Take({Refused(ids[0], muster::v1::ERROR_REASON_NOT_PERMITTED)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_SAVED_HERE);
  EXPECT_EQ(Get(1).refusal().reason(), muster::v1::ERROR_REASON_NOT_PERMITTED);
  Reopen();
  const std::vector<Submission> due = ToSend();
  ASSERT_EQ(due.size(), 2u);
  EXPECT_TRUE(due[0].has_withdraw_submission());
  EXPECT_EQ(due[0].submission_id(), ids[0]);
  EXPECT_EQ(due[0].outbox_number().number(), 1u);
  EXPECT_TRUE(due[1].has_call_hold());
}

TEST_F(OutboxTest, AWithdrawalIsAlwaysWellFormedWhateverTheRefusalSaid) {
  const std::vector<std::string> ids = SaveNew(1);
  muster::v1::SubmissionAnswer answer = Refused(ids[0], muster::v1::ERROR_REASON_MALFORMED);
  answer.mutable_refusal()->mutable_why()->set_message("several\nlines\x01" + std::string(5000, 'x'));
  Take({answer});
  const std::vector<Submission> due = ToSend();
  ASSERT_EQ(due.size(), 1u);
  EXPECT_TRUE(Validate(due[0]).ok()) << Validate(due[0]);
}

TEST_F(OutboxTest, ARefusedItemThatIsWithdrawnIsRejected) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Refused(ids[0], muster::v1::ERROR_REASON_NOT_PERMITTED)});
  Take({Rejected(ids[0], muster::v1::ERROR_REASON_WITHDRAWN)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_REJECTED);
  EXPECT_EQ(Get(1).refusal().reason(), muster::v1::ERROR_REASON_NOT_PERMITTED);
  EXPECT_TRUE(ToSend().empty());
}

TEST_F(OutboxTest, AWithdrawalAnsweredWithTheEarlierAcceptedOutcomeIsAccepted) {
  const std::vector<std::string> ids = SaveNew(2);
  Take({Refused(ids[0], muster::v1::ERROR_REASON_NOT_PERMITTED)});
  ASSERT_TRUE(outbox().Drop(ByNumber(2), "not needed", TestTime()).ok());
  Take({Accepted(ids[0]), Accepted(ids[1])});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_ACCEPTED);
  EXPECT_EQ(Get(2).state(), v1::DELIVERY_STATE_ACCEPTED);
}

TEST_F(OutboxTest, ASecondRefusalChangesNothing) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Refused(ids[0], muster::v1::ERROR_REASON_NOT_PERMITTED)});
  Take({Refused(ids[0], muster::v1::ERROR_REASON_MALFORMED)});
  EXPECT_EQ(Get(1).refusal().reason(), muster::v1::ERROR_REASON_NOT_PERMITTED);
}

TEST_F(OutboxTest, AnIdThatBrokersKnowForAnotherBodyIsRejectedAtOnce) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Objected(ids[0], muster::v1::ERROR_REASON_SUBMISSION_ID_REUSED)});
  EXPECT_EQ(Get(1).state(), v1::DELIVERY_STATE_REJECTED);
}

TEST_F(OutboxTest, TheDaemonsOwnRefusalIsToBeWithdrawnToo) {
  SaveNew(1);
  muster::v1::Rejected why;
  why.set_reason(muster::v1::ERROR_REASON_CLOCK_OFF);
  ASSERT_TRUE(outbox().Refuse(1, why, TestTime()).ok());
  EXPECT_EQ(Get(1).refusal().reason(), muster::v1::ERROR_REASON_CLOCK_OFF);
  EXPECT_TRUE(ToSend().front().has_withdraw_submission());
  ASSERT_TRUE(outbox().Refuse(99, why, TestTime()).ok());  // Nobody's.
}

// ---- Looking ----

TEST_F(OutboxTest, ListFiltersByStateAndPagesByNumber) {
  const std::vector<std::string> ids = SaveNew(4);
  Take({Accepted(ids[0]), Accepted(ids[2]), Rejected(ids[3], muster::v1::ERROR_REASON_WRONG_PHASE)});
  const auto numbers = [this](const std::vector<v1::DeliveryState>& states, uint64_t after, size_t count_max) {
    std::vector<uint64_t> found;
    const auto items = outbox().List(states, after, count_max);
    EXPECT_TRUE(items.ok()) << items.status();
    for (const v1::OutboxItem& item : *items) {
      EXPECT_FALSE(item.has_submission());
      found.push_back(item.number());
    }
    return found;
  };
  EXPECT_EQ(numbers({}, 0, 10), (std::vector<uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(numbers({}, 1, 2), (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(numbers({v1::DELIVERY_STATE_ACCEPTED}, 0, 10), (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(numbers({v1::DELIVERY_STATE_ACCEPTED}, 1, 10), (std::vector<uint64_t>{3}));
  EXPECT_EQ(numbers({v1::DELIVERY_STATE_ACCEPTED, v1::DELIVERY_STATE_REJECTED}, 0, 10),
            (std::vector<uint64_t>{1, 3, 4}));
  EXPECT_EQ(numbers({v1::DELIVERY_STATE_DROPPED}, 0, 10), (std::vector<uint64_t>{}));
}

TEST_F(OutboxTest, CountsSayHowManyStandHowAndSinceWhenTheOldestWaits) {
  EXPECT_FALSE(outbox().Counts()->has_oldest_saved_at());
  const std::vector<std::string> ids = SaveNew(3);
  Save(NewSubmission(), TestTime(30));
  ASSERT_TRUE(outbox().Drop(ByNumber(3), "not needed", TestTime()).ok());
  Take({Accepted(ids[0]), Rejected(ids[1], muster::v1::ERROR_REASON_WRONG_PHASE),
        Rejected(ids[2], muster::v1::ERROR_REASON_WITHDRAWN)});
  const auto counts = outbox().Counts();
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->saved_here(), 1u);
  EXPECT_EQ(counts->accepted(), 1u);
  EXPECT_EQ(counts->rejected(), 1u);
  EXPECT_EQ(counts->dropped(), 1u);
  EXPECT_EQ(FromProto(counts->oldest_saved_at()), TestTime(30));
}

TEST_F(OutboxTest, WhoHasSeenItIsKeptWithTheItem) {
  const std::vector<std::string> ids = SaveNew(1);
  Take({Accepted(ids[0])});
  v1::SeenBy seen;
  seen.set_seen(2);
  seen.set_of(5);
  ASSERT_TRUE(outbox().NoteSeen(1, seen).ok());
  const uint64_t revision = outbox().revision().now();
  ASSERT_TRUE(outbox().NoteSeen(1, seen).ok());
  EXPECT_EQ(outbox().revision().now(), revision);  // No news.
  ASSERT_TRUE(outbox().NoteSeen(99, seen).ok());
  Reopen();
  EXPECT_EQ(Get(1).seen().seen(), 2u);
  EXPECT_EQ(Get(1).seen().of(), 5u);
}

TEST_F(OutboxTest, EveryChangeOfAnItemIsTold) {
  uint64_t revision = outbox().revision().now();
  const auto moved_on = [&] {
    const uint64_t before = std::exchange(revision, outbox().revision().now());
    return revision != before;
  };
  const Submission submission = NewSubmission();
  Save(submission);
  EXPECT_TRUE(moved_on());
  Save(submission);
  EXPECT_FALSE(moved_on());
  ASSERT_TRUE(outbox().Drop(ByNumber(1), "not needed", TestTime()).ok());
  EXPECT_TRUE(moved_on());
  Take({Rejected(submission.submission_id(), muster::v1::ERROR_REASON_WITHDRAWN)});
  EXPECT_TRUE(moved_on());
  ASSERT_TRUE(outbox().Retry(ByNumber(1), TestTime()).ok());
  EXPECT_TRUE(moved_on());
}

// ---- Maintain ----

TEST_F(OutboxTest, MaintainRemovesOldSettledItemsAndNothingElse) {
  const std::vector<std::string> ids = SaveNew(5);
  Take({Accepted(ids[0])}, TestTime(10));
  Take({Accepted(ids[2]), Accepted(ids[4])}, TestTime(20));
  ASSERT_TRUE(store_->Maintain(TestTime(15)).ok());
  EXPECT_TRUE(absl::IsNotFound(outbox().Get(ByNumber(1)).status()));
  ASSERT_TRUE(store_->Maintain(TestTime(1000)).ok());
  EXPECT_TRUE(absl::IsNotFound(outbox().Get(ByNumber(3)).status()));
  EXPECT_EQ(outbox().List({}, 0, 10)->size(), 3u);  // Two undecided, and the last.
  EXPECT_EQ(outbox().Counts()->accepted(), 1u);
}

TEST_F(OutboxTest, NumbersGoOnAfterARemoval) {
  const std::vector<std::string> ids = SaveNew(3);
  Take({Accepted(ids[0]), Accepted(ids[1]), Accepted(ids[2])});
  ASSERT_TRUE(store_->Maintain(TestTime(1000)).ok());
  Reopen();
  Save(NewSubmission("later", "op-1", TestTime(100)));
  ASSERT_EQ(ToSend().size(), 1u);
  EXPECT_EQ(ToSend()[0].outbox_number().number(), 4u);
  EXPECT_EQ(ToSend()[0].outbox_number().confirmed_through(), 3u);
}

TEST_F(OutboxTest, ARepeatOfWhatWasRemovedIsRefusedAndNotSentAgain) {
  const Submission first = NewSubmission();
  Save(first);
  SaveNew(1);
  Take({Accepted(first.submission_id())});
  ASSERT_TRUE(store_->Maintain(TestTime(1000)).ok());
  Reopen();
  const absl::Status status = outbox().Save(first, TestTime(2000)).status();
  EXPECT_EQ(RejectedOf(status).reason(), muster::v1::ERROR_REASON_SUBMISSION_TOO_OLD) << status;
  EXPECT_EQ(outbox().List({}, 0, 10)->size(), 1u);
}

TEST_F(OutboxTest, AfterARemovalWithAClockFarAheadNewSubmissionsAreStillTaken) {
  const Submission first = NewSubmission();
  Save(first);
  SaveNew(1);
  Take({Accepted(first.submission_id())});
  ASSERT_TRUE(store_->Maintain(TestTime() + absl::Hours(24 * 3650)).ok());
  EXPECT_TRUE(outbox().Save(NewSubmission("later", "op-1", TestTime(100)), TestTime(100)).ok());
}

}  // namespace
}  // namespace muster::agent
