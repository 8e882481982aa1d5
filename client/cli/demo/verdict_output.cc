// A replay's verdict as a table for people and as JSON for programs.
#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/demo/verdict.h"
#include "client/cli/printer.h"

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
  out << absl::StrFormat("%-52s %24s  %24s\n", title, "wanted", "got");
  for (const VerdictLine& line : lines) {
    out << absl::StrFormat("%-52s %24s  %24s  %s\n", line.what, line.wanted, line.got, line.ok() ? "ok" : "DIFFERS");
  }
  out << "\n";
}

std::string Name(const v1::Claim& claim) {
  const std::string figure = v1::FigureKind_Name(claim.figure()).substr(sizeof("FIGURE_KIND_") - 1);
  return absl::StrCat(claim.state().empty() ? "" : claim.state(), claim.state().empty() ? "" : " ",
                      absl::AsciiStrToLower(figure));
}

// Claims that differ stay beside the ledger, each with its difference and what explains it (rules T9, T17).
void PrintClaims(const Verdict& verdict, std::ostream& out) {
  out << absl::StrFormat("%-12s %6s %7s %6s  %s\n", "claims", "claim", "ledger", "differ", "by, and what explains it");
  for (const v1::Reconciliation& one : verdict.reconciliations) {
    const v1::Claim& claim = one.claim().claim();
    out << absl::StrFormat("%-12s %6d %7s %6d  %s\n", Name(claim), claim.value(),
                           one.has_ledger_value() ? absl::StrCat(one.ledger_value()) : "-", one.difference(),
                           claim.source());
    for (const v1::Explanation& explanation : one.explanations()) {
      out << absl::StrFormat("%36s%s\n", "", explanation.text());
    }
  }
  out << "Claims are shown, not judged: they disagree among themselves.\n\n";
}

}  // namespace

std::vector<std::string> Verdict::Differing(const Published& published) const {
  std::vector<std::string> differing;
  const auto add = [&](const std::vector<VerdictLine>& lines) {
    for (const VerdictLine& line : lines) {
      if (!line.ok()) differing.emplace_back(absl::StripAsciiWhitespace(line.what));
    }
  };
  add(figures);
  for (const Findings& round : rounds) add(round.lines());
  add(promises);
  std::map<std::string, StateLine> counted = CountedLines(by_lead);
  if (counted.size() != published.states.size()) differing.emplace_back("states with figures");
  for (const PublishedState& state : published.states) {
    if (counted[state.state] != PublishedLine(state)) differing.push_back(absl::StrCat("state ", state.state));
  }
  return differing;
}

void PrintVerdict(const Scenario& scenario, const Verdict& verdict, std::ostream& out) {
  out << "\nEXERCISE  " << scenario.creation.operation().code_name() << ", replayed\n\n";
  PrintStates(scenario, verdict, out);
  PrintClaims(verdict, out);
  PrintLines("headline figures", verdict.figures, out);
  for (const Findings& round : verdict.rounds) PrintLines(round.title(), round.lines(), out);
  PrintLines("promises", verdict.promises, out);
  out << (verdict.Differing(scenario.published).empty()
              ? "EXERCISE  Every figure is as published, and every finding as planted.\n"
              : "EXERCISE  Some lines DIFFER; see above.\n");
}

std::string VerdictJson(const Scenario& scenario, const Verdict& verdict, const TallyRoundReport& report,
                        uint64_t seed) {
  const v1::TallyTotals& lead = verdict.by_lead;
  std::vector<std::pair<std::string, uint64_t>> fields = {
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
      {"sent_meanwhile", report.sent_meanwhile},
      {"seed", seed}};
  for (const Findings& round : verdict.rounds)
    fields.insert(fields.end(), round.counts().begin(), round.counts().end());
  const std::string numbers = absl::StrJoin(fields, ",", [](std::string* out, const auto& field) {
    absl::StrAppend(out, "\"", field.first, "\":", field.second);
  });
  const std::string mode = v1::OperationMode_Name(lead.mode()).substr(sizeof("OPERATION_MODE_") - 1);
  const std::vector<std::string> differing = verdict.Differing(scenario.published);
  const std::string differs = absl::StrJoin(
      differing, ",", [](std::string* out, const std::string& name) { absl::StrAppend(out, cli::JsonString(name)); });
  return absl::StrCat("{\"mode\":\"", mode, "\",\"ok\":", differing.empty() ? "true" : "false", ",", numbers,
                      ",\"differs\":[", differs, "]}");
}

}  // namespace muster
