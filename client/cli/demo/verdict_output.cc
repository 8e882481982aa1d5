// A replay's verdict as a table for people and as JSON for programs.
#include <map>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/demo/verdict.h"

namespace muster {
namespace {

using Count = std::optional<uint64_t>;

// A state's line, published or counted. Unset: not reported.
struct StateLine {
  Count arrests;
  Count adults;
  Count minors;
  Count services;
  bool operator==(const StateLine&) const = default;
};

std::map<std::string, StateLine> CountedLines(const v1::TallyTotals& totals) {
  std::map<std::string, StateLine> lines;
  for (const v1::StateFigures& state : totals.by_state()) {
    StateLine& line = lines[state.state()];
    if (state.has_arrests()) line.arrests = state.arrests().confirmed();
    if (state.has_adults()) line.adults = state.adults().confirmed();
    if (state.has_minors()) line.minors = state.minors().confirmed();
    if (state.has_services()) line.services = state.services().confirmed();
  }
  return lines;
}

StateLine PublishedLine(const PublishedState& state) {
  return {state.arrests, state.adults, state.minors, state.services};
}

std::string Show(Count count) { return count.has_value() ? absl::StrCat(*count) : "-"; }

std::string Show(const StateLine& line) {
  return absl::StrFormat("%7s %7s %7s %8s", Show(line.arrests), Show(line.adults), Show(line.minors),
                         Show(line.services));
}

void PrintStates(const Scenario& scenario, const Verdict& verdict, std::ostream& out) {
  std::map<std::string, StateLine> counted = CountedLines(verdict.by_lead);
  out << absl::StrFormat("%-6s|%33s |%33s |\n", "", "published", "counted by the broker");
  const std::string columns = absl::StrFormat("%7s %7s %7s %8s", "arrests", "adults", "minors", "services");
  out << absl::StrFormat("%-6s| %32s | %32s |\n", "state", columns, columns);
  for (const PublishedState& state : scenario.published.states) {
    const StateLine& got = counted[state.state];
    out << absl::StrFormat("%-6s| %32s | %32s | %s\n", state.state, Show(PublishedLine(state)), Show(got),
                           got == PublishedLine(state) ? "ok" : "DIFFERS");
  }
  out << "A dash is \"not reported\", which is not 0.\n\n";
}

void PrintLines(absl::string_view title, const std::vector<VerdictLine>& lines, std::ostream& out) {
  out << absl::StrFormat("%-48s %16s  %16s\n", title, "wanted", "got");
  for (const VerdictLine& line : lines) {
    out << absl::StrFormat("%-48s %16s  %16s  %s\n", line.what, line.wanted, line.got, line.ok() ? "ok" : "DIFFERS");
  }
  out << "\n";
}

const v1::Figure& FigureOf(absl::string_view name, const v1::StateFigures& state) {
  return name == "arrests" ? state.arrests() : name == "persons" ? state.persons() : state.services();
}

// What the ledger says where somebody published a claim: about one state when the claim's name begins with it.
uint64_t LedgerValue(const PublishedClaim& claim, const v1::TallyTotals& totals) {
  const std::map<std::string, std::string> states = {{"Kentucky", "KY"}, {"South Dakota", "SD"}};
  for (const auto& [name, usps] : states) {
    if (claim.claim.rfind(name, 0) != 0) continue;
    for (const v1::StateFigures& state : totals.by_state()) {
      if (state.state() == usps) return FigureOf(claim.figure, state).confirmed();
    }
  }
  const v1::Figure& figure = claim.figure == "arrests"   ? totals.arrests()
                             : claim.figure == "persons" ? totals.persons()
                                                         : totals.services();
  return figure.confirmed();
}

// Claims that differ stay beside the ledger, each with its difference (rule T9).
void PrintClaims(const Scenario& scenario, const Verdict& verdict, std::ostream& out) {
  out << absl::StrFormat("%-24s %-8s %7s %8s %10s  %s\n", "published claims", "figure", "claim", "by lead", "by source",
                         "by");
  for (const PublishedClaim& claim : scenario.published.claims) {
    out << absl::StrFormat("%-24s %-8s %7d %8d %10d  %s\n", claim.claim, claim.figure, claim.value,
                           LedgerValue(claim, verdict.by_lead), LedgerValue(claim, verdict.by_source), claim.by);
  }
  out << "Claims are shown, not judged: they disagree among themselves.\n\n";
}

}  // namespace

bool Verdict::ok(const Published& published) const {
  std::map<std::string, StateLine> counted = CountedLines(by_lead);
  const auto ok = [](const VerdictLine& line) { return line.ok(); };
  return absl::c_all_of(figures, ok) && absl::c_all_of(promises, ok) && counted.size() == published.states.size() &&
         absl::c_all_of(published.states,
                        [&](const PublishedState& state) { return counted[state.state] == PublishedLine(state); });
}

void PrintVerdict(const Scenario& scenario, const Verdict& verdict, std::ostream& out) {
  out << "\nEXERCISE  " << scenario.creation.operation().code_name() << ", replayed\n\n";
  PrintStates(scenario, verdict, out);
  PrintClaims(scenario, verdict, out);
  PrintLines("headline figures", verdict.figures, out);
  PrintLines("promises", verdict.promises, out);
  out << (verdict.ok(scenario.published) ? "EXERCISE  Every figure is as published.\n"
                                         : "EXERCISE  Some figures DIFFER; see above.\n");
}

std::string VerdictJson(const Scenario& scenario, const Verdict& verdict, const TallyRoundReport& report,
                        uint64_t seed) {
  const v1::TallyTotals& lead = verdict.by_lead;
  const std::vector<std::pair<absl::string_view, uint64_t>> fields = {
      {"arrests", lead.arrests().confirmed()},
      {"arrests_in_window", lead.arrests().in_window()},
      {"arrests_out_of_window", lead.arrests().out_of_window()},
      {"persons", lead.persons().confirmed()},
      {"adults", lead.adults().confirmed()},
      {"minors", lead.minors().confirmed()},
      {"persons_kentucky_definition", verdict.by_source.persons().confirmed()},
      {"states_reporting_persons", static_cast<uint64_t>(lead.persons_coverage().states_reporting_size())},
      {"submissions_sent", report.submissions_sent},
      {"duplicates_injected", report.duplicates_injected},
      {"broker_restarts", report.broker_restarts},
      {"seed", seed}};
  const std::string numbers = absl::StrJoin(fields, ",", [](std::string* out, const auto& field) {
    absl::StrAppend(out, "\"", field.first, "\":", field.second);
  });
  const std::string mode = v1::OperationMode_Name(lead.mode()).substr(sizeof("OPERATION_MODE_") - 1);
  return absl::StrCat("{\"mode\":\"", mode, "\",\"ok\":", verdict.ok(scenario.published) ? "true" : "false", ",",
                      numbers, "}");
}

}  // namespace muster
