#include "client/cli/readiness_view.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"
#include "common/clock.h"
#include "common/status_macros.h"
#include "common/time_zones.h"

namespace muster::cli {
namespace {

// The H-hour on the clocks of a zone; empty where this machine does not know it.
std::string InZone(const v1::HHour& h_hour, absl::string_view zone) {
  if (!h_hour.has_at()) return "";
  const absl::StatusOr<std::string> text = FormatInZone(FromProto(h_hour.at()), zone);
  return text.ok() ? *text : "";
}

// READY or further on.
bool IsReady(v1::ReadinessStatus status) {
  return status >= v1::READINESS_STATUS_READY && status <= v1::READINESS_STATUS_COMPLETE;
}

std::string AgencyText(const v1::AgencyReadiness& agency) {
  std::string text = absl::StrCat(agency.agency_id(), " ", Label(agency.status()));
  if (agency.plan_version() > 0) absl::StrAppend(&text, " for plan version ", agency.plan_version());
  if (!agency.reason().empty()) absl::StrAppend(&text, ": ", agency.reason());
  if (agency.has_go_acknowledged_at()) {
    absl::StrAppend(&text, " (acknowledged GO ", TimeText(agency.go_acknowledged_at()), ")");
  }
  return text;
}

std::string WaiverText(const v1::SiteReadiness& site) {
  if (!site.has_waiver()) return "";
  return absl::StrCat("waived by ", site.waiver().approver_name(), ": ", site.waiver().reason());
}

std::string Approvers(const v1::GoOrder& go) {
  return absl::StrJoin(go.approvals(), " and ", [](std::string* out, const v1::GoApproval& approval) {
    absl::StrAppend(out, approval.operator_name().empty() ? approval.operator_id() : approval.operator_name());
  });
}

// "3 of 5 required sites ready, 1 waived".
std::string ReadyLine(const v1::ReadinessBoard& board) {
  int required = 0;
  int ready = 0;
  int waived = 0;
  for (const v1::SiteReadiness& site : board.sites()) {
    if (site.optional_for_go()) continue;
    ++required;
    if (IsReady(site.status())) {
      ++ready;
    } else if (site.has_waiver()) {
      ++waived;
    }
  }
  return absl::StrCat(ready, " of ", required, " required sites ready",
                      waived > 0 ? absl::StrCat(", ", waived, " waived") : "");
}

// The clocks to show on top: those of the sites, or those of most states.
std::vector<std::string> Clocks(const v1::HHour& h_hour, const std::vector<v1::Site>& sites) {
  std::vector<std::string> clocks;
  const auto add = [&](absl::string_view zone) {
    std::string clock = InZone(h_hour, zone);
    if (!clock.empty() && std::find(clocks.begin(), clocks.end(), clock) == clocks.end()) {
      clocks.push_back(std::move(clock));
    }
  };
  for (const v1::Site& site : sites) add(site.time_zone());
  if (clocks.empty()) std::for_each(std::begin(kFourZones), std::end(kFourZones), add);
  return clocks;
}

std::string Heading(const v1::ReadinessBoard& board, const std::vector<v1::Site>& sites, absl::Time now) {
  std::string heading = absl::StrCat(EscapeForTerminal(board.operation_id()), "  ", Label(board.phase()), "\n",
                                     EscapeForTerminal(GoLine(board.go())), "\n");
  if (!board.h_hour().has_at()) {
    absl::StrAppend(&heading, "H-hour: not set\n");
  } else {
    absl::StrAppend(&heading, "H-hour ", TimeText(board.h_hour().at()), ", ",
                    Countdown(FromProto(board.h_hour().at()), now), " (epoch ", board.h_hour().epoch(), ")\n       ",
                    absl::StrJoin(Clocks(board.h_hour(), sites), ", "), "\n");
  }
  return absl::StrCat(heading, ReadyLine(board), "\n\n");
}

}  // namespace

absl::StatusOr<v1::GetReadinessBoardResponse> ReadBoard(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetReadinessBoardRequest request;
  request.set_operation_id(operation_id);
  return client->GetReadinessBoard(request);
}

absl::StatusOr<uint32_t> CurrentEpoch(Invocation& invocation, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(const v1::GetReadinessBoardResponse response, ReadBoard(invocation, operation_id));
  const v1::HHour& h_hour = response.board().h_hour();
  if (h_hour.epoch() == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the operation has no H-hour yet; the lead sets it with `muster readiness set-h-hour ",
                     operation_id, " TIME`"));
  }
  invocation.printer().Progress(absl::StrCat("H-hour ", TimeText(h_hour.at()), ", epoch ", h_hour.epoch()));
  return h_hour.epoch();
}

std::string GoLine(const v1::GoOrder& go) {
  const std::string because = go.reason().empty() ? "" : absl::StrCat(": ", go.reason());
  switch (go.state()) {
    case v1::GO_STATE_GIVEN:
      return absl::StrCat("*** GO ***  given at ", TimeText(go.given_at()), ", plan version ", go.plan_version(),
                          go.approvals().empty() ? "" : absl::StrCat(", by ", Approvers(go)));
    case v1::GO_STATE_HELD:
      return absl::StrCat("*** HOLD ***", because);
    case v1::GO_STATE_ABORTED:
      return absl::StrCat("*** ABORTED ***", because, " (final for epoch ", go.epoch(), ")");
    case v1::GO_STATE_PROPOSED:
      return absl::StrCat("GO: not given; ",
                          go.approvals().empty() ? "" : absl::StrCat("approved by ", Approvers(go), ", "),
                          "waiting for a second person");
    default:
      return "GO: not given";
  }
}

std::string Countdown(absl::Time at, absl::Time now) {
  const bool past = at < now;
  const absl::Duration left = past ? now - at : at - now;
  const absl::Duration unit = left < absl::Minutes(10) ? absl::Seconds(1) : absl::Minutes(1);
  const std::string length = absl::FormatDuration(absl::Trunc(left, unit));
  return past ? absl::StrCat(length, " ago") : absl::StrCat("in ", length);
}

std::string BoardText(const v1::ReadinessBoard& board) {
  std::vector<std::string> parts;
  if (board.has_h_hour()) {
    parts.push_back(absl::StrCat("H-hour ", TimeText(board.h_hour().at()), ", epoch ", board.h_hour().epoch()));
  }
  if (board.has_go()) parts.push_back(GoLine(board.go()));
  for (const v1::SiteReadiness& site : board.sites()) {
    std::vector<std::string> details;
    for (const v1::AgencyReadiness& agency : site.agencies()) details.push_back(AgencyText(agency));
    if (site.has_waiver()) details.push_back(WaiverText(site));
    parts.push_back(absl::StrCat("site ", site.site_id(), " is ", Label(site.status()),
                                 details.empty() ? "" : absl::StrCat(" (", absl::StrJoin(details, "; "), ")")));
  }
  return parts.empty() ? "the readiness board has changed" : absl::StrJoin(parts, "; ");
}

View BoardView(const v1::GetReadinessBoardResponse& response, const std::vector<v1::Site>& sites, absl::Time now) {
  const v1::ReadinessBoard& board = response.board();
  std::map<std::string, std::string> zones;
  for (const v1::Site& site : sites) zones[site.site_id()] = site.time_zone();
  View view;
  view.object = &response;
  view.mode = board.mode();
  view.heading = Heading(board, sites, now);
  view.table.columns = {{"site"}, {"state"}, {"status"}, {"for GO"}, {"H-hour there"}, {"agencies"}, {"waiver"}};
  for (const v1::SiteReadiness& site : board.sites()) {
    view.table.rows.push_back(
        {site.site_id(), site.state(), Label(site.status()), site.optional_for_go() ? "optional" : "required",
         InZone(board.h_hour(), zones[site.site_id()]),
         absl::StrJoin(site.agencies(), "; ",
                       [](std::string* out, const v1::AgencyReadiness& agency) { out->append(AgencyText(agency)); }),
         WaiverText(site)});
  }
  return view;
}

}  // namespace muster::cli
