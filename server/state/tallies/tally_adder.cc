#include "server/state/tallies/tally_adder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/state/access/visibility.h"
#include "server/state/tallies/tally_lines.h"

namespace muster {
namespace {

v1::Coverage CoverageOf(const std::set<std::string>& expected, const std::set<std::string>& reporting) {
  v1::Coverage coverage;
  for (const std::string& state : reporting) coverage.add_states_reporting(state);
  for (const std::string& state : expected) {
    if (reporting.count(state) == 0) coverage.add_states_not_reported(state);
  }
  return coverage;
}

}  // namespace

TallyAdder::TallyAdder(const TallyQuestion& question)
    : question_(question), decisions_(question), withhold_victims_(SeesCountsOnly(question.viewer)) {}

void TallyAdder::Add(const v1::TallyEntryRecord& record) {
  const v1::TallyEntry& entry = record.entry();
  if (withhold_victims_ && IsVictimCount(entry.category())) return;
  const v1::CountingDecision decision = decisions_.Of(record);
  if (decision == v1::COUNTING_DECISION_REVERSED) return;
  AddToFigure(question_, entry, decision, &by_category_[entry.category()]);
  AddToLines(entry, decision);
  if (decision != v1::COUNTING_DECISION_COUNTED) return;
  if (entry.category() == v1::TALLY_CATEGORY_SEIZED_CURRENCY) AddMoney(entry);
  AddAssists(entry);
}

v1::TallyTotals TallyAdder::Finish(const std::set<std::string>& expected_states) && {
  *totals_.mutable_arrests_coverage() = CoverageOf(expected_states, arrest_states_);
  if (!withhold_victims_) *totals_.mutable_persons_coverage() = CoverageOf(expected_states, person_states_);
  // Shown even when it is 0: that the categories account for every arrest is news too (T8).
  if (totals_.has_arrests()) {
    const auto uncategorised = by_category_.find(v1::TALLY_CATEGORY_ARREST_UNCATEGORISED);
    *totals_.mutable_arrests_uncategorised() =
        uncategorised == by_category_.end() ? v1::Figure() : uncategorised->second;
  }
  FinishServices();
  FinishUnion();
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

void TallyAdder::AddToLines(const v1::TallyEntry& entry, v1::CountingDecision decision) {
  const Lines lines = LinesOf(entry.category());
  const std::string state(StateOfEntry(question_.operation, entry));
  v1::StateFigures& row = by_state_[state];
  row.set_state(state);
  const auto add = [&](v1::Figure* total, v1::Figure* of_state) {
    AddToFigure(question_, entry, decision, total);
    if (of_state != nullptr) AddToFigure(question_, entry, decision, of_state);
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
void TallyAdder::AddAssists(const v1::TallyEntry& entry) {
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

void TallyAdder::AddMoney(const v1::TallyEntry& entry) {
  v1::AmountFigure* amount = totals_.mutable_seized_currency();
  if (entry.has_amount_cents()) {
    amount->set_known_cents(amount->known_cents() + entry.amount_cents());
  } else {
    amount->set_entries_of_unknown_amount(amount->entries_of_unknown_amount() + 1);
  }
}

void TallyAdder::FinishServices() {
  const auto reported = [this](v1::TallyCategory category) { return by_category_.count(category) > 0; };
  const auto confirmed = [this](v1::TallyCategory category) {
    const auto it = by_category_.find(category);
    return it == by_category_.end() ? uint64_t{0} : it->second.confirmed();
  };
  const bool offers_reported = reported(v1::TALLY_CATEGORY_SERVICE_OFFERED);
  if (!offers_reported && !reported(v1::TALLY_CATEGORY_SERVICE_ACCEPTED) &&
      !reported(v1::TALLY_CATEGORY_SERVICE_DECLINED) && !reported(v1::TALLY_CATEGORY_SERVICE_PENDING)) {
    return;
  }
  v1::ServiceFigures* services = totals_.mutable_service_figures();
  services->set_offered(confirmed(v1::TALLY_CATEGORY_SERVICE_OFFERED));
  services->set_accepted(confirmed(v1::TALLY_CATEGORY_SERVICE_ACCEPTED));
  services->set_declined(confirmed(v1::TALLY_CATEGORY_SERVICE_DECLINED));
  services->set_pending(confirmed(v1::TALLY_CATEGORY_SERVICE_PENDING));
  const uint64_t answered = services->accepted() + services->declined() + services->pending();
  // Said, never refused: whichever of the entries comes last must not decide (T15). Offers that nobody has reported
  // are not offers of 0 (T3).
  services->set_consistent(!offers_reported || answered <= services->offered());
}

void TallyAdder::FinishUnion() {
  uint64_t missing = 0;
  for (const auto& [category, figure] : by_category_) {
    if (IsMissingChild(category)) missing += figure.confirmed();
  }
  const uint64_t recovered = totals_.persons().confirmed();
  if (missing == 0 && !totals_.has_persons()) return;
  v1::PersonsUnion* both = totals_.mutable_recovered_or_missing();
  if (missing == 0 || recovered == 0) {
    both->set_persons(missing + recovered);
    return;
  }
  both->set_why_unknown(absl::StrCat("UNKNOWN: some of the ", missing, " missing children may be among the ", recovered,
                                     " persons recovered, and entries hold no tickets that would tell; the two are "
                                     "never added"));
}

}  // namespace muster
