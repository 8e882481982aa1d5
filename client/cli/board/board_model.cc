#include "client/cli/board/board_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/acknowledgement_view.h"
#include "client/cli/board/board_words.h"
#include "client/cli/readiness_view.h"
#include "client/cli/text.h"

namespace muster::cli {
namespace {

bool IsOver(v1::OperationPhase phase) {
  return phase == v1::OPERATION_PHASE_CLOSED || phase == v1::OPERATION_PHASE_ABORTED;
}

std::string AcknowledgementsText(const v1::ListAcknowledgementsResponse& all) {
  const AcknowledgementProgress progress = Progress(all, {});
  if (all.acknowledgements().empty()) return "nobody has a plan to acknowledge";
  std::string text = absl::StrCat(progress.acknowledged, " of ", all.acknowledgements_size(), " acknowledged the plan");
  if (!progress.missing.empty()) absl::StrAppend(&text, "; missing: ", absl::StrJoin(progress.missing, ", "));
  if (!progress.rejected.empty()) absl::StrAppend(&text, "; REJECTED by ", absl::StrJoin(progress.rejected, "; "));
  return text;
}

std::string SitesText(const v1::ReadinessBoard& board) {
  std::string text = ReadyText(board);
  for (const v1::SiteReadiness& site : SitesByUrgency(board)) {
    if (!IsReady(site.status())) absl::StrAppend(&text, "; ", site.site_id(), " ", StatusWord(site.status()));
  }
  return text;
}

std::string ConflictsText(const v1::ListConflictsResponse& conflicts) {
  const std::vector<OpenConflict> open = OpenConflicts(conflicts);
  if (open.empty()) return "none open";
  return absl::StrCat(open.size(), " open: ", absl::StrJoin(open, "; ", [](std::string* out, const OpenConflict& one) {
                        absl::StrAppend(out, one.owned ? "" : "UNOWNED ", one.conflict_id, " ", one.who, " (",
                                        one.state, ")");
                      }));
}

}  // namespace

Parts TouchedBy(const v1::Notice& notice) {
  switch (notice.content_case()) {
    case v1::Notice::kOperation:
      return kOperationPart | kReadinessPart;
    case v1::Notice::kParticipant:
      return kOperationPart | kAcknowledgementsPart | kReadinessPart;
    case v1::Notice::kPlan:
      return kAcknowledgementsPart | kReadinessPart;
    case v1::Notice::kAcknowledgement:
      return kAcknowledgementsPart;
    case v1::Notice::kReadiness:
      return kReadinessPart | kOperationPart;
    case v1::Notice::kTallyEntry:
    case v1::Notice::kTallyCorrection:
    case v1::Notice::kDuplicate:
      return kTotalsPart;
    case v1::Notice::kActivity:
    case v1::Notice::kAlert:
    case v1::Notice::kConflict:
      return kConflictsPart;
    case v1::Notice::kEscalation:
      return kConflictsPart | kReadinessPart;
    default:
      return kNoPart;
  }
}

void BoardModel::Remember(const v1::Notice& notice) {
  ++deliveries;
  recent.push_front(notice);
  if (recent.size() > kRecentMax) recent.pop_back();
}

void BoardModel::SetOperations(const v1::ListOperationsResponse& response, const std::vector<std::string>& wanted) {
  order = wanted;
  for (const v1::OperationView& view : response.operations()) {
    const std::string& id = view.operation().operation_id();
    const bool named = std::find(wanted.begin(), wanted.end(), id) != wanted.end();
    if (!named && (!wanted.empty() || IsOver(view.phase()))) continue;
    if (!named) order.push_back(id);
    operations[id].operation = view;
  }
  std::map<std::string, OperationBoard> kept;
  for (const std::string& id : order) {
    const auto found = operations.find(id);
    if (found != operations.end()) kept.insert(operations.extract(found));
  }
  operations = std::move(kept);
  why_empty = "there is no open operation in which you take part";
}

std::vector<Headline> Headlines(const OperationBoard& board) {
  std::vector<Headline> lines = {{"phase", Label(board.operation.phase())}};
  if (board.readiness.has_value()) {
    const v1::HHour& h_hour = board.readiness->h_hour();
    lines.push_back(
        {"H-hour", h_hour.has_at() ? absl::StrCat(TimeText(h_hour.at()), ", epoch ", h_hour.epoch()) : "not set"});
    lines.push_back({"GO", GoLine(board.readiness->go())});
    lines.push_back({"readiness", SitesText(*board.readiness)});
  }
  if (board.acknowledgements.has_value()) {
    lines.push_back({"acknowledgements", AcknowledgementsText(*board.acknowledgements)});
  }
  if (board.conflicts.has_value()) lines.push_back({"conflicts", ConflictsText(*board.conflicts)});
  if (board.totals.has_value()) {
    lines.push_back(
        {"totals", absl::StrCat("arrests ", ArrestsText(*board.totals), "; persons ", PersonsText(*board.totals))});
  }
  return lines;
}

}  // namespace muster::cli
