#include "client/cli/board/board_sections.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/acknowledgement_view.h"
#include "client/cli/answer_age.h"
#include "client/cli/board/board_words.h"
#include "client/cli/notice_text.h"
#include "client/cli/readiness_view.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/time_zones.h"

namespace muster::cli {
namespace {

constexpr const char* kZoneNames[] = {"New York", "Chicago", "Denver", "Los Angeles"};

Line Title(absl::string_view name, absl::string_view rest, Style style = Style::kPlain) {
  return {Text(name, Style::kStrong), Text(absl::StrCat("  ", rest), style)};
}

// A part that was not read: why, instead of its body.
bool IsAbsent(const OperationBoard& board, Parts part, absl::string_view name, Section* section) {
  const auto why = board.absent.find(part);
  if (why == board.absent.end()) return false;
  section->title = Title(name, why->second, Style::kFaint);
  return true;
}

// `items` with commas, in as many lines as they take.
std::vector<Line> Wrapped(absl::string_view label, const std::vector<std::string>& items, Style style, size_t width) {
  std::vector<Line> lines;
  std::string line = absl::StrCat("  ", label);
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string item = absl::StrCat(" ", items[i], i + 1 < items.size() ? "," : "");
    if (DisplayWidth(line) + DisplayWidth(item) > width && DisplayWidth(line) > label.size() + 2) {
      lines.push_back({Text(line, style)});
      line = std::string(label.size() + 2, ' ');
    }
    line += item;
  }
  lines.push_back({Text(line, style)});
  return lines;
}

Style StyleOf(v1::ReadinessStatus status) {
  if (IsReady(status)) return Style::kGood;
  return status == v1::READINESS_STATUS_NOT_READY || status == v1::READINESS_STATUS_ABORTED ? Style::kAlarm
                                                                                            : Style::kWarning;
}

std::string AgenciesText(const v1::SiteReadiness& site) {
  std::string text = absl::StrJoin(site.agencies(), ", ", [&site](std::string* out, const v1::AgencyReadiness& agency) {
    absl::StrAppend(out, agency.agency_id());
    // What the site's own word says already is not said again.
    if (agency.status() != site.status()) absl::StrAppend(out, " ", Label(agency.status()));
    if (!agency.reason().empty()) absl::StrAppend(out, ": ", agency.reason());
  });
  if (site.has_waiver()) absl::StrAppend(&text, text.empty() ? "" : "; ", "waived by ", site.waiver().approver_name());
  if (site.optional_for_go()) absl::StrAppend(&text, text.empty() ? "" : "; ", "optional");
  return text;
}

// "respond within 12m03s", "OVERDUE by 3m20s".
Span RespondBy(const OpenConflict& conflict, absl::Time now) {
  if (!conflict.respond_by.has_value()) return Text("no deadline known", Style::kFaint);
  const absl::Duration left = *conflict.respond_by - now;
  if (left < absl::ZeroDuration()) return Text(absl::StrCat("OVERDUE by ", SpanText(-left)), Style::kAlarm);
  return Text(absl::StrCat("respond within ", SpanText(left)),
              left < absl::Minutes(30) ? Style::kWarning : Style::kPlain);
}

// The figure and how many have reported; who has not below it, where one line is too short for both.
void AddFigure(absl::string_view name, const std::string& text, size_t width, std::vector<Line>* body) {
  const std::string label = absl::StrFormat("  %-8s  ", name);
  const size_t silent = text.find("; ");
  if (label.size() + text.size() <= width || silent == std::string::npos) {
    body->push_back({Text(label), Text(text, Style::kStrong)});
    return;
  }
  body->push_back({Text(label), Text(absl::StrCat(text.substr(0, silent), ")"), Style::kStrong)});
  body->push_back({Text(absl::StrCat(std::string(label.size(), ' '), text.substr(silent + 2, text.size() - silent - 3)),
                        Style::kWarning)});
}

bool IsUrgent(const v1::Notice& notice) {
  return notice.has_escalation() || notice.has_alert() || notice.has_conflict() || notice.has_plan() ||
         (notice.has_readiness() && notice.readiness().has_go());
}

}  // namespace

std::vector<Line> LinkLines(const BoardModel& model, const OperationBoard* board, absl::Time now, absl::TimeZone zone,
                            size_t width) {
  const Style style = model.link.connected ? Style::kTitle : Style::kAlarm;
  std::string age = model.link.connected ? "up to date" : "";
  if (board != nullptr && board->copy.has_value()) {
    age = absl::StrCat("KNOWN AT ", ClockText(board->copy->as_of, now, zone), ", ", AgoText(board->copy->as_of, now),
                       board->copy->superseded ? "; newer deliveries have come since" : "");
  } else if (board != nullptr && !model.link.connected) {
    age = absl::StrCat("KNOWN AT ", ClockText(board->read_at, now, zone), ", ", AgoText(board->read_at, now));
  }
  const std::string right = absl::StrCat(age, age.empty() ? "" : "  ", ClockText(now, now, zone), " ");
  Line left = {Text(" MUSTER  ", style), Text(model.link.text, style)};
  std::vector<Line> lines;
  if (Width(left) + DisplayWidth(right) + 2 <= width) {
    left.push_back(Text(std::string(width - Width(left) - DisplayWidth(right), ' '), style));
    left.push_back(Text(right, style));
    lines.push_back(std::move(left));
  } else {
    lines.push_back(Fit(std::move(left), width));
    lines.push_back(Fit({Text(absl::StrCat("         ", right), style)}, width));
  }
  if (model.link.saved_here > 0) {
    lines.push_back(Fit({Text(absl::StrCat(" ", model.link.saved_here,
                                           " submissions are saved here and not accepted yet: muster outbox ls"),
                              Style::kWarning)},
                        width));
  }
  for (const std::string& alarm : model.link.alarms) {
    lines.push_back(Fit({Text(absl::StrCat(" ! ", alarm), Style::kAlarm)}, width));
  }
  return lines;
}

std::vector<Line> ModeLines(const OperationBoard& board, size_t width) {
  const v1::OperationMode mode = board.operation.operation().mode();
  if (mode != v1::OPERATION_MODE_EXERCISE && mode != v1::OPERATION_MODE_TEST) return {};
  const std::string word = absl::AsciiStrToUpper(Label(mode));
  return {Centred(absl::StrCat("*** ", word, " ***   ", word, "   *** ", word, " ***"), Style::kBanner, width)};
}

Line GoBanner(const OperationBoard& board, size_t width) {
  if (!board.readiness.has_value()) return Fit({}, width);
  const v1::GoOrder& go = board.readiness->go();
  Style style = Style::kStrong;
  if (go.state() == v1::GO_STATE_GIVEN) style = Style::kGood;
  if (go.state() == v1::GO_STATE_HELD) style = Style::kBanner;
  if (go.state() == v1::GO_STATE_ABORTED) style = Style::kAlarm;
  const bool open = go.state() != v1::GO_STATE_GIVEN && go.state() != v1::GO_STATE_ABORTED;
  return Fit({Text(absl::StrCat(" ", GoLine(go), open ? absl::StrCat("   ", ReadyText(*board.readiness)) : ""), style)},
             width);
}

std::vector<Line> ClockLines(const OperationBoard& board, absl::Time now, size_t width, bool zone_names) {
  const v1::Operation& operation = board.operation.operation();
  std::vector<Line> lines;
  lines.push_back(Fit(
      {Text(absl::StrCat(" ", operation.code_name()), Style::kStrong),
       Text(absl::StrCat("  ", operation.operation_id(), ", led by ", board.operation.lead_agency_id(), "   phase ")),
       Text(absl::AsciiStrToUpper(Label(board.operation.phase())), Style::kStrong)},
      width));
  const bool set = board.readiness.has_value() && board.readiness->h_hour().has_at();
  const absl::Time h_hour = set ? FromProto(board.readiness->h_hour().at()) : absl::Time();
  if (set) {
    const absl::Duration left = h_hour - now;
    const std::string when = left >= absl::ZeroDuration() ? absl::StrCat("H-HOUR in ", SpanText(left))
                                                          : absl::StrCat("H-HOUR was ", SpanText(-left), " ago");
    lines.push_back(Fit({Text(absl::StrCat(" ", when), left < absl::Minutes(30) ? Style::kWarning : Style::kStrong),
                         Text(absl::StrCat("   ", TimeText(board.readiness->h_hour().at()), ", epoch ",
                                           board.readiness->h_hour().epoch()))},
                        width));
  } else if (board.readiness.has_value()) {
    lines.push_back(Fit({Text(" H-HOUR is not set", Style::kStrong)}, width));
  }
  // As wide as 80 columns take.
  std::string names = "         ";
  std::string clocks = "  now    ";
  std::string hours = "  H-hour ";
  for (size_t i = 0; i < std::size(kFourZones); ++i) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(kFourZones[i], &zone)) continue;
    absl::StrAppendFormat(&names, "%-17s", kZoneNames[i]);
    absl::StrAppendFormat(&clocks, "%-17s", absl::FormatTime("%a %H:%M:%S %Z", now, zone));
    absl::StrAppendFormat(&hours, "%-17s", absl::FormatTime("%a %H:%M    %Z", h_hour, zone));
  }
  if (zone_names) lines.push_back(Fit({Text(names, Style::kFaint)}, width));
  lines.push_back(Fit({Text(clocks)}, width));
  if (set) lines.push_back(Fit({Text(hours, Style::kStrong)}, width));
  return lines;
}

Section AcknowledgementsSection(const OperationBoard& board, size_t width) {
  Section section;
  if (IsAbsent(board, kAcknowledgementsPart, "PLAN", &section)) return section;
  if (!board.acknowledgements.has_value()) return {Title("PLAN", "not read yet", Style::kFaint), {}};
  if (board.acknowledgements->acknowledgements().empty()) {
    return {Title("PLAN", "nobody has one to acknowledge", Style::kFaint), {}};
  }
  const AcknowledgementProgress progress = Progress(*board.acknowledgements, {});
  const int all = board.acknowledgements->acknowledgements_size();
  section.title = Title("PLAN", absl::StrCat("acknowledged by ", progress.acknowledged, " of ", all),
                        progress.missing.empty() ? Style::kGood : Style::kWarning);
  for (const std::string& rejected : progress.rejected) {
    section.body.push_back({Text(absl::StrCat("  REJECTED by ", rejected), Style::kAlarm)});
  }
  if (!progress.missing.empty()) {
    for (Line& line : Wrapped("missing:", progress.missing, Style::kWarning, width)) section.body.push_back(line);
  }
  return section;
}

Section ReadinessSection(const OperationBoard& board) {
  Section section;
  if (IsAbsent(board, kReadinessPart, "READINESS", &section)) return section;
  if (!board.readiness.has_value()) return {Title("READINESS", "not read yet", Style::kFaint), {}};
  section.title = Title("READINESS", ReadyText(*board.readiness));
  const std::vector<v1::SiteReadiness> sites = SitesByUrgency(*board.readiness);
  size_t id_width = 0;
  for (const v1::SiteReadiness& site : sites) id_width = std::max(id_width, site.site_id().size());
  id_width = std::min<size_t>(id_width, 24);
  for (const v1::SiteReadiness& site : sites) {
    section.body.push_back({Text(absl::StrFormat("  %-11s ", StatusWord(site.status())), StyleOf(site.status())),
                            Text(absl::StrFormat("%-*s  ", static_cast<int>(id_width), site.site_id())),
                            Text(AgenciesText(site), Style::kFaint)});
  }
  return section;
}

Section ConflictsSection(const OperationBoard& board, absl::Time now) {
  Section section;
  if (IsAbsent(board, kConflictsPart, "CONFLICTS", &section)) return section;
  if (!board.conflicts.has_value()) return {Title("CONFLICTS", "not read yet", Style::kFaint), {}};
  const std::vector<OpenConflict> open = OpenConflicts(*board.conflicts);
  const auto unowned = std::count_if(open.begin(), open.end(), [](const OpenConflict& one) { return !one.owned; });
  if (open.empty()) return {Title("CONFLICTS", "none open", Style::kGood), {}};
  section.title = Title("CONFLICTS", absl::StrCat(open.size(), " open, ", unowned, " that nobody has taken on"),
                        unowned > 0 ? Style::kAlarm : Style::kWarning);
  for (const OpenConflict& one : open) {
    const char* const word = one.escalated ? "  ESCALATED " : (one.owned ? "  taken on  " : "  UNOWNED   ");
    section.body.push_back({Text(word, one.owned && !one.escalated ? Style::kPlain : Style::kAlarm), Text(" "),
                            RespondBy(one, now), Text(absl::StrCat("  ", one.who))});
    section.body.push_back(
        {Text(absl::StrCat("             ", one.conflict_id, one.owned ? absl::StrCat(", ", one.state) : ""),
              Style::kFaint)});
  }
  return section;
}

Section TotalsSection(const OperationBoard& board, size_t width) {
  Section section;
  if (IsAbsent(board, kTotalsPart, "TOTALS", &section)) return section;
  if (!board.totals.has_value()) return {Title("TOTALS", "not read yet", Style::kFaint), {}};
  section.title = Title("TOTALS", board.totals->visible_entries_only() ? "of the entries that you may see" : "");
  AddFigure("arrests", ArrestsText(*board.totals), width, &section.body);
  AddFigure("persons", PersonsText(*board.totals), width, &section.body);
  if (board.totals->duplicates_pending() > 0) {
    section.body.push_back(
        {Text(absl::StrCat("  ", board.totals->duplicates_pending(), " suspected duplicates wait for a decision"),
              Style::kWarning)});
  }
  return section;
}

Section RecentSection(const BoardModel& model, absl::Time now, absl::TimeZone zone) {
  Section section;
  section.title = Title("LATEST", model.recent.empty() ? "nothing since this began" : "");
  for (const v1::Notice& notice : model.recent) {
    // Where there is but one operation, it need not be named.
    const bool named = !notice.operation_id().empty() && model.order.size() != 1;
    const std::string where = named ? absl::StrCat(notice.operation_id(), "  ") : "";
    section.body.push_back({Text(absl::StrCat("  ", ClockText(FromProto(notice.at()), now, zone), "  "), Style::kFaint),
                            Text(where),
                            Text(DescribeNotice(notice), IsUrgent(notice) ? Style::kStrong : Style::kPlain)});
  }
  return section;
}

}  // namespace muster::cli
