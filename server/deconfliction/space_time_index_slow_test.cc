// Rule C3 at full size.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "GeographicLib/Geocentric.hpp"
#include "absl/strings/str_cat.h"
#include "common/testing/test_messages.h"
#include "server/deconfliction/space_time_index.h"
#include "server/deconfliction/testing/world.h"

namespace muster {
namespace {

constexpr size_t kActivities = 100'000;

// The numbers of two activities of a world, in the order of their keys.
using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;

// What all pairs of a world can be tried with: its activities by start, with their places in space.
struct Sorted {
  uint32_t number;
  absl::Time start;
  const Footprint* footprint;
  std::array<double, 3> place_m;
};

std::vector<Sorted> SortedByStart(const World& world) {
  std::vector<Sorted> sorted;
  for (const auto& [key, footprint] : world) {
    Sorted& next = sorted.emplace_back(Sorted{static_cast<uint32_t>(sorted.size()), footprint.start, &footprint, {}});
    GeographicLib::Geocentric::WGS84().Forward(footprint.center.latitude(), footprint.center.longitude(), 0,
                                               next.place_m[0], next.place_m[1], next.place_m[2]);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [](const Sorted& a, const Sorted& b) { return a.start < b.start; });
  return sorted;
}

// The straight line through the earth is shorter than any way over it.
bool TooFarApart(const Sorted& a, const Sorted& b) {
  double square = 0;
  for (size_t i = 0; i < 3; ++i) square += (a.place_m[i] - b.place_m[i]) * (a.place_m[i] - b.place_m[i]);
  const double reach_m = 600 + a.footprint->radius_m + b.footprint->radius_m;  // 600: both could be the default.
  return square > reach_m * reach_m;
}

// Every pair that plainly collides, both ways round and each activity with itself. Tries all but those of which one
// starts an hour or more after the other ends, and those that a straight line shows to be too far apart.
Pairs PlainPairs(const World& world) {
  const std::vector<Sorted> sorted = SortedByStart(world);
  Pairs pairs;
  for (size_t i = 0; i < sorted.size(); ++i) {
    const Sorted& a = sorted[i];
    const absl::Time reach = a.footprint->end + absl::Hours(1);
    pairs.emplace_back(a.number, a.number);
    for (size_t j = i + 1; j < sorted.size() && sorted[j].start < reach; ++j) {
      const Sorted& b = sorted[j];
      if (TooFarApart(a, b) || !PlainlyCollide(*a.footprint, *b.footprint)) continue;
      pairs.emplace_back(a.number, b.number);
      pairs.emplace_back(b.number, a.number);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

// What the index answers for every activity of `world`. A stranger's number is the size of the world.
Pairs IndexedPairs(const SpaceTimeIndex& index, const World& world) {
  std::vector<const ActivityKey*> keys;
  for (const auto& [key, footprint] : world) keys.push_back(&key);
  const auto number_of = [&keys](const ActivityKey& key) {
    const auto at = std::lower_bound(keys.begin(), keys.end(), key,
                                     [](const ActivityKey* a, const ActivityKey& b) { return *a < b; });
    return static_cast<uint32_t>(at != keys.end() && **at == key ? at - keys.begin() : keys.end() - keys.begin());
  };
  Pairs pairs;
  uint32_t number = 0;
  for (const auto& [key, footprint] : world) {
    for (const ActivityKey& other : index.Colliding(footprint)) pairs.emplace_back(number, number_of(other));
    ++number;
  }
  return pairs;
}

// Where the two part; empty when they are equal.
std::string Difference(const Pairs& plain, const Pairs& indexed, const World& world) {
  const auto [at_plain, at_indexed] = std::mismatch(plain.begin(), plain.end(), indexed.begin(), indexed.end());
  if (at_plain == plain.end() && at_indexed == indexed.end()) return "";
  const uint32_t number = at_plain != plain.end() ? at_plain->first : at_indexed->first;
  const auto& [agency_id, activity_id] = std::next(world.begin(), number)->first;
  return absl::StrCat(plain.size(), " and ", indexed.size(), " pairs, which part at ", agency_id, " ", activity_id);
}

// A twentieth of `world` moves, and a twentieth goes while as many come.
void Stir(WorldMaker* maker, std::mt19937_64* random, World* world, SpaceTimeIndex* index) {
  std::vector<ActivityKey> gone;
  for (auto& [key, footprint] : *world) {
    const uint64_t fate = (*random)() % 20;
    if (fate == 0) index->Add(key, footprint = maker->Next());
    if (fate == 1) gone.push_back(key);
  }
  for (const ActivityKey& key : gone) {
    world->erase(key);
    index->Remove(key);
  }
  for (const auto& [key, footprint] : maker->Make(gone.size())) index->Add(key, (*world)[key] = footprint);
}

TEST(SpaceTimeIndexAtFullSize, C3EveryPairOf100000ActivitiesIsAsThePlainRuleSays) {
  std::mt19937_64 random = SeededRandom();
  WorldMaker maker(&random);
  World world = maker.Make(kActivities);
  SpaceTimeIndex index;
  for (const auto& [key, footprint] : world) index.Add(key, footprint);
  Stir(&maker, &random, &world, &index);
  ASSERT_EQ(index.size(), kActivities);

  const Pairs plain = PlainPairs(world);
  EXPECT_GT(plain.size(), 3 * kActivities);  // That there is something to find.
  EXPECT_EQ(Difference(plain, IndexedPairs(index, world), world), "");

  // And without any shortcut for some of them, and for some that are not in the index.
  for (int i = 0; i < 40; ++i) {
    const auto at = std::next(world.begin(), static_cast<int64_t>(random() % world.size()));
    EXPECT_EQ(index.Colliding(at->second), PlainlyColliding(world, at->second));
    const Footprint stranger = maker.Next();
    EXPECT_EQ(index.Colliding(stranger), PlainlyColliding(world, stranger));
  }
}

}  // namespace
}  // namespace muster
