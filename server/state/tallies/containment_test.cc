#include "server/state/tallies/containment.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/testing/test_messages.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/state/testing/test_support.h"

namespace muster {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

v1::TallyEntry Persons(uint64_t id, const std::vector<uint64_t>& contained_in = {}) {
  v1::TallyEntry entry = MakeEntry(EntryId(id), "ky-ago", "ky-1", v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT, 1);
  for (const uint64_t container : contained_in) entry.add_contained_in_entry_ids(EntryId(container));
  return entry;
}

std::set<std::string> Contained(const std::vector<v1::TallyEntry>& entries) {
  std::vector<const v1::TallyEntry*> all;
  for (const v1::TallyEntry& entry : entries) all.push_back(&entry);
  const auto contained = ContainedEntries(all);
  return {contained.begin(), contained.end()};
}

// ---- The definition, taken word for word ---------------------------------------------------------------------------

bool NamesContainer(const v1::TallyEntry& entry, const v1::TallyEntry& container) {
  for (const std::string& id : entry.contained_in_entry_ids()) {
    if (id == container.entry_id()) {
      return entry.primary_agency_id() == container.primary_agency_id() && container.status() <= entry.status();
    }
  }
  return false;
}

// Inside an entry that is not inside it in turn, or in a circle with one of a smaller id.
std::set<std::string> ContainedByDefinition(const std::vector<v1::TallyEntry>& entries) {
  const size_t size = entries.size();
  std::vector<std::vector<bool>> inside(size, std::vector<bool>(size));
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < size; ++j) inside[i][j] = NamesContainer(entries[i], entries[j]);
  }
  for (size_t via = 0; via < size; ++via) {
    for (size_t i = 0; i < size; ++i) {
      for (size_t j = 0; j < size; ++j) inside[i][j] = inside[i][j] || (inside[i][via] && inside[via][j]);
    }
  }
  std::set<std::string> contained;
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < size; ++j) {
      if (i == j || !inside[i][j]) continue;
      if (!inside[j][i] || entries[j].entry_id() < entries[i].entry_id()) contained.insert(entries[i].entry_id());
    }
  }
  return contained;
}

size_t Pick(std::mt19937_64& random, size_t below) {
  return std::uniform_int_distribution<size_t>(0, below - 1)(random);
}

// Up to 12 entries of two agencies and every status, in any order, which name each other, themselves and strangers.
std::vector<v1::TallyEntry> RandomEntries(std::mt19937_64& random) {
  const size_t size = 1 + Pick(random, 12);
  const size_t most_named = 1 + Pick(random, 4);
  const bool alike = Pick(random, 2) == 0;
  std::vector<v1::TallyEntry> entries;
  for (size_t i = 0; i < size; ++i) {
    v1::TallyEntry entry = Persons(i);
    if (!alike) entry.set_status(static_cast<v1::TallyStatus>(1 + Pick(random, 3)));
    if (!alike && Pick(random, 3) == 0) entry.set_primary_agency_id("nd-bci");
    for (size_t named = Pick(random, most_named + 1); named > 0; --named) {
      entry.add_contained_in_entry_ids(EntryId(Pick(random, size + 1)));
    }
    entries.push_back(std::move(entry));
  }
  std::shuffle(entries.begin(), entries.end(), random);
  return entries;
}

TEST(Containment, DecidesAsTheDefinitionSaysHoweverEntriesAreTied) {
  std::mt19937_64 random = SeededRandom();
  size_t contained = 0;
  for (int round = 0; round < 5000; ++round) {
    const std::vector<v1::TallyEntry> entries = RandomEntries(random);
    const std::set<std::string> expected = ContainedByDefinition(entries);
    ASSERT_EQ(Contained(entries), expected) << "round " << round;
    contained += expected.size();
  }
  EXPECT_GT(contained, 1000u) << "the graphs tie too little to test anything";
}

TEST(Containment, ACircleInsideAnotherEntryIsInsideItAsAWhole) {
  // 1 and 2 contain each other; only 2 names 3, but then 1 is in it too.
  EXPECT_THAT(Contained({Persons(1, {2}), Persons(2, {1, 3}), Persons(3)}),
              UnorderedElementsAre(EntryId(1), EntryId(2)));
}

TEST(Containment, AnEntryThatNamesItselfOrNoneThereIsInNothing) {
  EXPECT_THAT(Contained({Persons(1, {1}), Persons(2, {7})}), IsEmpty());
}

// What one participant can file. Deciding entry by entry, each over the whole circle, takes a minute and more.
TEST(Containment, ACircleOfThousandsOfEntriesIsDecidedInOnePass) {
  constexpr uint64_t kEntries = 5000, kNamed = 20;
  std::vector<v1::TallyEntry> entries;
  for (uint64_t i = 0; i < kEntries; ++i) {
    std::vector<uint64_t> named;
    for (uint64_t step = 1; step <= kNamed; ++step) named.push_back((i + step) % kEntries);
    entries.push_back(Persons(i, named));
  }
  const std::set<std::string> contained = Contained(entries);
  EXPECT_THAT(contained, SizeIs(kEntries - 1));
  EXPECT_EQ(contained.count(EntryId(0)), 0u) << "the smallest id stands";
}

TEST(Containment, AChainOfAnyLengthIsFollowedToItsEnd) {
  constexpr uint64_t kEntries = 200000;
  std::vector<v1::TallyEntry> entries;
  for (uint64_t i = 0; i + 1 < kEntries; ++i) entries.push_back(Persons(i, {i + 1}));
  entries.push_back(Persons(kEntries - 1));
  const std::set<std::string> contained = Contained(entries);
  EXPECT_THAT(contained, SizeIs(kEntries - 1));
  EXPECT_EQ(contained.count(EntryId(kEntries - 1)), 0u);
}

}  // namespace
}  // namespace muster
