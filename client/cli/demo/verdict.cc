#include "client/cli/demo/verdict.h"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/lib/all_pages.h"
#include "common/status_macros.h"

namespace muster {
namespace {

class Judgement {
 public:
  Judgement(const PlannedTally& tally, Replay& replay) : tally_(tally), replay_(replay) {}

  absl::StatusOr<Verdict> Judge() {
    MUSTER_ASSIGN_OR_RETURN(verdict_.by_lead, GetTotals(v1::COUNTING_DEFINITION_LEAD));
    MUSTER_ASSIGN_OR_RETURN(verdict_.by_source, GetTotals(v1::COUNTING_DEFINITION_SOURCE));
    JudgeFigures();
    MUSTER_RETURN_IF_ERROR(JudgeTraces());
    MUSTER_RETURN_IF_ERROR(JudgeLedger());
    JudgeFeeds();
    return std::move(verdict_);
  }

 private:
  absl::StatusOr<v1::TallyTotals> GetTotals(v1::CountingDefinition definition) {
    v1::GetTotalsRequest request;
    request.set_operation_id(replay_.scenario.operation_id());
    request.set_definition(definition);
    MUSTER_ASSIGN_OR_RETURN(v1::GetTotalsResponse response, replay_.lead().GetTotals(request));
    return std::move(*response.mutable_totals());
  }

  void Figure(absl::string_view what, uint64_t wanted, uint64_t got) {
    verdict_.figures.push_back({std::string(what), absl::StrCat(wanted), absl::StrCat(got)});
  }

  void Promise(absl::string_view what, absl::string_view wanted, absl::string_view got) {
    verdict_.promises.push_back({std::string(what), std::string(wanted), std::string(got)});
  }

  void JudgeFigures() {
    const ExpectedFigures& wanted = replay_.scenario.expected;
    const v1::TallyTotals& lead = verdict_.by_lead;
    Figure("arrests", wanted.arrests, lead.arrests().confirmed());
    Figure("arrests in the window", wanted.arrests_in_window, lead.arrests().in_window());
    Figure("arrests outside the window", wanted.arrests_out_of_window, lead.arrests().out_of_window());
    Figure("persons recovered, as the lead counts", wanted.persons, lead.persons().confirmed());
    Figure("  adults", wanted.adults, lead.adults().confirmed());
    Figure("  minors", wanted.minors, lead.minors().confirmed());
    Figure("persons recovered, as each source counts", wanted.persons_by_source,
           verdict_.by_source.persons().confirmed());
    const auto reporting = static_cast<size_t>(lead.persons_coverage().states_reporting_size());
    const size_t asked = reporting + static_cast<size_t>(lead.persons_coverage().states_not_reported_size());
    verdict_.figures.push_back(
        {"states reporting persons",
         absl::StrCat(wanted.states_reporting_persons, " of ", replay_.scenario.published.states.size()),
         absl::StrCat(reporting, " of ", asked)});
    Promise("operation mode on the totals", "EXERCISE",
            v1::OperationMode_Name(lead.mode()).substr(sizeof("OPERATION_MODE_") - 1));
  }

  // Each figure must be the sum of the entries that the broker names for it.
  absl::Status JudgeTraces() {
    const v1::TallyTotals& lead = verdict_.by_lead;
    const v1::CountingDefinition by_lead = v1::COUNTING_DEFINITION_LEAD;
    MUSTER_RETURN_IF_ERROR(Trace("arrests", v1::FIGURE_KIND_ARRESTS, by_lead, lead.arrests()));
    MUSTER_RETURN_IF_ERROR(Trace("persons", v1::FIGURE_KIND_PERSONS, by_lead, lead.persons()));
    MUSTER_RETURN_IF_ERROR(Trace("adults", v1::FIGURE_KIND_ADULTS, by_lead, lead.adults()));
    MUSTER_RETURN_IF_ERROR(Trace("minors", v1::FIGURE_KIND_MINORS, by_lead, lead.minors()));
    MUSTER_RETURN_IF_ERROR(Trace("services", v1::FIGURE_KIND_SERVICES, by_lead, lead.services()));
    return Trace("persons by source", v1::FIGURE_KIND_PERSONS, v1::COUNTING_DEFINITION_SOURCE,
                 verdict_.by_source.persons());
  }

  absl::Status Trace(absl::string_view name, v1::FigureKind kind, v1::CountingDefinition definition,
                     const v1::Figure& figure) {
    v1::ExplainTallyRequest request;
    request.set_operation_id(replay_.scenario.operation_id());
    request.set_figure(kind);
    request.set_definition(definition);
    MUSTER_ASSIGN_OR_RETURN(const v1::ExplainTallyResponse answer, replay_.lead().ExplainTally(request));
    uint64_t sum = 0;
    std::set<std::string> counted;
    for (const v1::ExplainedEntry& entry : answer.entries()) {
      if (entry.decision() != v1::COUNTING_DECISION_COUNTED) continue;
      const std::string& id = entry.record().entry().entry_id();
      // Twice the same entry, or one that nobody sent, would be a sum without a source.
      if (!tally_.entries.contains(id) || !counted.insert(id).second) continue;
      sum += entry.record().entry().count();
    }
    Promise(absl::StrCat(name, " are the sum of their entries"), absl::StrCat(figure.confirmed(), " explained"),
            absl::StrCat(sum, " explained"));
    return absl::OkStatus();
  }

  // Every entry that was acknowledged is in the ledger once, word for word, and nothing else is.
  absl::Status JudgeLedger() {
    v1::ListTallyEntriesRequest request;
    request.set_operation_id(replay_.scenario.operation_id());
    size_t as_sent = 0;
    size_t others = 0;
    std::set<std::string> seen;
    std::set<std::string> reversed;
    MUSTER_ASSIGN_OR_RETURN(const v1::ListTallyEntriesResponse ledger,
                            AllPages(replay_.lead(), &Client::ListTallyEntries, std::move(request)));
    for (const v1::TallyEntryRecord& record : ledger.entries()) {
      const auto sent = tally_.entries.find(record.entry().entry_id());
      const bool known = sent != tally_.entries.end() && seen.insert(sent->first).second &&
                         sent->second.SerializeAsString() == record.entry().SerializeAsString();
      ++(known ? as_sent : others);
      if (record.has_reversal()) reversed.insert(record.entry().entry_id());
    }
    Promise("ledger entries, each once and word for word", absl::StrCat(tally_.entries.size()), absl::StrCat(as_sent));
    Promise("other entries in the ledger", "0", absl::StrCat(others));
    const std::set<std::string> wanted(tally_.reversed.begin(), tally_.reversed.end());
    Promise("entries reversed by a correction", LabelsOf(wanted), LabelsOf(reversed));
    return absl::OkStatus();
  }

  std::string LabelsOf(const std::set<std::string>& entry_ids) const {
    return absl::StrJoin(entry_ids, ",", [&](std::string* out, const std::string& id) {
      const auto label = tally_.labels.find(id);
      absl::StrAppend(out, label == tally_.labels.end() ? id : label->second);
    });
  }

  void JudgeFeeds() {
    size_t whole = 0;
    std::string wrong;
    for (auto& [agency, post] : replay_.posts) {
      const absl::Status status = post.feed->CheckAgainstHistory(absl::Seconds(60));
      if (status.ok()) {
        ++whole;
      } else {
        absl::StrAppend(&wrong, "; ", agency, ": ", status.ToString());
      }
    }
    Promise("feeds without gap or duplicate", absl::StrCat(replay_.posts.size()), absl::StrCat(whole, wrong));
  }

  const PlannedTally& tally_;
  Replay& replay_;
  Verdict verdict_;
};

}  // namespace

absl::StatusOr<Verdict> Judge(const PlannedTally& tally, Replay& replay) {
  replay.progress.Step("Asking the broker for its figures, and tracing each to its entries");
  return Judgement(tally, replay).Judge();
}

}  // namespace muster
