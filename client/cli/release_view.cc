#include "client/cli/release_view.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/record_file.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace muster::cli {
namespace {

Table CellTable(const google::protobuf::RepeatedPtrField<v1::ReleaseCell>& cells) {
  Table table = {.columns = {{"figure"}, {"state"}, {"shown", /*right=*/true}}, .rows = {}};
  for (const v1::ReleaseCell& cell : cells) {
    table.rows.push_back(
        {LabelIfSet(cell.name().figure()), cell.name().state().empty() ? "all" : cell.name().state(), CellText(cell)});
  }
  return table;
}

std::string FindingLines(const google::protobuf::RepeatedPtrField<std::string>& findings) {
  std::string lines;
  for (const std::string& finding : findings) absl::StrAppend(&lines, "  ", EscapeForTerminal(finding), "\n");
  return lines;
}

std::string Who(const v1::Principal& principal) {
  return principal.agency_id().empty() ? "" : absl::StrCat(principal.agency_id(), "/", principal.post());
}

}  // namespace

absl::StatusOr<v1::ReleaseCellName> ParseCellName(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  if (parts.first.empty() || (parts.second.empty() && absl::StrContains(text, ':'))) {
    return absl::InvalidArgumentError(absl::StrCat("\"", absl::CHexEscape(text), "\" is not FIGURE or FIGURE:STATE"));
  }
  v1::ReleaseCellName name;
  MUSTER_RETURN_IF_ERROR(SetRecordField("figure", parts.first, &name));
  MUSTER_RETURN_IF_ERROR(SetRecordField("state", parts.second, &name));
  return name;
}

std::string CellNameText(const v1::ReleaseCellName& name) {
  return name.state().empty() ? Label(name.figure()) : absl::StrCat(Label(name.figure()), ":", name.state());
}

std::string CellText(const v1::ReleaseCell& cell) {
  switch (cell.shown_case()) {
    case v1::ReleaseCell::kValue:
      return absl::StrCat(cell.value());
    case v1::ReleaseCell::kSuppressedBelow:
      return absl::StrCat("<", cell.suppressed_below());
    case v1::ReleaseCell::kWithheld:
      return "withheld";
    case v1::ReleaseCell::kNotReported:
      return "not reported";
    case v1::ReleaseCell::SHOWN_NOT_SET:
      break;
  }
  return "unknown";
}

std::string ReleaseText(const v1::Release& release) {
  return absl::StrCat("release ", release.release_id(), " \"", release.title(), "\" is ", Label(release.state()), ", ",
                      release.cells_size(), " figures",
                      release.findings_size() > 0 ? absl::StrCat(", ", release.findings_size(), " findings") : "",
                      release.corrected_by_release_id().empty()
                          ? ""
                          : absl::StrCat(", corrected by ", release.corrected_by_release_id()));
}

View ReleaseView(const v1::GetReleaseResponse& response) {
  const v1::Release& release = response.release();
  View view;
  view.object = &response;
  view.always_print_zeros = true;
  view.mode = release.mode();
  std::string& heading = view.heading;
  const auto line = [&heading](absl::string_view name, const std::string& value) {
    if (!value.empty()) absl::StrAppend(&heading, name, " ", EscapeForTerminal(value), "\n");
  };
  line("release", absl::StrCat(release.release_id(), "  ", Label(release.state())));
  line("title", release.title());
  line("figures as of", TimeText(release.figures_as_of()));
  line("drafted by", Who(release.drafted_by()));
  line("approved by", Who(release.approved_by()));
  line("issued", TimeText(release.issued_at()));
  line("corrects", release.corrects_release_id());
  line("corrected by", release.corrected_by_release_id());
  if (release.has_override()) {
    line("OVERRIDE by", absl::StrCat(release.override().approver_name(), ": ", release.override().reason()));
  }
  heading += "\n";
  view.table = CellTable(release.cells());
  if (release.findings_size() > 0) absl::StrAppend(&view.body, "\nFINDINGS\n", FindingLines(release.findings()));
  if (!release.statement().empty()) absl::StrAppend(&view.body, "\n", release.statement(), "\n");
  return view;
}

View ReleasesView(const v1::ListReleasesResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.table.columns = {{"release"}, {"state"},        {"title"},    {"figures", /*right=*/true}, {"figures as of"},
                        {"issued"},  {"corrected by"}, {"override"}, {"findings", /*right=*/true}};
  for (const v1::Release& release : response.releases()) {
    view.items.push_back(&release);
    view.TakeMode(release.mode());
    view.table.rows.push_back({release.release_id(), Label(release.state()), release.title(),
                               absl::StrCat(release.cells_size()), TimeText(release.figures_as_of()),
                               TimeText(release.issued_at()), release.corrected_by_release_id(),
                               release.override().approver_name(), absl::StrCat(release.findings_size())});
  }
  return view;
}

View PreviewView(const v1::PreviewReleaseResponse& response) {
  View view;
  view.object = &response;
  view.always_print_zeros = true;
  view.heading = response.findings().empty()
                     ? "this would pass its check\n\n"
                     : absl::StrCat("this would be REFUSED:\n", FindingLines(response.findings()), "\n");
  view.table = CellTable(response.cells());
  if (response.suggested_withheld_size() > 0) {
    absl::StrAppend(&view.body, "\nit passes with --withhold ",
                    absl::StrJoin(response.suggested_withheld(), ",",
                                  [](std::string* out, const v1::ReleaseCellName& name) {
                                    out->append(EscapeForTerminal(CellNameText(name)));
                                  }),
                    "\n");
  }
  return view;
}

}  // namespace muster::cli
