// The board's facts as words; the screen and the plain lines say the same.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_CLI_BOARD_BOARD_WORDS_H_
#define MUSTER_CLIENT_CLI_BOARD_BOARD_WORDS_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/cli/board/board_model.h"

namespace muster::cli {

// "3d04h", "2h05m", "12m03s", "45s".
std::string SpanText(absl::Duration length);

// READY or further on.
bool IsReady(v1::ReadinessStatus status);
// "3 of 5 required sites ready, 1 waived".
std::string ReadyText(const v1::ReadinessBoard& board);
// "not-ready" is NOT READY.
std::string StatusWord(v1::ReadinessStatus status);
// The sites that are in the way of GO first, then by name.
std::vector<v1::SiteReadiness> SitesByUrgency(const v1::ReadinessBoard& board);

// Conflicts that are not over, those that nobody has taken on first, then by when they must be settled. Views of the
// same conflict count once.
struct OpenConflict {
  std::string conflict_id;
  bool owned = false;
  bool escalated = false;
  // "open", "owned by ky-isp", "contact-made".
  std::string state;
  // "ky-isp and oh-bci", or "with ky-isp: call Lt. Doe +1502...".
  std::string who;
  std::optional<absl::Time> respond_by;
};
std::vector<OpenConflict> OpenConflicts(const v1::ListConflictsResponse& conflicts);

// "102 confirmed (9 of 12 states reporting; not reported: TN, IA, NE)", "not reported", "withheld from your role".
std::string ArrestsText(const v1::TallyTotals& totals);
std::string PersonsText(const v1::TallyTotals& totals);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_BOARD_WORDS_H_
