// Which entries of different agencies look like the same arrest filed twice (rule T5). For a person to decide: nothing
// here changes a figure.
//
// Two entries do when they have the same site, arrest category and count of 1 or more, different booking agencies, are
// not POTENTIAL, and either happened within 15 minutes of each other, or one names the other's agency as assisting and
// they happened within 24 hours of each other or at an unstated time.
//
// A function of the set of entries, whatever order they came in (rule T15). Threading: pure functions.
#ifndef MUSTER_SERVER_STATE_TALLIES_SAME_ARREST_H_
#define MUSTER_SERVER_STATE_TALLIES_SAME_ARREST_H_

#include <functional>
#include <string>
#include <vector>

#include "muster/v1/tally.pb.h"

namespace muster {

// What makes them look so, for a person; empty when they do not.
std::string WhyDuplicate(const v1::TallyEntry& a, const v1::TallyEntry& b);

struct SuspectedPair {
  const v1::TallyEntry* entry;  // The smaller id.
  const v1::TallyEntry* other;
};

// For each entry and other agency, at most this many are looked at, the earliest; and at most so many pairs are found
// in all. Nobody decides ten thousand: what is left shows as others are decided.
inline constexpr int kSuspectsPerAgencyMax = 64;
inline constexpr size_t kSuspectedPairsMax = 10'000;

// The pairs among `entries`, which all count and are there once, that `is_decided` (ids, the smaller first) does not
// name; by their ids. Time: entries times agencies times kSuspectsPerAgencyMax at most.
std::vector<SuspectedPair> FindSameArrests(
    const std::vector<const v1::TallyEntry*>& entries,
    const std::function<bool(const std::string&, const std::string&)>& is_decided);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_SAME_ARREST_H_
