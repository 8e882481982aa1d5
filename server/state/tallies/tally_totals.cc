#include "server/state/tallies/tally_totals.h"

#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "common/clock.h"
#include "server/state/access/visibility.h"
#include "server/state/tallies/suppressed_totals.h"
#include "server/state/tallies/suspected_duplicates.h"
#include "server/state/tallies/tally_adder.h"
#include "server/state/tallies/tally_lines.h"

namespace muster {
namespace {

// The states whose silence a viewer's totals must name: those of the sites it may see, or all for who sees all counts.
std::set<std::string> ExpectedStates(const TallyQuestion& question) {
  std::set<std::string> states;
  const bool all = SeesWholeRoster(question.viewer) || SeesCountsOnly(question.viewer);
  const std::string own_state(question.state.roster().StateOf(question.viewer.agency_id()));
  for (const auto& [id, site] : question.operation.sites()) {
    const bool own = question.viewer.role() == v1::ROLE_PROSECUTOR
                         ? site.state() == own_state
                         : absl::c_linear_search(question.viewer.site_ids(), id);
    if (all || own) states.insert(site.state());
  }
  return states;
}

// For roles that read victim counts with small cells suppressed. By the lead's definition and as of now only: what
// differs between two answers would be a small count itself, such as Kentucky's two minors (rule T1).
void AddSuppressedCounts(const TallyQuestion& question, v1::TallyTotals* totals) {
  if (!SeesCountsOnly(question.viewer) || question.definition != v1::COUNTING_DEFINITION_LEAD ||
      question.as_of != absl::InfiniteFuture()) {
    return;
  }
  for (v1::SuppressedFigure& figure :
       SuppressedVictimCounts(ConfirmedFigures(question), SmallCellLimitOf(question.operation.operation()))) {
    *totals->add_suppressed_victim_counts() = std::move(figure);
  }
}

}  // namespace

v1::TallyTotals TotalsFor(const TallyQuestion& question) {
  TallyAdder adder(question);
  for (const auto& [id, record] : question.operation.ledger().entries()) {
    if (WasReported(question, *record) && MayCount(question, *record)) adder.Add(*record);
  }
  v1::TallyTotals totals = std::move(adder).Finish(ExpectedStates(question));
  totals.set_operation_id(question.operation.id());
  totals.set_mode(question.operation.operation().mode());
  totals.set_definition(question.definition);
  if (question.as_of != absl::InfiniteFuture()) *totals.mutable_as_of() = ToProto(question.as_of);
  totals.set_visible_entries_only(!SeesWholeRoster(question.viewer) && !SeesCountsOnly(question.viewer));
  totals.set_duplicates_pending(CountPendingDuplicates(question));
  AddSuppressedCounts(question, &totals);
  return totals;
}

v1::ExplainTallyResponse ExplainFigure(const TallyQuestion& question, v1::FigureKind figure) {
  const CountingDecisions decisions(question);
  v1::ExplainTallyResponse response;
  for (const auto& [id, record] : question.operation.ledger().entries()) {
    if (!WasReported(question, *record) || !EntersFigure(record->entry().category(), figure)) continue;
    if (!SeesEntry(question.state, question.operation, question.viewer, *record)) continue;
    v1::ExplainedEntry* explained = response.add_entries();
    *explained->mutable_record() = *record;
    if (!WasReversed(question, *record)) explained->mutable_record()->clear_reversal();
    explained->set_decision(decisions.Of(*record));
    explained->set_state(std::string(StateOfEntry(question.operation, record->entry())));
    AddToFigure(question, record->entry(), explained->decision(), response.mutable_figure());
  }
  return response;
}

}  // namespace muster
