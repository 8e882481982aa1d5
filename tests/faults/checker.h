// Holds a history against the truth: the log itself, replayed.
//
//   * what was acknowledged exists exactly once, as it was acknowledged, in the order of its sender;
//   * what was never acknowledged is absent or there once; nothing is there that nobody sent;
//   * each reader's transcript is a prefix, without gaps, of what its agency may see; all of it if it had the time.
//
// Threading: pure functions.
#ifndef MUSTER_TESTS_FAULTS_CHECKER_H_
#define MUSTER_TESTS_FAULTS_CHECKER_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "muster/v1/submission.pb.h"
#include "tests/faults/history.h"

namespace muster {

// What the log says.
struct Truth {
  struct Decision {
    std::string agency_id;
    std::string submission_id;
    v1::Outcome outcome;
  };
  // In the order of the log, without what was decided before the history began. A submission that the log holds twice
  // in one commit, which decides it once, is here once.
  std::vector<Decision> decisions;
  // Every agency's notices in order, encoded deterministically.
  std::map<std::string, std::vector<std::string>> notices;
  // Each feed as it is served now, from its beginning.
  std::vector<Transcript> feeds;
};

struct Verdict {
  uint64_t acknowledged = 0;
  uint64_t lost = 0;        // Acknowledged, and not there.
  uint64_t duplicated = 0;  // Decided more than once, or read twice.
  uint64_t reordered = 0;   // In another order than sent, or than the log's.
  uint64_t gaps = 0;        // Of a reader: something is missing.
  uint64_t phantoms = 0;    // Nobody sent it.
  uint64_t changed = 0;     // Decided otherwise than acknowledged, or acknowledged in two ways.
  // The first few, in words.
  std::vector<std::string> violations;

  uint64_t wrong() const { return lost + duplicated + reordered + gaps + phantoms + changed; }
  void Add(const Verdict& other);
};

Verdict Check(const History::Data& history, const Truth& truth);

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_CHECKER_H_
