#include "server/state/deduplication.h"

#include "common/clock.h"
#include "common/error_reason.h"
#include "gtest/gtest.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

class DeduplicationTest : public ::testing::Test {
 protected:
  DeduplicationTest() { SetUpOperation(&world_); }

  v1::Submission Arrests(uint64_t id, uint32_t count = 1) {
    return RecordTally(MakeEntry(EntryId(id), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, count));
  }
  v1::Submission WithId(v1::Submission submission, absl::Time made_at, uint64_t salt = 77) {
    submission.set_submission_id(TestUuid(made_at, salt));
    return submission;
  }
  v1::Submission Numbered(v1::Submission submission, uint64_t number, uint64_t confirmed_through = 0) {
    submission.mutable_outbox_number()->set_outbox_id(TestUuid(world_.clock().Now(), 5));
    submission.mutable_outbox_number()->set_number(number);
    submission.mutable_outbox_number()->set_confirmed_through(confirmed_through);
    submission.set_submission_id(EntryId(1000 + number));
    return submission;
  }
  v1::Submission Withdrawal(uint64_t number) {
    v1::Submission submission;
    submission.mutable_withdraw_submission()->set_reason("entered twice");
    return Numbered(submission, number);
  }
  v1::ErrorReason ReasonOf(const v1::Submission& submission) {
    return world_.Submit("ky-ago", submission).rejected().reason();
  }
  // The state but for how many events it has seen.
  std::string Content() const {
    storage::v1::StateImage image = world_.state().ToImage();
    image.clear_sequence();
    image.clear_last_accepted_at();
    return EncodeDeterministically(image);
  }
  uint64_t ArrestTotal() const { return world_.TotalsFor("lead").arrests().confirmed(); }

  World world_;
};

TEST_F(DeduplicationTest, ARepeatGetsTheSameOutcomeAndChangesNothing) {
  const v1::Submission submission = WithId(Arrests(1), world_.clock().Now());
  const v1::Outcome first = world_.MustSubmit("ky-ago", submission);
  EXPECT_FALSE(first.repeat());
  const std::string content = Content();
  world_.clock().Advance(absl::Hours(1));
  v1::Outcome repeat = world_.Submit("ky-ago", submission);
  EXPECT_TRUE(repeat.repeat());
  EXPECT_TRUE(world_.last_applied().notices.empty());
  EXPECT_EQ(Content(), content);
  repeat.clear_repeat();
  EXPECT_EQ(repeat.SerializeAsString(), first.SerializeAsString());
}

TEST_F(DeduplicationTest, ARejectionIsRepeatedThoughItWouldNowBeAccepted) {
  const v1::Submission early = WithId(SetParticipant("newcomer", v1::ROLE_PARTICIPANT, {}), world_.clock().Now());
  EXPECT_EQ(world_.Submit("lead", early).rejected().reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
  world_.MustSubmit(kRegistrar, RegisterAgency("newcomer"));
  const v1::Outcome repeat = world_.Submit("lead", early);
  EXPECT_EQ(repeat.rejected().reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
  EXPECT_TRUE(repeat.repeat());
}

TEST_F(DeduplicationTest, TheSameIdWithAnotherBodyIsRefusedAndChangesNothing) {
  world_.MustSubmit("ky-ago", WithId(Arrests(1), world_.clock().Now()));
  const std::string content = Content();
  EXPECT_EQ(ReasonOf(WithId(Arrests(2), world_.clock().Now())), v1::ERROR_REASON_SUBMISSION_ID_REUSED);
  EXPECT_EQ(CodeFor(v1::ERROR_REASON_SUBMISSION_ID_REUSED), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Content(), content);
}

TEST_F(DeduplicationTest, AnotherAgencysSameIdIsIndependent) {
  world_.MustSubmit("ky-ago", WithId(Arrests(1), world_.clock().Now()));
  const v1::Outcome other = world_.MustSubmit(
      "nd-bci", WithId(RecordTally(MakeEntry(EntryId(2), "nd-bci", "nd-1", v1::TALLY_CATEGORY_ARREST_BUYER, 2)),
                       world_.clock().Now()));
  EXPECT_FALSE(other.repeat());
  EXPECT_EQ(ArrestTotal(), 3);
}

TEST_F(DeduplicationTest, AnIdIsRememberedForThirtyDaysAndThenRefusedNotApplied) {
  const v1::Submission submission = WithId(WithdrawPlan(1), world_.clock().Now());
  world_.MustSubmit("lead", submission);
  world_.clock().Advance(Deduplication::kRemember - absl::Milliseconds(1));
  EXPECT_TRUE(world_.Submit("lead", submission).repeat());
  world_.clock().Advance(absl::Milliseconds(1));
  EXPECT_EQ(world_.Submit("lead", submission).rejected().reason(), v1::ERROR_REASON_SUBMISSION_TOO_OLD);
}

TEST_F(DeduplicationTest, WhatIsTooOldToRepeatIsForgotten) {
  world_.MustSubmit("ky-ago", Arrests(1));
  EXPECT_GT(world_.state().ToImage().remembered_size(), 10);
  world_.clock().Advance(Deduplication::kRemember);
  world_.MustSubmit("ky-ago", Arrests(2));
  EXPECT_EQ(world_.state().ToImage().remembered_size(), 1);
}

TEST_F(DeduplicationTest, AnOldIdThatWasNeverDecidedIsRefusedToo) {
  EXPECT_EQ(ReasonOf(WithId(Arrests(1), world_.clock().Now() - Deduplication::kRemember)),
            v1::ERROR_REASON_SUBMISSION_TOO_OLD);
  EXPECT_EQ(ArrestTotal(), 0);
}

TEST_F(DeduplicationTest, AnIdFromTheFutureIsRefusedBeyondADayAndRememberedLongerWithinIt) {
  const absl::Time now = world_.clock().Now();
  EXPECT_EQ(ReasonOf(WithId(Arrests(1), now + Deduplication::kClockAheadMax + absl::Milliseconds(1), 1)),
            v1::ERROR_REASON_SUBMISSION_TOO_OLD);
  const v1::Submission ahead = WithId(Arrests(2), now + Deduplication::kClockAheadMax, 2);
  world_.MustSubmit("ky-ago", ahead);
  world_.clock().Advance(Deduplication::kRemember + absl::Hours(23));
  world_.MustSubmit("ky-ago", Arrests(3));  // Lets the state forget what it may.
  EXPECT_TRUE(world_.Submit("ky-ago", ahead).repeat());
  EXPECT_EQ(ArrestTotal(), 2);
}

TEST_F(DeduplicationTest, EachIsForgottenInItsTimeWhateverClocksMadeTheIds) {
  const absl::Time now = world_.clock().Now();
  const v1::Submission ahead = WithId(Arrests(1), now + absl::Hours(5), 1);
  const v1::Submission slow = WithId(Arrests(2), now - absl::Hours(5), 2);
  const v1::Submission last = WithId(Arrests(3), now + absl::Hours(2), 3);
  for (const v1::Submission* one : {&ahead, &slow, &last}) world_.MustSubmit("ky-ago", *one);
  State restored;
  restored.FromImage(world_.state().ToImage());
  const auto remembered_after = [&](State* state, absl::Duration passed) {
    world_.clock().Set(now + Deduplication::kRemember + passed);
    v1::Event event;
    event.set_sequence(state->sequence() + 1);
    event.set_rules_version(kRulesVersion);
    *event.mutable_accepted_at() = ToProto(world_.clock().Now());
    *event.mutable_principal() = PrincipalOf("ky-ago");
    *event.mutable_submission() = Numbered(Arrests(90), 1);  // Not among those remembered by id.
    event.mutable_submission()->mutable_outbox_number()->set_outbox_id(world_.NewId("ky-ago"));
    state->Apply(event);
    return state->ToImage().remembered_size();
  };
  for (State* state : {&world_.state(), &restored}) {
    EXPECT_EQ(remembered_after(state, absl::Hours(1)), 2) << "an id that was slow is remembered from when it came";
    EXPECT_EQ(remembered_after(state, absl::Hours(2)), 1);
    EXPECT_EQ(remembered_after(state, absl::Hours(4)), 1);
    EXPECT_EQ(remembered_after(state, absl::Hours(5)), 0);
  }
}

TEST_F(DeduplicationTest, WhatIsRememberedIsTheWholeOutcome) {
  v1::Submission refused = SetPhase(v1::OPERATION_PHASE_CLOSED);
  refused.set_submission_id(TestUuid(world_.clock().Now(), 7));
  for (const char* agency_id : {"ky-ago", "lead"}) {
    const v1::Outcome first = world_.Submit(agency_id, refused);
    ASSERT_TRUE(first.has_rejected());
    EXPECT_EQ(first.submission_id(), refused.submission_id());
    EXPECT_FALSE(first.cursor().empty());
    v1::Outcome repeat = world_.Submit(agency_id, refused);
    EXPECT_TRUE(repeat.repeat());
    repeat.clear_repeat();
    EXPECT_EQ(repeat.SerializeAsString(), first.SerializeAsString());
  }
}

TEST_F(DeduplicationTest, AnIdThatIsNoUuidIsRefusedWithANumberToo) {
  const std::string content = Content();
  v1::Submission submission = Numbered(Arrests(1), 1);
  submission.set_submission_id("mine");
  EXPECT_TRUE(world_.Submit("ky-ago", submission).has_rejected());
  submission = Numbered(Arrests(1), 1);
  submission.mutable_outbox_number()->set_outbox_id("mine");
  EXPECT_TRUE(world_.Submit("ky-ago", submission).has_rejected());
  EXPECT_EQ(Content(), content);
  EXPECT_EQ(ArrestTotal(), 0);
}

TEST_F(DeduplicationTest, OutboxNumbersMustNotLeaveAGap) {
  const std::string content = Content();
  EXPECT_EQ(ReasonOf(Numbered(Arrests(2), 2)), v1::ERROR_REASON_OUTBOX_GAP);
  EXPECT_EQ(Content(), content);
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  EXPECT_EQ(ReasonOf(Numbered(Arrests(3), 3)), v1::ERROR_REASON_OUTBOX_GAP);
  world_.MustSubmit("ky-ago", Numbered(Arrests(2), 2));
  EXPECT_EQ(ArrestTotal(), 2);
}

TEST_F(DeduplicationTest, AnOutboxNumberIsRepeatedForEverUntilItIsConfirmed) {
  const v1::Outcome first = world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  world_.MustSubmit("ky-ago", Numbered(Arrests(2), 2));
  const v1::Submission repeated = Numbered(Arrests(1), 1);
  const v1::Submission last = Numbered(Arrests(3), 3, /*confirmed_through=*/1);
  world_.clock().Advance(10 * Deduplication::kRemember);
  v1::Outcome repeat = world_.Submit("ky-ago", repeated);
  EXPECT_TRUE(repeat.repeat());
  repeat.clear_repeat();
  EXPECT_EQ(repeat.SerializeAsString(), first.SerializeAsString());

  world_.MustSubmit("ky-ago", last);
  EXPECT_EQ(ReasonOf(repeated), v1::ERROR_REASON_SUBMISSION_TOO_OLD);
  EXPECT_EQ(world_.state().ToImage().outboxes(0).unconfirmed_size(), 2);
  EXPECT_EQ(ArrestTotal(), 3);
}

TEST_F(DeduplicationTest, AnOutboxNumberStandsForOneBody) {
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  EXPECT_EQ(ReasonOf(Numbered(Arrests(9), 1)), v1::ERROR_REASON_SUBMISSION_ID_REUSED);
  v1::Submission other_id = Numbered(Arrests(1), 1);
  other_id.set_submission_id(EntryId(4242));
  EXPECT_EQ(ReasonOf(other_id), v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN);
  EXPECT_EQ(ArrestTotal(), 1);
}

TEST_F(DeduplicationTest, AWithdrawalOfWhatWasDecidedIsAnsweredWithThatAndChangesNothing) {
  const v1::Outcome first = world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  const std::string content = Content();
  v1::Outcome answer = world_.Submit("ky-ago", Withdrawal(1));
  EXPECT_TRUE(answer.repeat());
  answer.clear_repeat();
  EXPECT_EQ(answer.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(Content(), content);
}

TEST_F(DeduplicationTest, WhatWasWithdrawnIsNeverAppliedHoweverLateItArrives) {
  const v1::Outcome withdrawn = world_.Submit("ky-ago", Withdrawal(1));
  EXPECT_EQ(withdrawn.rejected().reason(), v1::ERROR_REASON_WITHDRAWN);
  EXPECT_TRUE(withdrawn.has_decided_at());
  EXPECT_TRUE(world_.last_applied().notices.empty());
  EXPECT_TRUE(world_.Submit("ky-ago", Numbered(Arrests(1), 1)).has_rejected());
  v1::Submission plain = Numbered(Arrests(1), 1);
  plain.clear_outbox_number();
  plain.set_submission_id(Withdrawal(1).submission_id());
  EXPECT_TRUE(world_.Submit("ky-ago", plain).has_rejected());
  EXPECT_EQ(ArrestTotal(), 0);
  EXPECT_TRUE(world_.Submit("ky-ago", Withdrawal(1)).repeat());
}

TEST_F(DeduplicationTest, AWithdrawalUsesUpItsNumberSoThatTheNextIsTaken) {
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  EXPECT_EQ(world_.Submit("ky-ago", Withdrawal(2)).rejected().reason(), v1::ERROR_REASON_WITHDRAWN);
  world_.MustSubmit("ky-ago", Numbered(Arrests(3), 3));
  EXPECT_EQ(ArrestTotal(), 2);
}

TEST_F(DeduplicationTest, AWithdrawalDoesNotJumpAGap) {
  EXPECT_EQ(world_.Submit("ky-ago", Withdrawal(2)).rejected().reason(), v1::ERROR_REASON_OUTBOX_GAP);
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  world_.MustSubmit("ky-ago", Numbered(Arrests(2), 2));
  EXPECT_EQ(ArrestTotal(), 2);
}

TEST_F(DeduplicationTest, AWithdrawalOfAnotherIdUnderATakenNumberSaysThatItIsTaken) {
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  v1::Submission other = Withdrawal(1);
  other.set_submission_id(EntryId(4242));
  EXPECT_EQ(ReasonOf(other), v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN);
}

TEST_F(DeduplicationTest, AWithdrawalOfAnIdDecidedPlainIsAnsweredWithThat) {
  v1::Submission plain = WithId(Arrests(1), world_.clock().Now());
  world_.MustSubmit("ky-ago", plain);
  v1::Submission withdrawal = Withdrawal(1);
  withdrawal.set_submission_id(plain.submission_id());
  const v1::Outcome answer = world_.Submit("ky-ago", withdrawal);
  EXPECT_TRUE(answer.has_accepted());
  EXPECT_TRUE(answer.repeat());
  EXPECT_EQ(ArrestTotal(), 1);
}

TEST_F(DeduplicationTest, ARetryMayConfirmMoreThanTheFirstAttempt) {
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  world_.MustSubmit("ky-ago", Numbered(Arrests(2), 2, 0));
  EXPECT_TRUE(world_.Submit("ky-ago", Numbered(Arrests(2), 2, 1)).repeat());
}

TEST_F(DeduplicationTest, ConfirmingTheFutureLosesNothing) {
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1, 1000));
  EXPECT_TRUE(world_.Submit("ky-ago", Numbered(Arrests(1), 1)).repeat());
}

TEST_F(DeduplicationTest, OutboxNumberZeroIsRefused) {
  EXPECT_EQ(ReasonOf(Numbered(Arrests(1), 0)), v1::ERROR_REASON_MALFORMED);
  EXPECT_EQ(ArrestTotal(), 0);
}

TEST_F(DeduplicationTest, TwoAgenciesMayUseTheSameOutboxId) {
  world_.MustSubmit("ky-ago", Numbered(Arrests(1), 1));
  const v1::Outcome other = world_.MustSubmit(
      "nd-bci", Numbered(RecordTally(MakeEntry(EntryId(2), "nd-bci", "nd-1", v1::TALLY_CATEGORY_CITATION, 2)), 1));
  EXPECT_FALSE(other.repeat());
}

TEST_F(DeduplicationTest, AnIdDecidedPlainAndSentAgainNumberedIsAppliedOnceAndUsesUpItsNumber) {
  v1::Submission numbered = Numbered(WithId(Arrests(1), world_.clock().Now()), 1);
  numbered.set_submission_id(TestUuid(world_.clock().Now(), 77));
  v1::Submission plain = numbered;
  plain.clear_outbox_number();
  const v1::Outcome first = world_.MustSubmit("ky-ago", plain);
  v1::Outcome second = world_.MustSubmit("ky-ago", numbered);
  EXPECT_TRUE(second.repeat());
  EXPECT_TRUE(world_.last_applied().notices.empty());
  second.clear_repeat();
  EXPECT_EQ(second.SerializeAsString(), first.SerializeAsString());
  EXPECT_TRUE(world_.MustSubmit("ky-ago", numbered).repeat());
  world_.MustSubmit("ky-ago", Numbered(Arrests(2), 2));
  EXPECT_EQ(ArrestTotal(), 2);
}

TEST_F(DeduplicationTest, AnIdDecidedNumberedAndSentAgainPlainOrUnderAnotherNumberIsAppliedOnce) {
  const v1::Submission withdrawal = WithId(WithdrawPlan(1), world_.clock().Now());
  v1::Submission numbered = Numbered(withdrawal, 1);
  numbered.set_submission_id(withdrawal.submission_id());
  v1::Submission renumbered = Numbered(withdrawal, 2);
  renumbered.set_submission_id(withdrawal.submission_id());
  world_.MustSubmit("lead", numbered);
  EXPECT_TRUE(world_.MustSubmit("lead", withdrawal).repeat());
  EXPECT_TRUE(world_.MustSubmit("lead", renumbered).repeat()) << "applied again it would be PLAN_WITHDRAWN";
  // Confirming the first number leaves the second's outcome, which stands for the id as well.
  v1::Submission next = Numbered(AddSite(MakeSite("tx-1", "TX")), 3, /*confirmed_through=*/1);
  world_.MustSubmit("lead", next);
  EXPECT_TRUE(world_.MustSubmit("lead", withdrawal).repeat());
  State restored;
  restored.FromImage(world_.state().ToImage());
  EXPECT_TRUE(restored.FindDecided("lead", withdrawal, world_.clock().Now())->repeat());
}

TEST_F(DeduplicationTest, AnIdReusedForAnotherBodyUnderANumberIsRefusedAndLeavesNoGap) {
  const v1::Submission plain = WithId(Arrests(1), world_.clock().Now());
  world_.MustSubmit("ky-ago", plain);
  v1::Submission reused = Numbered(Arrests(9), 1);
  reused.set_submission_id(plain.submission_id());
  EXPECT_EQ(ReasonOf(reused), v1::ERROR_REASON_SUBMISSION_ID_REUSED);
  const v1::Outcome again = world_.Submit("ky-ago", reused);
  EXPECT_EQ(again.rejected().reason(), v1::ERROR_REASON_SUBMISSION_ID_REUSED);
  EXPECT_TRUE(again.repeat());
  world_.MustSubmit("ky-ago", Numbered(Arrests(2), 2));
  EXPECT_TRUE(world_.MustSubmit("ky-ago", plain).repeat()) << "the id still stands for its first body";
  EXPECT_EQ(ArrestTotal(), 2);
}

TEST_F(DeduplicationTest, AnImageRemembersWhatTheStateRemembered) {
  const v1::Submission by_id = WithId(Arrests(1), world_.clock().Now());
  world_.MustSubmit("ky-ago", by_id);
  world_.MustSubmit("ky-ago", Numbered(Arrests(2), 1));
  State restored;
  restored.FromImage(world_.state().ToImage());
  const absl::Time now = world_.clock().Now();
  EXPECT_TRUE(restored.FindDecided("ky-ago", by_id, now)->repeat());
  EXPECT_TRUE(restored.FindDecided("ky-ago", Numbered(Arrests(2), 1), now)->repeat());
  EXPECT_FALSE(restored.FindDecided("ky-ago", Numbered(Arrests(3), 2), now).has_value());
  EXPECT_EQ(restored.FindDecided("ky-ago", Numbered(Arrests(3), 3), now)->rejected().reason(),
            v1::ERROR_REASON_OUTBOX_GAP);
  EXPECT_FALSE(restored.FindDecided("nd-bci", by_id, now).has_value());
}

}  // namespace
}  // namespace muster
