#include "server/state/tally_totals.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "common/clock.h"
#include "server/state/containment.h"
#include "server/state/visibility.h"

namespace muster {
namespace {

// Which published lines a category enters. Citations and identified suspects enter none (T11).
struct Lines {
  bool arrest = false;
  bool adult = false;
  bool minor = false;
  bool age_unknown = false;
  bool service = false;

  bool person() const { return adult || minor || age_unknown; }
};

Lines LinesOf(v1::TallyCategory category) {
  Lines lines;
  switch (category) {
    case v1::TALLY_CATEGORY_ARREST_TRAFFICKER:
    case v1::TALLY_CATEGORY_ARREST_BUYER:
    case v1::TALLY_CATEGORY_ARREST_ENTICEMENT_OF_MINOR:
    case v1::TALLY_CATEGORY_ARREST_PROMOTING:
    case v1::TALLY_CATEGORY_ARREST_OTHER:
    case v1::TALLY_CATEGORY_ARREST_UNCATEGORISED:
      lines.arrest = true;
      break;
    case v1::TALLY_CATEGORY_PERSON_RECOVERED_ADULT:
      lines.adult = true;
      break;
    case v1::TALLY_CATEGORY_PERSON_RECOVERED_MINOR:
      lines.minor = true;
      break;
    case v1::TALLY_CATEGORY_PERSON_RECOVERED_AGE_UNKNOWN:
      lines.age_unknown = true;
      break;
    case v1::TALLY_CATEGORY_SERVICE_ACCEPTED:
      lines.service = true;  // What was received; offers and refusals stay in by_category.
      break;
    default:
      break;
  }
  return lines;
}

bool IsVictimCount(v1::TallyCategory category) {
  switch (category) {
    case v1::TALLY_CATEGORY_MISSING_CHILD_RECOVERED:
    case v1::TALLY_CATEGORY_MISSING_CHILD_LOCATED_SAFE:
    case v1::TALLY_CATEGORY_SERVICE_OFFERED:
    case v1::TALLY_CATEGORY_SERVICE_DECLINED:
    case v1::TALLY_CATEGORY_SERVICE_MEDICAL:
    case v1::TALLY_CATEGORY_REFERRAL:
      return true;
    default:
      return LinesOf(category).person() || LinesOf(category).service;
  }
}

bool Enters(const Lines& lines, v1::FigureKind figure) {
  switch (figure) {
    case v1::FIGURE_KIND_ARRESTS:
      return lines.arrest;
    case v1::FIGURE_KIND_PERSONS:
      return lines.person();
    case v1::FIGURE_KIND_ADULTS:
      return lines.adult;
    case v1::FIGURE_KIND_MINORS:
      return lines.minor;
    case v1::FIGURE_KIND_SERVICES:
      return lines.service;
    default:
      return false;
  }
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

// The one place where it is decided whether an entry counts. Who counts inside whom is found out once for a question.
class Decisions {
 public:
  explicit Decisions(const TallyQuestion& question) : question_(question) {
    if (question.definition != v1::COUNTING_DEFINITION_SOURCE) return;
    // An entry counts inside another only if the viewer may see that one (rule P7).
    std::vector<const v1::TallyEntry*> live;
    for (const auto& [id, record] : question.operation.ledger().entries()) {
      if (WasReported(question, record) && !WasReversed(question, record) && MayCount(question, record)) {
        live.push_back(&record.entry());
      }
    }
    contained_ = ContainedEntries(live);
  }

  v1::CountingDecision Of(const v1::TallyEntryRecord& record) const {
    if (WasReversed(question_, record)) return v1::COUNTING_DECISION_REVERSED;
    if (record.entry().status() == v1::TALLY_STATUS_POTENTIAL) return v1::COUNTING_DECISION_POTENTIAL;
    if (contained_.contains(record.entry().entry_id())) return v1::COUNTING_DECISION_CONTAINED_IN_ANOTHER;
    if (record.entry().status() == v1::TALLY_STATUS_PROVISIONAL) return v1::COUNTING_DECISION_PROVISIONAL;
    return v1::COUNTING_DECISION_COUNTED;
  }

 private:
  const TallyQuestion& question_;
  absl::flat_hash_set<std::string> contained_;  // By the source's definition; empty by the lead's.
};

void AddTo(const TallyQuestion& question, const v1::TallyEntry& entry, v1::CountingDecision decision,
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

v1::Coverage CoverageOf(const std::set<std::string>& expected, const std::set<std::string>& reporting) {
  v1::Coverage coverage;
  for (const std::string& state : reporting) coverage.add_states_reporting(state);
  for (const std::string& state : expected) {
    if (reporting.count(state) == 0) coverage.add_states_not_reported(state);
  }
  return coverage;
}

// Adds one viewer's entries up, line by line.
class Adder {
 public:
  explicit Adder(const TallyQuestion& question)
      : question_(question), decisions_(question), withhold_victims_(SeesCountsOnly(question.viewer)) {}

  void Add(const v1::TallyEntryRecord& record) {
    const v1::TallyEntry& entry = record.entry();
    if (withhold_victims_ && IsVictimCount(entry.category())) return;
    const v1::CountingDecision decision = decisions_.Of(record);
    if (decision == v1::COUNTING_DECISION_REVERSED) return;
    AddTo(question_, entry, decision, &by_category_[entry.category()]);
    if (entry.category() == v1::TALLY_CATEGORY_SEIZED_CURRENCY) AddMoney(entry, decision);
    AddToLines(entry, decision);
    if (decision == v1::COUNTING_DECISION_COUNTED) AddAssists(entry);
  }

  v1::TallyTotals Finish(const std::set<std::string>& expected_states) && {
    *totals_.mutable_arrests_coverage() = CoverageOf(expected_states, arrest_states_);
    if (!withhold_victims_) *totals_.mutable_persons_coverage() = CoverageOf(expected_states, person_states_);
    for (const auto& [category, figure] : by_category_) {
      v1::CategoryFigure* added = totals_.add_by_category();
      added->set_category(category);
      *added->mutable_figure() = figure;
    }
    for (const std::string& state : expected_states) by_state_[state].set_state(state);
    for (auto& [state, figures] : by_state_) *totals_.add_by_state() = std::move(figures);
    for (auto& [agency_id, credit] : assists_) *totals_.add_assists() = std::move(credit);
    totals_.set_victim_counts_withheld(withhold_victims_);
    return std::move(totals_);
  }

 private:
  void AddToLines(const v1::TallyEntry& entry, v1::CountingDecision decision) {
    const Lines lines = LinesOf(entry.category());
    const std::string state(StateOfEntry(question_.operation, entry));
    v1::StateFigures& row = by_state_[state];
    row.set_state(state);
    const auto add = [&](v1::Figure* total, v1::Figure* of_state) {
      AddTo(question_, entry, decision, total);
      if (of_state != nullptr) AddTo(question_, entry, decision, of_state);
    };
    if (lines.arrest) add(totals_.mutable_arrests(), row.mutable_arrests());
    if (lines.person()) add(totals_.mutable_persons(), row.mutable_persons());
    if (lines.adult) add(totals_.mutable_adults(), row.mutable_adults());
    if (lines.minor) add(totals_.mutable_minors(), row.mutable_minors());
    if (lines.age_unknown) add(totals_.mutable_persons_age_unknown(), nullptr);
    if (lines.service) add(totals_.mutable_services(), row.mutable_services());
    if (decision == v1::COUNTING_DECISION_POTENTIAL) return;  // Not yet a report (T12).
    if (lines.arrest) arrest_states_.insert(state);
    if (lines.person()) person_states_.insert(state);
  }

  // Credit stands apart: it enters no figure (T4).
  void AddAssists(const v1::TallyEntry& entry) {
    const Lines lines = LinesOf(entry.category());
    if (entry.count() == 0 || !(lines.arrest || lines.person())) return;
    const std::set<std::string> agencies(entry.assisting_agency_ids().begin(), entry.assisting_agency_ids().end());
    for (const std::string& agency_id : agencies) {
      if (agency_id == entry.primary_agency_id()) continue;
      v1::AssistCredit& credit = assists_[agency_id];
      credit.set_agency_id(agency_id);
      if (lines.arrest) credit.set_arrests(credit.arrests() + entry.count());
      if (lines.person()) credit.set_persons(credit.persons() + entry.count());
    }
  }

  void AddMoney(const v1::TallyEntry& entry, v1::CountingDecision decision) {
    if (decision != v1::COUNTING_DECISION_COUNTED) return;
    v1::AmountFigure* amount = totals_.mutable_seized_currency();
    if (entry.has_amount_cents()) {
      amount->set_known_cents(amount->known_cents() + entry.amount_cents());
    } else {
      amount->set_entries_of_unknown_amount(amount->entries_of_unknown_amount() + 1);
    }
  }

  const TallyQuestion& question_;
  const Decisions decisions_;
  const bool withhold_victims_;
  v1::TallyTotals totals_;
  std::map<v1::TallyCategory, v1::Figure> by_category_;
  std::map<std::string, v1::StateFigures> by_state_;
  std::map<std::string, v1::AssistCredit> assists_;
  std::set<std::string> arrest_states_;
  std::set<std::string> person_states_;
};

}  // namespace

v1::TallyTotals TotalsFor(const TallyQuestion& question) {
  Adder adder(question);
  for (const auto& [id, record] : question.operation.ledger().entries()) {
    if (WasReported(question, record) && MayCount(question, record)) adder.Add(record);
  }
  v1::TallyTotals totals = std::move(adder).Finish(ExpectedStates(question));
  totals.set_operation_id(question.operation.id());
  totals.set_mode(question.operation.operation().mode());
  totals.set_definition(question.definition);
  if (question.as_of != absl::InfiniteFuture()) *totals.mutable_as_of() = ToProto(question.as_of);
  totals.set_visible_entries_only(!SeesWholeRoster(question.viewer) && !SeesCountsOnly(question.viewer));
  return totals;
}

v1::ExplainTallyResponse ExplainFigure(const TallyQuestion& question, v1::FigureKind figure) {
  const Decisions decisions(question);
  v1::ExplainTallyResponse response;
  for (const auto& [id, record] : question.operation.ledger().entries()) {
    if (!WasReported(question, record) || !Enters(LinesOf(record.entry().category()), figure)) continue;
    if (!SeesEntry(question.state, question.operation, question.viewer, record)) continue;
    v1::ExplainedEntry* explained = response.add_entries();
    *explained->mutable_record() = record;
    if (!WasReversed(question, record)) explained->mutable_record()->clear_reversal();
    explained->set_decision(decisions.Of(record));
    explained->set_state(std::string(StateOfEntry(question.operation, record.entry())));
    AddTo(question, record.entry(), explained->decision(), response.mutable_figure());
  }
  return response;
}

}  // namespace muster
