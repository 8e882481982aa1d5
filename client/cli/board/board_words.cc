#include "client/cli/board/board_words.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/text.h"
#include "common/clock.h"

namespace muster::cli {
namespace {

bool IsOver(v1::ConflictState state) {
  return state == v1::CONFLICT_STATE_RESOLVED || state == v1::CONFLICT_STATE_EXPIRED ||
         state == v1::CONFLICT_STATE_CANCELLED;
}

template <typename Conflict>
OpenConflict Common(const Conflict& conflict) {
  OpenConflict open;
  open.conflict_id = conflict.conflict_id();
  open.escalated = conflict.state() == v1::CONFLICT_STATE_ESCALATED;
  open.state = Label(conflict.state());
  if (conflict.has_respond_by()) open.respond_by = FromProto(conflict.respond_by());
  return open;
}

OpenConflict FromRecord(const v1::ConflictRecord& conflict) {
  OpenConflict open = Common(conflict);
  open.owned = !conflict.owner_agency_id().empty();
  if (open.owned) absl::StrAppend(&open.state, ", owner ", conflict.owner_agency_id());
  open.who = absl::StrJoin(conflict.parties(), " and ", [](std::string* out, const v1::ConflictParty& party) {
    absl::StrAppend(out, party.agency_id());
  });
  return open;
}

OpenConflict FromAlert(const v1::Alert& alert) {
  OpenConflict open = Common(alert);
  // A party is not told who owns it, only that somebody does.
  open.owned = alert.state() != v1::CONFLICT_STATE_OPEN && alert.state() != v1::CONFLICT_STATE_ESCALATED;
  open.who = absl::StrCat("with ", alert.other_agency_id(), ": call ", alert.other_contact_name(), " ",
                          alert.other_contact_phone_24h());
  return open;
}

// The sites that are in the way of GO first.
int Urgency(const v1::SiteReadiness& site) {
  switch (site.status()) {
    case v1::READINESS_STATUS_ABORTED:
      return 0;
    case v1::READINESS_STATUS_HOLD:
      return 1;
    case v1::READINESS_STATUS_NOT_READY:
      return site.optional_for_go() || site.has_waiver() ? 4 : 2;
    case v1::READINESS_STATUS_UNKNOWN:
      return site.optional_for_go() || site.has_waiver() ? 4 : 3;
    default:
      return 5;
  }
}

std::string CoverageText(const v1::Coverage& coverage) {
  const int reporting = coverage.states_reporting_size();
  const int silent = coverage.states_not_reported_size();
  return absl::StrCat(
      reporting, " of ", reporting + silent, " reporting",
      silent == 0 ? "" : absl::StrCat("; not reported: ", absl::StrJoin(coverage.states_not_reported(), ", ")));
}

std::string FigureText(const v1::Figure& figure, const v1::Coverage& coverage) {
  if (coverage.states_reporting_size() == 0) return absl::StrCat("not reported (", CoverageText(coverage), ")");
  return absl::StrCat(figure.confirmed(), " confirmed (", CoverageText(coverage), ")");
}

}  // namespace

std::string SpanText(absl::Duration length) {
  const int64_t seconds = length / absl::Seconds(1);
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) return absl::StrFormat("%dm%02ds", seconds / 60, seconds % 60);
  if (seconds < 48 * 3600) return absl::StrFormat("%dh%02dm", seconds / 3600, seconds / 60 % 60);
  return absl::StrFormat("%dd%02dh", seconds / 86400, seconds / 3600 % 24);
}

bool IsReady(v1::ReadinessStatus status) {
  return status >= v1::READINESS_STATUS_READY && status <= v1::READINESS_STATUS_COMPLETE;
}

std::string ReadyText(const v1::ReadinessBoard& board) {
  int required = 0;
  int ready = 0;
  int waived = 0;
  for (const v1::SiteReadiness& site : board.sites()) {
    if (site.optional_for_go()) continue;
    ++required;
    ready += IsReady(site.status()) ? 1 : 0;
    waived += !IsReady(site.status()) && site.has_waiver() ? 1 : 0;
  }
  return absl::StrCat(ready, " of ", required, " required sites ready",
                      waived == 0 ? "" : absl::StrCat(", ", waived, " waived"));
}

std::string StatusWord(v1::ReadinessStatus status) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(Label(status), {{"-", " "}}));
}

std::vector<v1::SiteReadiness> SitesByUrgency(const v1::ReadinessBoard& board) {
  std::vector<v1::SiteReadiness> sites(board.sites().begin(), board.sites().end());
  std::stable_sort(sites.begin(), sites.end(), [](const v1::SiteReadiness& a, const v1::SiteReadiness& b) {
    return std::make_pair(Urgency(a), a.site_id()) < std::make_pair(Urgency(b), b.site_id());
  });
  return sites;
}

std::vector<OpenConflict> OpenConflicts(const v1::ListConflictsResponse& conflicts) {
  std::vector<OpenConflict> open;
  std::set<std::string> seen;
  for (const v1::ConflictView& view : conflicts.conflicts()) {
    const v1::ConflictState state = view.has_conflict() ? view.conflict().state() : view.alert().state();
    if (IsOver(state)) continue;
    OpenConflict one = view.has_conflict() ? FromRecord(view.conflict()) : FromAlert(view.alert());
    if (seen.insert(one.conflict_id).second) open.push_back(std::move(one));
  }
  const auto key = [](const OpenConflict& one) {
    return std::make_tuple(one.owned, one.respond_by.value_or(absl::InfiniteFuture()), one.conflict_id);
  };
  std::sort(open.begin(), open.end(), [&key](const OpenConflict& a, const OpenConflict& b) { return key(a) < key(b); });
  return open;
}

std::string ArrestsText(const v1::TallyTotals& totals) {
  return FigureText(totals.arrests(), totals.arrests_coverage());
}

std::string PersonsText(const v1::TallyTotals& totals) {
  if (!totals.victim_counts_withheld()) return FigureText(totals.persons(), totals.persons_coverage());
  for (const v1::SuppressedFigure& figure : totals.suppressed_victim_counts()) {
    if (figure.figure() != v1::FIGURE_KIND_PERSONS || !figure.state().empty()) continue;
    return figure.has_value() ? absl::StrCat(figure.value(), " confirmed") : "suppressed: too few to publish";
  }
  return totals.suppressed_victim_counts().empty() ? "withheld from your role" : "not reported";
}

}  // namespace muster::cli
