// Whether an entry counts, for whom and as of when: decided here for totals, explanations, releases and reconciliations
// alike, so that no two figures of the same question can disagree.
//
// Threading: functions of the state, which the caller holds still.
#ifndef MUSTER_SERVER_STATE_TALLIES_COUNTING_H_
#define MUSTER_SERVER_STATE_TALLIES_COUNTING_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/v1/tally.pb.h"
#include "server/state/operations/operation_record.h"
#include "server/state/state.h"

namespace muster {

// What to add up: how overlaps count, what had been reported by `as_of` (rule T13), and for whom.
struct TallyQuestion {
  const State& state;
  const OperationRecord& operation;
  const v1::Participant& viewer;
  v1::CountingDefinition definition;
  absl::Time as_of = absl::InfiniteFuture();
};

// The lead's question: over every entry.
TallyQuestion LeadQuestion(const State& state, const OperationRecord& operation, v1::CountingDefinition definition,
                           absl::Time as_of = absl::InfiniteFuture());

bool WasReported(const TallyQuestion& question, const v1::TallyEntryRecord& record);
bool WasReversed(const TallyQuestion& question, const v1::TallyEntryRecord& record);
// Whether the viewer's figures cover the entry (rule P7).
bool MayCount(const TallyQuestion& question, const v1::TallyEntryRecord& record);

// Who counts inside whom is found out once for a question.
class CountingDecisions {
 public:
  // Borrows `question`.
  explicit CountingDecisions(const TallyQuestion& question);

  v1::CountingDecision Of(const v1::TallyEntryRecord& record) const;

 private:
  const TallyQuestion& question_;
  absl::flat_hash_set<std::string> contained_;  // By the source's definition; empty by the lead's.
};

// Adds the entry's count to `figure`, where its decision puts it.
void AddToFigure(const TallyQuestion& question, const v1::TallyEntry& entry, v1::CountingDecision decision,
                 v1::Figure* figure);

// The state of the entry's site.
absl::string_view StateOfEntry(const OperationRecord& operation, const v1::TallyEntry& entry);

// ---- Headlines -------------------------------------------------------------------------------------------------

struct FigureName {
  // Empty: the whole operation.
  std::string state;
  v1::FigureKind figure = v1::FIGURE_KIND_UNSPECIFIED;

  bool operator<(const FigureName& other) const {
    return std::tie(state, figure) < std::tie(other.state, other.figure);
  }
  bool operator==(const FigureName& other) const {
    return std::tie(state, figure) == std::tie(other.state, other.figure);
  }
};

// Confirmed figures. One that nobody has reported is not there (rule T3).
using Figures = std::map<FigureName, uint64_t>;

Figures ConfirmedFigures(const TallyQuestion& question);

inline constexpr std::array<v1::FigureKind, 5> kFigureKinds = {v1::FIGURE_KIND_ARRESTS, v1::FIGURE_KIND_PERSONS,
                                                               v1::FIGURE_KIND_ADULTS, v1::FIGURE_KIND_MINORS,
                                                               v1::FIGURE_KIND_SERVICES};

// "Kentucky minors", or "minors" for the whole operation.
std::string NameInWords(const FigureName& name);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_COUNTING_H_
