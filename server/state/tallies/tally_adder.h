// Adds one viewer's entries up, line by line.
//
// Threading: none; lives for one question.
#ifndef MUSTER_SERVER_STATE_TALLIES_TALLY_ADDER_H_
#define MUSTER_SERVER_STATE_TALLIES_TALLY_ADDER_H_

#include <map>
#include <set>
#include <string>

#include "muster/v1/tally.pb.h"
#include "server/state/tallies/counting.h"

namespace muster {

class TallyAdder {
 public:
  // Borrows `question`.
  explicit TallyAdder(const TallyQuestion& question);

  // An entry that was reported and that the viewer's figures cover; each once.
  void Add(const v1::TallyEntryRecord& record);

  // What the entries give. `expected_states`: those whose silence is named (rule T3).
  v1::TallyTotals Finish(const std::set<std::string>& expected_states) &&;

 private:
  void AddToLines(const v1::TallyEntry& entry, v1::CountingDecision decision);
  void AddAssists(const v1::TallyEntry& entry);
  void AddMoney(const v1::TallyEntry& entry);

  void FinishServices();
  void FinishUnion();

  const TallyQuestion& question_;
  const CountingDecisions decisions_;
  const bool withhold_victims_;
  v1::TallyTotals totals_;
  std::map<v1::TallyCategory, v1::Figure> by_category_;
  std::map<std::string, v1::StateFigures> by_state_;
  std::map<std::string, v1::AssistCredit> assists_;
  std::set<std::string> arrest_states_;
  std::set<std::string> person_states_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_TALLY_ADDER_H_
