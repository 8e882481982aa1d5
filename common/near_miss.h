// "Did you mean ...?" for names that people type.
//
// Threading: a pure function.
#ifndef MUSTER_COMMON_NEAR_MISS_H_
#define MUSTER_COMMON_NEAR_MISS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

// The candidate that is the fewest insertions, deletions, replacements and exchanges of neighbouring characters away
// from `typed`, if that is at most a third of its length (or one); the earliest of equals; empty when nothing is near.
// Meant for short names: 64 bytes of `typed` count, no more.
std::string NearMiss(absl::string_view typed, const std::vector<std::string>& candidates);

}  // namespace muster

#endif  // MUSTER_COMMON_NEAR_MISS_H_
