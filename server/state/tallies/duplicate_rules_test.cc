// Rule T5: the same arrest filed by two agencies waits for a person, and nothing is deleted.
#include <algorithm>
#include <random>
#include <set>

#include "common/testing/test_messages.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/tallies/same_arrest.h"
#include "server/state/tallies/testing/tally_support.h"

namespace muster {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kMerged = v1::DUPLICATE_DECISION_MERGED;
constexpr auto kDistinct = v1::DUPLICATE_DECISION_DISTINCT;

// nd-bci works at ky-1 too.
class Duplicates : public ::testing::Test {
 protected:
  Duplicates() {
    SetUpOperation(&world_);
    world_.MustSubmit("lead", SetParticipant("nd-bci", v1::ROLE_PARTICIPANT, {"nd-1", "ky-1"}));
  }

  static v1::TallyEntry Arrest(uint64_t id, absl::string_view agency_id, absl::Duration after = absl::ZeroDuration()) {
    v1::TallyEntry entry = MakeEntry(EntryId(id), agency_id, "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 1);
    *entry.mutable_occurred_at() = ToProto(FromProto(entry.occurred_at()) + after);
    return entry;
  }
  void Record(const v1::TallyEntry& entry) { world_.MustSubmit(entry.primary_agency_id(), RecordTally(entry)); }
  std::vector<v1::SuspectedDuplicate> Listed(absl::string_view viewer = "lead") const {
    const auto response = Ask<v1::ListSuspectedDuplicatesResponse>(
        world_, viewer, "TallyService/ListSuspectedDuplicates", v1::ListSuspectedDuplicatesRequest());
    EXPECT_EQ(response.mode(), v1::OPERATION_MODE_EXERCISE);
    return {response.duplicates().begin(), response.duplicates().end()};
  }
  v1::Rejected Rejection(const v1::Submission& submission) { return world_.Submit("lead", submission).rejected(); }

  World world_;
};

TEST_F(Duplicates, T5TheSameArrestOfTwoAgenciesIsSuspectedAndStillCounted) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci", absl::Minutes(15)));
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_EQ(totals.arrests().confirmed(), 2);
  EXPECT_EQ(totals.duplicates_pending(), 1);
  ASSERT_EQ(Listed().size(), 1);
  EXPECT_EQ(Listed()[0].entry_id(), EntryId(1));
  EXPECT_EQ(Listed()[0].other_entry_id(), EntryId(2));
  EXPECT_EQ(Listed()[0].decision(), v1::DUPLICATE_DECISION_PENDING);
  EXPECT_THAT(Listed()[0].why(), HasSubstr("both report 1 arrest buyer at site ky-1 within 15 minutes"));
  EXPECT_EQ(Listed("auditor").size(), 1);
}

TEST_F(Duplicates, T5MergingKeepsOneEntryReversesTheOtherAndTellsWhoSeesIt) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci"));
  const std::string observer_before = world_.FeedBytes("observer");
  world_.MustSubmit("lead", ResolveDuplicate(EntryId(2), EntryId(1), kMerged, "one suspect, two files"));
  const v1::TallyTotals totals = world_.TotalsFor("lead");
  EXPECT_EQ(totals.arrests().confirmed(), 1);
  EXPECT_EQ(totals.duplicates_pending(), 0);
  const v1::TallyEntryRecord& reversed = *world_.operation().ledger().Find(EntryId(1));
  EXPECT_EQ(reversed.reversal().reason(), "one suspect, two files");
  EXPECT_EQ(reversed.reversal().author().agency_id(), "lead");
  EXPECT_FALSE(world_.operation().ledger().Find(EntryId(2))->has_reversal());
  EXPECT_EQ(world_.FeedOf("ky-ago").back().notice.tally_correction().entry_id(), EntryId(1));
  EXPECT_FALSE(world_.FeedOf("nd-bci").back().notice.has_tally_correction());
  EXPECT_EQ(world_.FeedOf("auditor").back().notice.duplicate().decision(), kMerged);
  EXPECT_EQ(world_.FeedBytes("observer"), observer_before);
  ASSERT_EQ(Listed().size(), 1);
  EXPECT_EQ(Listed()[0].decision(), kMerged);
  EXPECT_EQ(Listed()[0].reason(), "one suspect, two files");
}

TEST_F(Duplicates, T5DistinctEntriesBothCountAndArePendingNoMore) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci"));
  world_.MustSubmit("lead", ResolveDuplicate(EntryId(1), EntryId(2), kDistinct));
  EXPECT_EQ(world_.TotalsFor("lead").arrests().confirmed(), 2);
  EXPECT_EQ(world_.TotalsFor("lead").duplicates_pending(), 0);
  EXPECT_EQ(Listed()[0].decision(), kDistinct);
}

TEST_F(Duplicates, T5IsDecidedOnceAndTheSameDecisionAgainChangesNothing) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci"));
  world_.MustSubmit("lead", ResolveDuplicate(EntryId(1), EntryId(2), kDistinct));
  EXPECT_TRUE(
      world_.MustSubmit("lead", ResolveDuplicate(EntryId(1), EntryId(2), kDistinct)).accepted().already_recorded());
  for (const auto& again :
       {ResolveDuplicate(EntryId(1), EntryId(2), kMerged), ResolveDuplicate(EntryId(2), EntryId(1), kMerged)}) {
    EXPECT_EQ(Rejection(again).reason(), v1::ERROR_REASON_ALREADY_CORRECTED);
    EXPECT_EQ(Rejection(again).rule(), "T5");
  }
  EXPECT_EQ(world_.TotalsFor("lead").arrests().confirmed(), 2);
}

TEST_F(Duplicates, T5OnlyWhatIsSuspectedIsDecidedAndOnlyByTheLead) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci", absl::Minutes(16)));
  for (const auto& no_pair :
       {ResolveDuplicate(EntryId(1), EntryId(2), kMerged), ResolveDuplicate(EntryId(1), EntryId(9), kMerged),
        ResolveDuplicate(EntryId(1), EntryId(1), kMerged)}) {
    EXPECT_EQ(Rejection(no_pair).reason(), v1::ERROR_REASON_UNKNOWN_REFERENCE);
    EXPECT_EQ(Rejection(no_pair).rule(), "T5");
  }
  EXPECT_EQ(world_.TotalsFor("lead").arrests().confirmed(), 2);
  EXPECT_EQ(world_.Submit("ky-ago", ResolveDuplicate(EntryId(1), EntryId(2), kMerged)).rejected().reason(),
            v1::ERROR_REASON_NOT_PERMITTED);
}

TEST_F(Duplicates, T5AReversedEntryIsSuspectedNoMore) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci"));
  world_.MustSubmit("nd-bci", CorrectTally(EntryId(2), {}));
  EXPECT_EQ(world_.TotalsFor("lead").duplicates_pending(), 0);
  EXPECT_THAT(Listed(), IsEmpty());
}

TEST_F(Duplicates, T5HowManyArePendingIsToldOfVisibleEntriesOnly) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci"));
  EXPECT_EQ(world_.TotalsFor("ky-ago").duplicates_pending(), 0) << "it may not know of the other (P7)";
  EXPECT_EQ(world_.TotalsFor("nd-bci").duplicates_pending(), 0);
  for (const char* viewer : {"ky-prosecutor", "observer", "public-info", "auditor"}) {
    EXPECT_EQ(world_.TotalsFor(viewer).duplicates_pending(), 1) << viewer;
  }
}

TEST_F(Duplicates, T5WhatIsPendingIsKnownAsOfAnyTime) {
  Record(Arrest(1, "ky-ago"));
  const absl::Time one = world_.Now();
  world_.Advance(absl::Minutes(1));
  Record(Arrest(2, "nd-bci"));
  const absl::Time two = world_.Now();
  world_.Advance(absl::Minutes(1));
  world_.MustSubmit("lead", ResolveDuplicate(EntryId(1), EntryId(2), kMerged));
  EXPECT_EQ(world_.TotalsFor("lead", v1::COUNTING_DEFINITION_LEAD, one).duplicates_pending(), 0);
  EXPECT_EQ(world_.TotalsFor("lead", v1::COUNTING_DEFINITION_LEAD, two).duplicates_pending(), 1);
  EXPECT_EQ(world_.TotalsFor("lead").duplicates_pending(), 0);
}

TEST_F(Duplicates, T5DecisionsAreRestoredFromAnImage) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci"));
  Record(Arrest(3, "nd-bci"));
  world_.MustSubmit("lead", ResolveDuplicate(EntryId(2), EntryId(1), kDistinct));
  world_.MustSubmit("lead", ResolveDuplicate(EntryId(3), EntryId(1), kMerged));
  ExpectRestoresTheSame(world_);
}

TEST_F(Duplicates, T5AClosedOperationStillDecides) {
  Record(Arrest(1, "ky-ago"));
  Record(Arrest(2, "nd-bci"));
  StartReporting(&world_);
  world_.MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_CLOSED));
  world_.MustSubmit("lead", ResolveDuplicate(EntryId(1), EntryId(2), kMerged));
}

// ---- What looks like the same arrest -----------------------------------------------------------------------------

v1::TallyEntry One(uint64_t id, absl::string_view agency_id) {
  return MakeEntry(EntryId(id), agency_id, "ky-1", v1::TALLY_CATEGORY_ARREST_BUYER, 1);
}

TEST(SameArrest, T5EachConditionIsNeeded) {
  const v1::TallyEntry a = One(1, "a");
  EXPECT_NE(WhyDuplicate(a, One(2, "b")), "");
  EXPECT_EQ(WhyDuplicate(a, One(2, "a")), "") << "one agency knows what it filed";
  v1::TallyEntry b = One(2, "b");
  b.set_site_id("ky-2");
  EXPECT_EQ(WhyDuplicate(a, b), "");
  b = One(2, "b");
  b.set_category(v1::TALLY_CATEGORY_ARREST_TRAFFICKER);
  EXPECT_EQ(WhyDuplicate(a, b), "");
  b = One(2, "b");
  b.set_count(2);
  EXPECT_EQ(WhyDuplicate(a, b), "");
  b = One(2, "b");
  b.set_status(v1::TALLY_STATUS_POTENTIAL);
  EXPECT_EQ(WhyDuplicate(a, b), "");
  b = One(2, "b");
  b.clear_occurred_at();
  EXPECT_EQ(WhyDuplicate(a, b), "");
}

TEST(SameArrest, T5AnAssistingAgencyWithinADayOrAtAnUnstatedTimeIsSuspected) {
  v1::TallyEntry a = One(1, "a");
  a.add_assisting_agency_ids("b");
  v1::TallyEntry b = One(2, "b");
  b.mutable_occurred_at()->set_seconds(b.occurred_at().seconds() + 24 * 3600);
  EXPECT_THAT(WhyDuplicate(a, b), HasSubstr("assisting"));
  EXPECT_EQ(WhyDuplicate(a, b), WhyDuplicate(b, a));
  b.mutable_occurred_at()->set_seconds(b.occurred_at().seconds() + 1);
  EXPECT_EQ(WhyDuplicate(a, b), "");
  b.clear_occurred_at();
  EXPECT_THAT(WhyDuplicate(a, b), HasSubstr("unstated"));
}

TEST(SameArrest, T5PersonsAndReportsOfNoneAreNoArrests) {
  v1::TallyEntry a = One(1, "a");
  v1::TallyEntry b = One(2, "b");
  a.set_count(0);
  b.set_count(0);
  EXPECT_EQ(WhyDuplicate(a, b), "");
  for (v1::TallyEntry* entry : {&a, &b}) {
    entry->set_count(1);
    entry->set_category(v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT);
  }
  EXPECT_EQ(WhyDuplicate(a, b), "");
}

bool NothingDecided(const std::string&, const std::string&) { return false; }

TEST(SameArrest, T5FindsExactlyThePairsThatComparingEveryTwoFinds) {
  std::mt19937_64 random = SeededRandom();
  const auto pick = [&](uint64_t below) { return random() % below; };
  for (int round = 0; round < 200; ++round) {
    std::vector<v1::TallyEntry> entries;
    for (uint64_t i = 0; i < 1 + pick(40); ++i) {
      v1::TallyEntry entry = One(i, std::string(1, static_cast<char>('a' + pick(4))));
      entry.set_count(static_cast<uint32_t>(pick(3)));
      entry.mutable_occurred_at()->set_seconds(static_cast<int64_t>(pick(3) * 86400 + pick(8) * 300));
      if (pick(5) == 0) entry.clear_occurred_at();
      if (pick(3) == 0) entry.add_assisting_agency_ids(std::string(1, static_cast<char>('a' + pick(4))));
      entry.set_status(static_cast<v1::TallyStatus>(1 + pick(3)));
      entries.push_back(std::move(entry));
    }
    std::vector<const v1::TallyEntry*> all;
    for (const v1::TallyEntry& entry : entries) all.push_back(&entry);
    std::set<std::pair<std::string, std::string>> expected;
    for (size_t i = 0; i < entries.size(); ++i) {
      for (size_t j = i + 1; j < entries.size(); ++j) {
        if (!WhyDuplicate(entries[i], entries[j]).empty()) {
          expected.emplace(std::min(entries[i].entry_id(), entries[j].entry_id()),
                           std::max(entries[i].entry_id(), entries[j].entry_id()));
        }
      }
    }
    std::shuffle(all.begin(), all.end(), random);
    std::set<std::pair<std::string, std::string>> found;
    for (const SuspectedPair& pair : FindSameArrests(all, NothingDecided)) {
      found.emplace(pair.entry->entry_id(), pair.other->entry_id());
    }
    ASSERT_EQ(found, expected) << "round " << round;
  }
}

TEST(SameArrest, T5AFloodOfEqualEntriesFindsNoMorePairsThanTheLimits) {
  std::vector<v1::TallyEntry> entries;
  for (uint64_t i = 0; i < 3000; ++i) entries.push_back(One(i, i % 2 == 0 ? "a" : "b"));
  std::vector<const v1::TallyEntry*> all;
  for (const v1::TallyEntry& entry : entries) all.push_back(&entry);
  EXPECT_EQ(FindSameArrests(all, NothingDecided).size(), kSuspectedPairsMax);
}

}  // namespace
}  // namespace muster
