#include "client/cli/totals_view.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"

namespace muster::cli {
namespace {

constexpr char kNotReported[] = "not reported";
// The viewer may not see it: that says nothing about whether it was reported.
constexpr char kWithheld[] = "withheld";

// A small count that could identify somebody, or one from which such a count could be derived (rules S1, S3).
constexpr char kSuppressed[] = "suppressed";

const char* Absent(const v1::TallyTotals& totals) { return totals.victim_counts_withheld() ? kWithheld : kNotReported; }

// A victim count that the totals do not hold as a figure: as far as the viewer may read it at all.
std::string VictimCount(const v1::TallyTotals& totals, v1::FigureKind kind, absl::string_view state) {
  if (totals.suppressed_victim_counts().empty()) return Absent(totals);
  for (const v1::SuppressedFigure& figure : totals.suppressed_victim_counts()) {
    if (figure.figure() != kind || figure.state() != state) continue;
    return figure.has_value() ? absl::StrCat(figure.value()) : kSuppressed;
  }
  return kNotReported;
}

std::string Confirmed(bool reported, const v1::Figure& figure, const std::string& absent = kNotReported) {
  return reported ? absl::StrCat(figure.confirmed()) : absent;
}

// "7 of 12 states reporting".
std::string CoverageText(const v1::Coverage& coverage) {
  return absl::StrCat(coverage.states_reporting_size(), " of ",
                      coverage.states_reporting_size() + coverage.states_not_reported_size(), " states reporting");
}

std::string Dollars(int64_t cents) { return absl::StrFormat("$%d.%02d", cents / 100, cents % 100); }

Table FigureTable() {
  return {.columns = {{"scope"},
                      {"figure"},
                      {"confirmed", true},
                      {"in window", true},
                      {"out of window", true},
                      {"window unknown", true},
                      {"provisional", true},
                      {"potential", true},
                      {"coverage"}},
          .rows = {}};
}

void AddFigure(Table* table, const std::string& scope, const std::string& name, bool reported, const v1::Figure& figure,
               const std::string& coverage, const std::string& absent = kNotReported) {
  if (!reported) {
    table->rows.push_back({scope, name, absent, "", "", "", "", "", coverage});
    return;
  }
  table->rows.push_back({scope, name, absl::StrCat(figure.confirmed()), absl::StrCat(figure.in_window()),
                         absl::StrCat(figure.out_of_window()), absl::StrCat(figure.window_unknown()),
                         absl::StrCat(figure.provisional()), absl::StrCat(figure.potential()), coverage});
}

// Nobody in the country said anything: then the figure is not 0 but not reported, like a state's.
bool AnyReport(const v1::Coverage& coverage) { return coverage.states_reporting_size() > 0; }

Table WholeTable(const v1::TallyTotals& totals) {
  Table table = FigureTable();
  const bool withheld = totals.victim_counts_withheld();
  const bool persons = !withheld && AnyReport(totals.persons_coverage());
  const auto add = [&](const char* name, v1::FigureKind kind, bool reported, const v1::Figure& figure) {
    const std::string coverage =
        kind == v1::FIGURE_KIND_PERSONS && !withheld ? CoverageText(totals.persons_coverage()) : "";
    AddFigure(&table, "all", name, reported, figure, coverage, VictimCount(totals, kind, ""));
  };
  AddFigure(&table, "all", "arrests", AnyReport(totals.arrests_coverage()), totals.arrests(),
            CoverageText(totals.arrests_coverage()));
  add("persons", v1::FIGURE_KIND_PERSONS, persons, totals.persons());
  add("adults", v1::FIGURE_KIND_ADULTS, persons, totals.adults());
  add("minors", v1::FIGURE_KIND_MINORS, persons, totals.minors());
  AddFigure(&table, "all", "persons of unknown age", persons, totals.persons_age_unknown(), "", Absent(totals));
  add("services", v1::FIGURE_KIND_SERVICES, totals.has_services(), totals.services());
  return table;
}

// The four victim counts of a state: what is there, or why it is not.
struct StateCount {
  const char* name;
  v1::FigureKind kind;
  bool reported;
  const v1::Figure& figure;
};
std::vector<StateCount> VictimCounts(const v1::StateFigures& state) {
  return {{"persons", v1::FIGURE_KIND_PERSONS, state.has_persons(), state.persons()},
          {"adults", v1::FIGURE_KIND_ADULTS, state.has_adults(), state.adults()},
          {"minors", v1::FIGURE_KIND_MINORS, state.has_minors(), state.minors()},
          {"services", v1::FIGURE_KIND_SERVICES, state.has_services(), state.services()}};
}

Table StateTable(const v1::TallyTotals& totals) {
  Table table = {
      .columns =
          {{"state"}, {"arrests", true}, {"persons", true}, {"adults", true}, {"minors", true}, {"services", true}},
      .rows = {}};
  for (const v1::StateFigures& state : totals.by_state()) {
    table.rows.push_back({state.state(), Confirmed(state.has_arrests(), state.arrests())});
    for (const StateCount& count : VictimCounts(state)) {
      table.rows.back().push_back(
          Confirmed(count.reported, count.figure, VictimCount(totals, count.kind, state.state())));
    }
  }
  return table;
}

Table CategoryTable(const v1::TallyTotals& totals) {
  Table table = {.columns = {{"category"}, {"confirmed", true}, {"provisional", true}, {"potential", true}},
                 .rows = {}};
  for (const v1::CategoryFigure& one : totals.by_category()) {
    table.rows.push_back({Label(one.category()), absl::StrCat(one.figure().confirmed()),
                          absl::StrCat(one.figure().provisional()), absl::StrCat(one.figure().potential())});
  }
  return table;
}

std::string AssistsSection(const v1::TallyTotals& totals) {
  if (totals.assists().empty()) return "";
  Table table = {.columns = {{"agency"}, {"arrests", true}, {"persons", true}}, .rows = {}};
  for (const v1::AssistCredit& credit : totals.assists()) {
    table.rows.push_back({credit.agency_id(), absl::StrCat(credit.arrests()),
                          totals.victim_counts_withheld() ? kWithheld : absl::StrCat(credit.persons())});
  }
  return absl::StrCat("\nASSISTS (credit, in no figure above)\n", RenderTable(table));
}

std::string Heading(const v1::TallyTotals& totals) {
  const bool source = totals.definition() == v1::COUNTING_DEFINITION_SOURCE;
  std::string heading = absl::StrCat(EscapeForTerminal(totals.operation_id()),
                                     source ? ", counted as each source does" : ", counted as the lead does");
  if (totals.has_as_of()) absl::StrAppend(&heading, ", as reported by ", TimeText(totals.as_of()));
  if (totals.visible_entries_only()) {
    absl::StrAppend(&heading, "\nonly over the entries that you may see: your own agency's, or your own state's");
  }
  if (totals.suppressed_victim_counts_size() > 0) {
    absl::StrAppend(&heading, "\nof persons and services your role sees counts in which nobody can be identified");
  } else if (totals.victim_counts_withheld()) {
    absl::StrAppend(&heading, "\npersons, missing children and services are withheld from your role");
  }
  return absl::StrCat(heading, "\n\n");
}

std::string NotReportedLines(const v1::TallyTotals& totals) {
  std::string lines;
  const auto line = [&lines](absl::string_view what, const v1::Coverage& coverage) {
    if (coverage.states_not_reported_size() == 0) return;
    absl::StrAppend(&lines, what, " not reported by: ", absl::StrJoin(coverage.states_not_reported(), ", "), "\n");
  };
  line("arrests", totals.arrests_coverage());
  if (!totals.victim_counts_withheld()) line("persons", totals.persons_coverage());
  return lines;
}

bool IsReported(const v1::TallyTotals& totals, v1::TallyCategory category) {
  return std::any_of(totals.by_category().begin(), totals.by_category().end(),
                     [category](const v1::CategoryFigure& one) { return one.category() == category; });
}

// What makes the figures above less than certain.
std::string DoubtLines(const v1::TallyTotals& totals) {
  std::string lines;
  if (totals.duplicates_pending() > 0) {
    absl::StrAppend(&lines, "suspected duplicates waiting for a decision: ", totals.duplicates_pending(),
                    " (see `muster tally duplicates`)\n");
  }
  if (const v1::Figure& uncategorised = totals.arrests_uncategorised(); uncategorised.confirmed() > 0) {
    absl::StrAppend(&lines, "arrests in no category: ", uncategorised.confirmed(), "\n");
  }
  if (const v1::ServiceFigures& services = totals.service_figures(); totals.has_service_figures()) {
    const auto count = [&totals](const char* name, v1::TallyCategory category, uint64_t value) {
      return absl::StrCat(name, " ", IsReported(totals, category) ? absl::StrCat(value) : kNotReported);
    };
    absl::StrAppend(&lines, "services: ", count("offered", v1::TALLY_CATEGORY_SERVICE_OFFERED, services.offered()),
                    ", ", count("accepted", v1::TALLY_CATEGORY_SERVICE_ACCEPTED, services.accepted()), ", ",
                    count("declined", v1::TALLY_CATEGORY_SERVICE_DECLINED, services.declined()), ", ",
                    count("pending", v1::TALLY_CATEGORY_SERVICE_PENDING, services.pending()),
                    services.consistent() ? "\n" : "; INCONSISTENT: more were answered than offered\n");
  }
  if (const v1::PersonsUnion& both = totals.recovered_or_missing(); totals.has_recovered_or_missing()) {
    absl::StrAppend(&lines, "recovered persons and missing children together: ",
                    both.has_persons() ? absl::StrCat(both.persons()) : EscapeForTerminal(both.why_unknown()), "\n");
  }
  return lines;
}

std::string SeizedLine(const v1::TallyTotals& totals) {
  if (!totals.has_seized_currency()) return "";
  const v1::AmountFigure& seized = totals.seized_currency();
  std::string line = absl::StrCat("seized currency: ", Dollars(seized.known_cents()));
  if (seized.entries_of_unknown_amount() > 0) {
    absl::StrAppend(&line, " known, and ", seized.entries_of_unknown_amount(), " seizures of unknown amount");
  }
  return line + "\n";
}

std::vector<std::string> EntryCells(const v1::TallyEntryRecord& record) {
  const v1::TallyEntry& entry = record.entry();
  std::string count = absl::StrCat(entry.count());
  if (entry.has_amount_cents()) count = Dollars(entry.amount_cents());
  return {
      entry.entry_id(),      entry.site_id(),           Label(entry.category()),       count,
      Label(entry.status()), entry.primary_agency_id(), TimeText(entry.occurred_at()), TimeText(record.reported_at()),
      entry.source()};
}

constexpr const char* kEntryTitles[] = {"entry",          "site",     "category", "count", "status",
                                        "primary agency", "occurred", "reported", "source"};

Table EntryTable() {
  Table table;
  for (const char* title : kEntryTitles) table.columns.push_back({title, absl::string_view(title) == "count"});
  return table;
}

}  // namespace

View TotalsView(const v1::GetTotalsResponse& response) {
  const v1::TallyTotals& totals = response.totals();
  View view;
  view.object = &response;
  view.always_print_zeros = true;
  view.mode = totals.mode();
  view.heading = Heading(totals);
  view.table = WholeTable(totals);
  view.body = absl::StrCat("\n", RenderTable(StateTable(totals)), "\n", NotReportedLines(totals), SeizedLine(totals),
                           DoubtLines(totals));
  if (totals.by_category_size() > 0) absl::StrAppend(&view.body, "\n", RenderTable(CategoryTable(totals)));
  view.body += AssistsSection(totals);
  view.csv = view.table;
  for (const v1::StateFigures& state : totals.by_state()) {
    AddFigure(&view.csv, state.state(), "arrests", state.has_arrests(), state.arrests(), "");
    for (const StateCount& count : VictimCounts(state)) {
      AddFigure(&view.csv, state.state(), count.name, count.reported, count.figure, "",
                VictimCount(totals, count.kind, state.state()));
    }
  }
  return view;
}

View EntriesView(const v1::ListTallyEntriesResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.table = EntryTable();
  view.table.columns.push_back({"reversed"});
  for (const v1::TallyEntryRecord& record : response.entries()) {
    view.items.push_back(&record);
    view.table.rows.push_back(EntryCells(record));
    view.table.rows.back().push_back(record.has_reversal() ? record.reversal().reason() : "");
  }
  return view;
}

View ExplanationView(v1::FigureKind kind, const v1::ExplainTallyResponse& response) {
  const v1::Figure& figure = response.figure();
  View view;
  view.object = &response;
  view.is_list = true;
  view.always_print_zeros = true;
  view.heading = absl::StrCat(
      Label(kind), ": ",
      response.has_figure() ? absl::StrCat(figure.confirmed(), " confirmed") : std::string(kNotReported),
      response.has_figure() ? absl::StrCat(" (", figure.in_window(), " in the window, ", figure.out_of_window(),
                                           " outside, ", figure.window_unknown(), " at an unstated time), ",
                                           figure.provisional(), " provisional, ", figure.potential(), " potential")
                            : "",
      "\n\n");
  view.table = EntryTable();
  view.table.columns.insert(view.table.columns.begin(), {{"state"}, {"decision"}});
  for (const v1::ExplainedEntry& explained : response.entries()) {
    view.items.push_back(&explained);
    std::vector<std::string> cells = EntryCells(explained.record());
    cells.insert(cells.begin(), {explained.state(), Label(explained.decision())});
    view.table.rows.push_back(std::move(cells));
  }
  return view;
}

View DuplicatesView(const v1::ListSuspectedDuplicatesResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.mode = response.mode();
  view.table.columns = {{"entry"}, {"other entry"}, {"why"}, {"decision"}, {"by"}, {"at"}, {"reason"}};
  for (const v1::SuspectedDuplicate& pair : response.duplicates()) {
    view.items.push_back(&pair);
    view.table.rows.push_back({pair.entry_id(), pair.other_entry_id(), pair.why(), LabelIfSet(pair.decision()),
                               pair.decided_by().agency_id(), TimeText(pair.decided_at()), pair.reason()});
  }
  return view;
}

}  // namespace muster::cli
