#include "server/state/tally_totals.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "common/clock.h"
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

// The entry that contains `record`, if it counts: one of the same agency, reported and not reversed, that the viewer
// may see (rule P7) and that is as firm (rule T12).
const v1::TallyEntryRecord* LiveContainer(const TallyQuestion& question, const v1::TallyEntryRecord& record,
                                          const std::string& container_id) {
  const v1::TallyEntryRecord* container = question.operation.ledger().Find(container_id);
  if (container == nullptr || !WasReported(question, *container) || WasReversed(question, *container)) return nullptr;
  const bool same_agency = container->entry().primary_agency_id() == record.entry().primary_agency_id();
  const bool as_firm = container->entry().status() <= record.entry().status();
  return same_agency && as_firm && MayCount(question, *container) ? container : nullptr;
}

// Adds the entries that contain `record`, directly or through others.
void AddContainers(const TallyQuestion& question, const v1::TallyEntryRecord& record, std::set<std::string>* ids) {
  std::vector<const v1::TallyEntryRecord*> to_visit = {&record};
  while (!to_visit.empty()) {
    const v1::TallyEntryRecord& next = *to_visit.back();
    to_visit.pop_back();
    for (const std::string& id : next.entry().contained_in_entry_ids()) {
      const v1::TallyEntryRecord* container = LiveContainer(question, next, id);
      if (container != nullptr && ids->insert(id).second) to_visit.push_back(container);
    }
  }
}

bool IsContained(const TallyQuestion& question, const v1::TallyEntryRecord& record) {
  const std::string& own_id = record.entry().entry_id();
  std::set<std::string> containers;
  AddContainers(question, record, &containers);
  // Entries that claim to contain each other must not all vanish: of a circle, the one with the smallest id counts.
  if (containers.count(own_id) == 0) return !containers.empty();
  return absl::c_any_of(containers, [&](const std::string& id) {
    if (id < own_id) return true;
    std::set<std::string> beyond;
    AddContainers(question, *question.operation.ledger().Find(id), &beyond);
    return beyond.count(own_id) == 0;
  });
}

// The one place where it is decided whether an entry counts.
v1::CountingDecision Decide(const TallyQuestion& question, const v1::TallyEntryRecord& record) {
  if (WasReversed(question, record)) return v1::COUNTING_DECISION_REVERSED;
  if (record.entry().status() == v1::TALLY_STATUS_POTENTIAL) return v1::COUNTING_DECISION_POTENTIAL;
  if (question.definition == v1::COUNTING_DEFINITION_SOURCE && IsContained(question, record)) {
    return v1::COUNTING_DECISION_CONTAINED_IN_ANOTHER;
  }
  if (record.entry().status() == v1::TALLY_STATUS_PROVISIONAL) return v1::COUNTING_DECISION_PROVISIONAL;
  return v1::COUNTING_DECISION_COUNTED;
}

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
      : question_(question), withhold_victims_(SeesCountsOnly(question.viewer)) {}

  void Add(const v1::TallyEntryRecord& record) {
    const v1::TallyEntry& entry = record.entry();
    if (withhold_victims_ && IsVictimCount(entry.category())) return;
    const v1::CountingDecision decision = Decide(question_, record);
    if (decision == v1::COUNTING_DECISION_REVERSED) return;
    AddTo(question_, entry, decision, &by_category_[entry.category()]);
    if (entry.category() == v1::TALLY_CATEGORY_SEIZED_CURRENCY) AddMoney(entry, decision);
    AddToLines(entry, decision);
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
  const bool withhold_victims_;
  v1::TallyTotals totals_;
  std::map<v1::TallyCategory, v1::Figure> by_category_;
  std::map<std::string, v1::StateFigures> by_state_;
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
  v1::ExplainTallyResponse response;
  for (const auto& [id, record] : question.operation.ledger().entries()) {
    if (!WasReported(question, record) || !Enters(LinesOf(record.entry().category()), figure)) continue;
    if (!SeesEntry(question.state, question.operation, question.viewer, record)) continue;
    v1::ExplainedEntry* explained = response.add_entries();
    *explained->mutable_record() = record;
    if (!WasReversed(question, record)) explained->mutable_record()->clear_reversal();
    explained->set_decision(Decide(question, record));
    explained->set_state(std::string(StateOfEntry(question.operation, record.entry())));
    AddTo(question, record.entry(), explained->decision(), response.mutable_figure());
  }
  return response;
}

}  // namespace muster
