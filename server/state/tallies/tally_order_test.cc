// Rule T15: any permutation, duplication or retry of the same entries gives identical totals, and the same ledger.
#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/testing/test_messages.h"
#include "gtest/gtest.h"
#include "server/state/tallies/suspected_duplicates.h"
#include "server/state/tallies/testing/tally_support.h"

namespace muster {
namespace {

constexpr int kRounds = 300;

struct Sent {
  std::string agency_id;
  v1::Submission submission;
};

size_t Pick(std::mt19937_64& random, size_t below) { return static_cast<size_t>(random() % below); }

// A random set of entries and of chains of corrections to them, each entry corrected at most once.
class RandomReports {
 public:
  explicit RandomReports(std::mt19937_64* random) : random_(*random) {
    const size_t entries = 1 + Pick(random_, 8);
    for (size_t i = 0; i < entries; ++i) {
      const v1::TallyEntry entry = NewEntry(Pick(random_, 2) == 0 ? "ky-ago" : "nd-bci");
      Send(FilerOf(entry), RecordTally(entry));
      if (Pick(random_, 2) == 0) Correct(entry, 3);
    }
  }

  const std::vector<Sent>& sent() const { return sent_; }

 private:
  v1::TallyEntry NewEntry(const std::string& agency_id) {
    static constexpr v1::TallyCategory kCategories[] = {
        v1::TALLY_CATEGORY_ARREST_BUYER,           v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT,
        v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR, v1::TALLY_CATEGORY_SEIZED_CURRENCY,
        v1::TALLY_CATEGORY_SERVICE_ACCEPTED,       v1::TALLY_CATEGORY_CITATION};
    // Often at one site, and few: the same arrest may have been filed twice.
    const bool shared = Pick(random_, 2) == 0;
    v1::TallyEntry entry =
        MakeEntry(EntryId(random_() >> 4), agency_id, shared || agency_id == "ky-ago" ? "ky-1" : "nd-1",
                  kCategories[Pick(random_, 6)], static_cast<uint32_t>(Pick(random_, 20)));
    if (shared) {
      entry.set_category(v1::TALLY_CATEGORY_ARREST_BUYER);
      entry.set_count(1);
      if (Pick(random_, 3) == 0) entry.clear_occurred_at();
      if (Pick(random_, 3) == 0) entry.add_assisting_agency_ids(agency_id == "ky-ago" ? "nd-bci" : "ky-ago");
    }
    entry.set_status(static_cast<v1::TallyStatus>(1 + Pick(random_, 3)));
    if (entry.category() == v1::TALLY_CATEGORY_SEIZED_CURRENCY) entry.set_amount_cents(Pick(random_, 100000));
    if (!made_.empty() && Pick(random_, 3) == 0) {
      entry.add_contained_in_entry_ids(made_[Pick(random_, made_.size())]);
    }
    made_.push_back(entry.entry_id());
    return entry;
  }

  std::string FilerOf(const v1::TallyEntry& entry) {
    return Pick(random_, 4) == 0 ? "lead" : entry.primary_agency_id();
  }

  void Correct(const v1::TallyEntry& entry, int depth) {
    std::vector<v1::TallyEntry> replacements;
    const size_t count = Pick(random_, 3);
    for (size_t i = 0; i < count; ++i) replacements.push_back(NewEntry(entry.primary_agency_id()));
    Send(FilerOf(entry), CorrectTally(entry.entry_id(), replacements));
    for (const v1::TallyEntry& replacement : replacements) {
      if (depth > 0 && Pick(random_, 2) == 0) Correct(replacement, depth - 1);
    }
  }

  void Send(const std::string& agency_id, v1::Submission submission) {
    submission.set_submission_id(EntryId(random_() >> 4));
    sent_.push_back({agency_id, std::move(submission)});
  }

  std::mt19937_64& random_;
  std::vector<Sent> sent_;
  std::vector<std::string> made_;
};

// The same reports in another order: some sent again as they are, some under another submission_id.
std::vector<Sent> Disturb(std::vector<Sent> sent, std::mt19937_64& random) {
  const size_t count = sent.size();
  for (size_t i = 0; i < count; ++i) {
    if (Pick(random, 2) == 0) sent.push_back(sent[i]);
    if (Pick(random, 2) == 0) {
      sent.push_back(sent[i]);
      sent.back().submission.set_submission_id(EntryId(random() >> 4));
    }
  }
  std::shuffle(sent.begin(), sent.end(), random);
  return sent;
}

// The ledger without what tells when, and under which submission, something first came in.
std::string LedgerOf(const World& world) {
  storage::v1::OperationImage image = world.operation().ToImage();
  std::string text;
  for (v1::TallyEntryRecord& record : *image.mutable_entries()) {
    record.clear_reported_at();
    if (record.has_reversal()) {
      record.mutable_reversal()->clear_correction_id();
      record.mutable_reversal()->clear_reversed_at();
    }
    absl::StrAppend(&text, record.ShortDebugString(), "\n");
  }
  for (storage::v1::PendingReversal& pending : *image.mutable_pending_reversals()) {
    pending.mutable_reversal()->clear_correction_id();
    pending.mutable_reversal()->clear_reversed_at();
    absl::StrAppend(&text, pending.ShortDebugString(), "\n");
  }
  return text;
}

// nd-bci works at ky-1 too.
void SetUpShared(World* world) {
  SetUpOperation(world);
  world->MustSubmit("lead", SetParticipant("nd-bci", v1::ROLE_PARTICIPANT, {"nd-1", "ky-1"}));
}

std::string TotalsOf(const World& world) {
  std::string text;
  for (v1::SuspectedDuplicate& duplicate : SuspectedDuplicates(world.operation())) {
    duplicate.clear_decided_at();
    absl::StrAppend(&text, duplicate.ShortDebugString(), "\n");
  }
  for (const auto definition : {v1::COUNTING_DEFINITION_LEAD, v1::COUNTING_DEFINITION_SOURCE}) {
    for (const char* viewer : {"lead", "ky-ago", "nd-bci", "ky-prosecutor", "observer", "auditor", "public-info"}) {
      absl::StrAppend(&text, viewer, ": ", world.TotalsFor(viewer, definition).ShortDebugString(), "\n");
    }
  }
  return text;
}

TEST(TallyOrder, T15AnyOrderDuplicationOrRetryGivesTheSameTotalsAndLedger) {
  std::mt19937_64 random = SeededRandom();
  uint64_t pending = 0;
  for (int round = 0; round < kRounds; ++round) {
    const RandomReports reports(&random);
    World in_order;
    SetUpShared(&in_order);
    for (const Sent& sent : reports.sent()) in_order.MustSubmit(sent.agency_id, sent.submission);

    World disturbed;
    SetUpShared(&disturbed);
    for (const Sent& sent : Disturb(reports.sent(), random)) {
      disturbed.clock().Advance(absl::Seconds(1));
      disturbed.MustSubmit(sent.agency_id, sent.submission);
    }
    pending += in_order.TotalsFor("lead").duplicates_pending();
    ASSERT_EQ(TotalsOf(in_order), TotalsOf(disturbed)) << "round " << round;
    ASSERT_EQ(LedgerOf(in_order), LedgerOf(disturbed)) << "round " << round;
  }
  EXPECT_GT(pending, 100);
}

TEST(TallyOrder, T15DecisionsOnDuplicatesInAnyOrderGiveTheSameTotals) {
  std::mt19937_64 random = SeededRandom();
  for (int round = 0; round < 50; ++round) {
    const RandomReports reports(&random);
    World in_order, disturbed;
    for (World* world : {&in_order, &disturbed}) {
      SetUpShared(world);
      for (const Sent& sent : reports.sent()) world->MustSubmit(sent.agency_id, sent.submission);
    }
    std::vector<Sent> decisions;
    for (const v1::SuspectedDuplicate& pair : SuspectedDuplicates(in_order.operation())) {
      decisions.push_back(
          {"lead", ResolveDuplicate(pair.entry_id(), pair.other_entry_id(), v1::DUPLICATE_DECISION_DISTINCT)});
      decisions.back().submission.set_submission_id(EntryId(random() >> 4));
    }
    for (const Sent& sent : decisions) in_order.MustSubmit("lead", sent.submission);
    for (const Sent& sent : Disturb(decisions, random)) disturbed.MustSubmit("lead", sent.submission);
    ASSERT_EQ(in_order.TotalsFor("lead").duplicates_pending(), 0) << "round " << round;
    ASSERT_EQ(TotalsOf(in_order), TotalsOf(disturbed)) << "round " << round;
  }
}

class Corrections : public ::testing::Test {
 protected:
  Corrections() { SetUpOperation(&world_); }

  static v1::TallyEntry Arrests(uint64_t id, uint32_t count) {
    return MakeEntry(EntryId(id), "ky-ago", "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, count);
  }
  uint64_t ArrestTotal() const { return world_.TotalsFor("lead").arrests().confirmed(); }

  World world_;
};

TEST_F(Corrections, T15TheSameEntryUnderAnotherSubmissionIdIsCountedOnce) {
  EXPECT_FALSE(world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 5))).accepted().already_recorded());
  EXPECT_TRUE(world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 5))).accepted().already_recorded());
  EXPECT_TRUE(world_.last_applied().notices.empty());
  EXPECT_EQ(ArrestTotal(), 5);
}

TEST_F(Corrections, T15AnEntryIdNeverStandsForTwoEntries) {
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 5)));
  const v1::Outcome refused = world_.Submit("ky-ago", RecordTally(Arrests(1, 6)));
  EXPECT_EQ(refused.rejected().reason(), v1::ERROR_REASON_ALREADY_EXISTS);
  EXPECT_EQ(ArrestTotal(), 5);
}

TEST_F(Corrections, T15ACorrectionMayComeBeforeItsEntry) {
  world_.MustSubmit("ky-ago", CorrectTally(EntryId(1), {Arrests(2, 9)}));
  EXPECT_EQ(ArrestTotal(), 9);
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
  EXPECT_EQ(ArrestTotal(), 9);
  EXPECT_TRUE(world_.operation().ledger().Find(EntryId(1))->has_reversal());
}

TEST_F(Corrections, OfTwoCorrectionsTheFirstStands) {
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
  world_.MustSubmit("ky-ago", CorrectTally(EntryId(1), {Arrests(2, 9)}));
  const v1::Outcome second = world_.Submit("lead", CorrectTally(EntryId(1), {Arrests(3, 7)}));
  EXPECT_EQ(second.rejected().reason(), v1::ERROR_REASON_ALREADY_CORRECTED);
  EXPECT_EQ(ArrestTotal(), 9);
}

TEST_F(Corrections, T15TwoEarlyCorrectionsNeverCountTwice) {
  world_.MustSubmit("ky-ago", CorrectTally(EntryId(1), {Arrests(2, 9)}));
  const v1::Outcome second = world_.Submit("lead", CorrectTally(EntryId(1), {Arrests(3, 9)}));
  EXPECT_EQ(second.rejected().reason(), v1::ERROR_REASON_ALREADY_CORRECTED);
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
  EXPECT_EQ(ArrestTotal(), 9);
}

TEST_F(Corrections, ACorrectionWithOtherReplacementsIsNotTheSameCorrection) {
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
  world_.MustSubmit("ky-ago", CorrectTally(EntryId(1), {Arrests(2, 9)}));
  const v1::Outcome without = world_.Submit("ky-ago", CorrectTally(EntryId(1), {}));
  EXPECT_EQ(without.rejected().reason(), v1::ERROR_REASON_ALREADY_CORRECTED);
}

TEST_F(Corrections, T15AReplacementFiledByItselfFirstIsTheSameLedger) {
  World other;
  SetUpOperation(&other);
  for (World* world : {&world_, &other}) {
    world->MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
    const v1::Submission correction = CorrectTally(EntryId(1), {Arrests(2, 9)});
    if (world == &other) world->MustSubmit("ky-ago", correction);
    world->MustSubmit("ky-ago", RecordTally(Arrests(2, 9)));
    if (world == &world_) world->MustSubmit("ky-ago", correction);
  }
  EXPECT_EQ(LedgerOf(world_), LedgerOf(other));
}

TEST_F(Corrections, AnotherAgencysCorrectionHasNoEffectAndTellsItNothing) {
  // Whether North Dakota's correction comes before or after Kentucky's entry, or the entry never comes, all it sees is
  // the same.
  World early, late, never;
  for (World* world : {&early, &late, &never}) {
    SetUpOperation(world);
    const v1::Submission correction = CorrectTally(EntryId(1), {});
    if (world == &late) world->MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
    const v1::Outcome first = world->MustSubmit("nd-bci", correction);
    if (world == &early) world->MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
    const v1::Outcome again = world->MustSubmit("nd-bci", correction);
    EXPECT_FALSE(first.accepted().already_recorded());
    EXPECT_TRUE(again.accepted().already_recorded());
  }
  EXPECT_EQ(early.TotalsFor("lead").arrests().confirmed(), 6);
  EXPECT_EQ(late.TotalsFor("lead").arrests().confirmed(), 6);
  EXPECT_EQ(LedgerOf(early), LedgerOf(late));
  EXPECT_EQ(early.FeedBytes("nd-bci"), never.FeedBytes("nd-bci"));
  EXPECT_EQ(late.FeedBytes("nd-bci"), never.FeedBytes("nd-bci"));
}

TEST_F(Corrections, AnotherAgencysCorrectionDoesNotTellTheOwnersReversalAgain) {
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
  world_.MustSubmit("ky-ago", CorrectTally(EntryId(1), {}));
  const auto reversals_told = [&](absl::string_view agency_id) {
    size_t told = 0;
    for (const FeedItem& item : world_.FeedOf(agency_id)) told += item.notice.tally_correction().has_reversal();
    return told;
  };
  for (const char* agency_id : {"ky-ago", "lead"}) ASSERT_EQ(reversals_told(agency_id), 1) << agency_id;
  const v1::TallyEntry own = MakeEntry(EntryId(2), "nd-bci", "nd-1", v1::TALLY_CATEGORY_ARREST_BUYER, 3);
  world_.MustSubmit("nd-bci", CorrectTally(EntryId(1), {own}));
  for (const char* agency_id : {"ky-ago", "lead"}) EXPECT_EQ(reversals_told(agency_id), 1) << agency_id;
  const v1::TallyCorrection& last = world_.FeedOf("lead").back().notice.tally_correction();
  ASSERT_EQ(last.replacements_size(), 1) << "what it filed is told all the same";
  EXPECT_EQ(last.replacements(0).entry().entry_id(), EntryId(2));
}

TEST_F(Corrections, TheBookingAgencyAndTheLeadMayCorrect) {
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
  world_.MustSubmit("lead", CorrectTally(EntryId(1), {Arrests(2, 5)}));
  EXPECT_EQ(ArrestTotal(), 5);
  world_.MustSubmit("ky-ago", CorrectTally(EntryId(2), {}));
  EXPECT_EQ(ArrestTotal(), 0);
}

TEST_F(Corrections, AReplacementKeepsTheBookingAgency) {
  world_.MustSubmit("ky-ago", RecordTally(Arrests(1, 6)));
  v1::TallyEntry other = Arrests(2, 6);
  other.set_primary_agency_id("nd-bci");
  EXPECT_EQ(world_.Submit("lead", CorrectTally(EntryId(1), {other})).rejected().reason(),
            v1::ERROR_REASON_UNKNOWN_REFERENCE);
  EXPECT_EQ(ArrestTotal(), 6);
}

}  // namespace
}  // namespace muster
