// Everything that one agency ever receives from a broker, as bytes (rule P7). Test code only.
#ifndef MUSTER_TESTS_NONINTERFERENCE_TRANSCRIPT_H_
#define MUSTER_TESTS_NONINTERFERENCE_TRANSCRIPT_H_

#include <string>
#include <utility>
#include <vector>

#include "server/state/testing/test_support.h"

namespace muster {

// What was received, by what it answers.
using Transcript = std::vector<std::pair<std::string, std::string>>;

// Names that reads can be asked for, whether or not the viewer may know of them.
struct Names {
  std::vector<std::string> activity_ids;
  std::vector<std::string> agency_ids;
  std::vector<std::string> conflict_ids;
  std::vector<std::string> release_ids;
};

// The names that exist in `state`, to be asked for in every world of a pair.
void CollectNames(const State& state, Names* names);

// The answer of every read there is to `viewer`, with every choice of arguments that `names` and the protocol's
// enumerations give, page by page; errors with their reasons; and the feed.
// `with_disclosures`: the log of disclosures tells an agency who reads what is its own, so that it changes when readers
// join.
Transcript TranscriptOf(const State& state, const std::string& feed, const std::string& viewer, absl::Time now,
                        const Names& names, bool with_disclosures);

}  // namespace muster

#endif  // MUSTER_TESTS_NONINTERFERENCE_TRANSCRIPT_H_
