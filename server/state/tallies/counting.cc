#include "server/state/tallies/counting.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/usps_states.h"
#include "server/state/access/visibility.h"
#include "server/state/tallies/containment.h"
#include "server/state/tallies/tally_lines.h"

namespace muster {
namespace {

absl::string_view FigureInWords(v1::FigureKind figure) {
  switch (figure) {
    case v1::FIGURE_KIND_ARRESTS:
      return "arrests";
    case v1::FIGURE_KIND_PERSONS:
      return "persons";
    case v1::FIGURE_KIND_ADULTS:
      return "adults";
    case v1::FIGURE_KIND_MINORS:
      return "minors";
    case v1::FIGURE_KIND_SERVICES:
      return "services";
    default:
      return "persons of unknown age";
  }
}

}  // namespace

TallyQuestion LeadQuestion(const State& state, const OperationRecord& operation, v1::CountingDefinition definition,
                           absl::Time as_of) {
  return {state, operation, *operation.FindParticipant(operation.lead_agency_id()), definition, as_of};
}

bool WasReported(const TallyQuestion& question, const v1::TallyEntryRecord& record) {
  return FromProto(record.reported_at()) <= question.as_of;
}

bool WasReversed(const TallyQuestion& question, const v1::TallyEntryRecord& record) {
  return record.has_reversal() && FromProto(record.reversal().reversed_at()) <= question.as_of;
}

bool MayCount(const TallyQuestion& question, const v1::TallyEntryRecord& record) {
  if (SeesCountsOnly(question.viewer)) return true;
  return SeesEntry(question.state, question.operation, question.viewer, record);
}

CountingDecisions::CountingDecisions(const TallyQuestion& question) : question_(question) {
  if (question.definition != v1::COUNTING_DEFINITION_SOURCE) return;
  // An entry counts inside another only if the viewer may see that one (rule P7).
  std::vector<const v1::TallyEntry*> live;
  for (const auto& [id, record] : question.operation.ledger().entries()) {
    if (WasReported(question, *record) && !WasReversed(question, *record) && MayCount(question, *record)) {
      live.push_back(&record->entry());
    }
  }
  contained_ = ContainedEntries(live);
}

v1::CountingDecision CountingDecisions::Of(const v1::TallyEntryRecord& record) const {
  if (WasReversed(question_, record)) return v1::COUNTING_DECISION_REVERSED;
  if (record.entry().status() == v1::TALLY_STATUS_POTENTIAL) return v1::COUNTING_DECISION_POTENTIAL;
  if (contained_.contains(record.entry().entry_id())) return v1::COUNTING_DECISION_CONTAINED_IN_ANOTHER;
  if (record.entry().status() == v1::TALLY_STATUS_PROVISIONAL) return v1::COUNTING_DECISION_PROVISIONAL;
  return v1::COUNTING_DECISION_COUNTED;
}

void AddToFigure(const TallyQuestion& question, const v1::TallyEntry& entry, v1::CountingDecision decision,
                 v1::Figure* figure) {
  const uint64_t count = entry.count();
  switch (decision) {
    case v1::COUNTING_DECISION_POTENTIAL:
      figure->set_potential(figure->potential() + count);
      return;
    case v1::COUNTING_DECISION_PROVISIONAL:
      figure->set_provisional(figure->provisional() + count);
      return;
    case v1::COUNTING_DECISION_COUNTED:
      break;
    default:
      return;
  }
  figure->set_confirmed(figure->confirmed() + count);
  if (!entry.has_occurred_at()) {
    figure->set_window_unknown(figure->window_unknown() + count);
    return;
  }
  const absl::Time occurred_at = FromProto(entry.occurred_at());
  const v1::TimeWindow& window = question.operation.operation().window();
  if (FromProto(window.start()) <= occurred_at && occurred_at < FromProto(window.end())) {
    figure->set_in_window(figure->in_window() + count);
  } else {
    figure->set_out_of_window(figure->out_of_window() + count);
  }
}

absl::string_view StateOfEntry(const OperationRecord& operation, const v1::TallyEntry& entry) {
  const v1::Site* site = operation.FindSite(entry.site_id());
  return site == nullptr ? absl::string_view() : absl::string_view(site->state());
}

Figures ConfirmedFigures(const TallyQuestion& question) {
  const CountingDecisions decisions(question);
  Figures figures;
  for (const auto& [id, record] : question.operation.ledger().entries()) {
    if (!WasReported(question, *record) || !MayCount(question, *record)) continue;
    if (decisions.Of(*record) != v1::COUNTING_DECISION_COUNTED) continue;
    const std::string state(StateOfEntry(question.operation, record->entry()));
    for (const v1::FigureKind figure : kFigureKinds) {
      if (!EntersFigure(record->entry().category(), figure)) continue;
      figures[{state, figure}] += record->entry().count();
      figures[{"", figure}] += record->entry().count();
    }
  }
  return figures;
}

std::string NameInWords(const FigureName& name) {
  const absl::string_view figure = FigureInWords(name.figure);
  return name.state.empty() ? std::string(figure) : absl::StrCat(UspsStateName(name.state), " ", figure);
}

}  // namespace muster
