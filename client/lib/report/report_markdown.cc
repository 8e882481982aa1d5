#include "client/lib/report/report_markdown.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "client/lib/label.h"
#include "common/clock.h"
#include "google/protobuf/timestamp.pb.h"

namespace muster {
namespace {

using Cells = std::vector<std::string>;

std::string Escape(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\t') {
      escaped += ' ';
    } else if (absl::string_view("\\`*_{}[]<>#|&!~").find(c) != absl::string_view::npos) {
      escaped += '\\';
      escaped += c;
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string At(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", FromProto(time), absl::UTCTimeZone());
}

std::string Seconds(bool known, int64_t seconds) {
  return known ? absl::FormatDuration(absl::Seconds(seconds)) : std::string("-");
}

class Document {
 public:
  void Heading(absl::string_view text) { absl::StrAppend(&text_, "\n## ", text, "\n\n"); }
  void Line(absl::string_view text) { absl::StrAppend(&text_, text, "\n"); }

  // A table, or a sentence when it has no rows.
  void Table(const Cells& columns, const std::vector<Cells>& rows, absl::string_view when_empty) {
    if (rows.empty()) return Line(when_empty);
    absl::StrAppend(&text_, "| ", absl::StrJoin(columns, " | "), " |\n|");
    for (size_t i = 0; i < columns.size(); ++i) absl::StrAppend(&text_, "---|");
    absl::StrAppend(&text_, "\n");
    for (const Cells& row : rows) {
      absl::StrAppend(&text_, "|");
      for (const std::string& cell : row) absl::StrAppend(&text_, " ", Escape(cell), " |");
      absl::StrAppend(&text_, "\n");
    }
  }

  std::string Take() && { return std::move(text_); }

 private:
  std::string text_;
};

void Head(const v1::AfterActionReport& report, Document* document) {
  document->Line(absl::StrCat("# After-action report: ", Escape(report.code_name())));
  document->Line("");
  if (report.mode() != v1::OPERATION_MODE_ACTUAL) {
    document->Line(absl::StrCat("**", absl::AsciiStrToUpper(Label(report.mode())), ": not a real operation.**"));
    document->Line("");
  }
  document->Line(absl::StrCat("Operation `", report.operation_id(), "`, led by ", Escape(report.lead_agency_id()),
                              ", phase ", Label(report.phase()), ". As ", Escape(report.reader_agency_id()),
                              " may see it: ", report.deliveries(), " deliveries from ", At(report.first_at()), " to ",
                              At(report.last_at()), " UTC."));
}

void Figures(const v1::AfterActionReport& report, Document* document) {
  document->Heading("Tally");
  if (!report.has_totals()) return document->Line("This reader sees no totals.");
  const v1::TallyTotals& totals = report.totals();
  std::vector<Cells> rows;
  const auto add = [&rows](absl::string_view name, const v1::Figure& figure) {
    rows.push_back({std::string(name), absl::StrCat(figure.confirmed()), absl::StrCat(figure.provisional()),
                    absl::StrCat(figure.potential()), absl::StrCat(figure.in_window()),
                    absl::StrCat(figure.out_of_window())});
  };
  add("arrests", totals.arrests());
  if (!totals.victim_counts_withheld()) {
    add("persons recovered", totals.persons());
    add("adults", totals.adults());
    add("minors", totals.minors());
    add("services", totals.services());
  }
  document->Table({"figure", "confirmed", "provisional", "potential", "in window", "outside"}, rows, "");
  const v1::Coverage& persons = totals.persons_coverage();
  document->Line("");
  document->Line(absl::StrCat(
      persons.states_reporting_size(), " of ", persons.states_reporting_size() + persons.states_not_reported_size(),
      " states reported persons; ", totals.duplicates_pending(), " suspected duplicates wait for a decision."));
}

void Corrections(const v1::AfterActionReport& report, Document* document) {
  document->Heading("Corrections and disputes");
  std::vector<Cells> rows;
  for (const v1::CorrectionSummary& one : report.corrections()) {
    rows.push_back({At(one.at()), one.agency_id(), Label(one.category()), absl::StrCat(one.count_before()),
                    absl::StrCat(one.count_after()), one.author_agency_id(), one.reason()});
  }
  document->Table({"at", "agency", "category", "before", "after", "by", "reason"}, rows, "No entry was corrected.");
  rows.clear();
  for (const v1::Reconciliation& one : report.disputes()) {
    Cells texts;
    for (const v1::Explanation& explanation : one.explanations()) texts.push_back(explanation.text());
    const v1::Claim& claim = one.claim().claim();
    rows.push_back({claim.source(), absl::StrCat(Label(claim.figure()), " ", claim.state()),
                    absl::StrCat(claim.value()), one.has_ledger_value() ? absl::StrCat(one.ledger_value()) : "-",
                    absl::StrCat(one.difference()), absl::StrJoin(texts, " ")});
  }
  document->Line("");
  document->Table({"source", "figure", "claimed", "ledger", "difference", "explanation"}, rows,
                  "No claim of others is on record.");
}

void Readiness(const v1::AfterActionReport& report, Document* document) {
  document->Heading("Acknowledgement and readiness");
  std::vector<Cells> rows;
  for (const v1::AcknowledgementLatency& one : report.acknowledgements()) {
    rows.push_back({one.agency_id(), absl::StrCat(one.version()), Label(one.status()), At(one.answered_at()),
                    Seconds(one.has_seconds(), one.seconds())});
  }
  document->Table({"agency", "its version", "answer", "at", "after publishing"}, rows, "Nobody acknowledged a plan.");
  rows.clear();
  for (const v1::ReadinessLatency& one : report.readiness()) {
    rows.push_back({one.site_id(), one.agency_id(), absl::StrCat(one.epoch()), At(one.ready_at()),
                    Seconds(one.has_seconds_before_h_hour(), one.seconds_before_h_hour()),
                    Seconds(one.has_go_acknowledgement_seconds(), one.go_acknowledgement_seconds())});
  }
  document->Line("");
  document->Table({"site", "agency", "epoch", "ready at", "before H-hour", "GO acknowledged after"}, rows,
                  "No readiness was reported.");
  rows.clear();
  for (const v1::ReadinessWaiver& one : report.waivers()) {
    rows.push_back({one.site_id(), one.approver_name(), one.reason(), At(one.recorded_at())});
  }
  document->Line("");
  document->Table({"site waived", "by", "reason", "at"}, rows, "No site was waived.");
}

void Conflicts(const v1::AfterActionReport& report, Document* document) {
  document->Heading("Conflicts");
  std::vector<Cells> rows;
  for (const v1::ConflictSummary& one : report.conflicts()) {
    rows.push_back({one.conflict_id(), absl::StrJoin(one.agency_ids(), ", "), Label(one.state()),
                    one.resolution() == v1::CONFLICT_RESOLUTION_UNSPECIFIED ? "-" : Label(one.resolution()),
                    At(one.opened_at()), Seconds(one.has_seconds_to_resolution(), one.seconds_to_resolution()),
                    one.escalated() ? "yes" : "no", one.text()});
  }
  document->Table({"conflict", "between", "state", "outcome", "opened", "over after", "escalated", "text"}, rows,
                  "None that this reader may know of.");
}

void Disclosures(const v1::AfterActionReport& report, Document* document) {
  document->Heading("Disclosures");
  std::vector<Cells> rows;
  for (const v1::DisclosureSummary& one : report.disclosures()) {
    rows.push_back({one.from_agency_id(), one.to_agency_id(), one.object_class(), absl::StrCat(one.count())});
  }
  document->Table({"of", "to", "what", "times"}, rows, "None is on record for this reader.");
}

}  // namespace

std::string RenderMarkdown(const v1::AfterActionReport& report) {
  Document document;
  Head(report, &document);
  document.Heading("What is missing");
  for (const std::string& gap : report.gaps()) document.Line(absl::StrCat("* ", Escape(gap)));
  if (report.gaps().empty()) document.Line("Nothing.");
  Figures(report, &document);
  Corrections(report, &document);
  Readiness(report, &document);
  Conflicts(report, &document);
  Disclosures(report, &document);
  document.Heading("Timeline (UTC)");
  std::vector<Cells> rows;
  for (const v1::TimelineItem& item : report.timeline()) rows.push_back({At(item.at()), item.text()});
  document.Table({"at", "what"}, rows, "Nothing happened.");
  return std::move(document).Take();
}

}  // namespace muster
