// Which notices are worth waking somebody for, and in which words.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_CLI_BOARD_IMPORTANCE_H_
#define MUSTER_CLIENT_CLI_BOARD_IMPORTANCE_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/v1/submission.pb.h"

namespace muster::cli {

// "plan", "go", "conflict", "escalation", "operation", "readiness", "acknowledgement", "release", "victims".
const std::vector<std::string>& ImportanceKinds();
absl::StatusOr<std::string> ParseImportance(absl::string_view text);

// The kind of a notice, empty for one that can wait: tallies, claims and activities. "go" is GO, HOLD, ABORT and the
// H-hour; "readiness" is what is left of the readiness board.
std::string ImportanceOf(const v1::Notice& notice);

// Whether it is of one of `only`; when that is empty, of any kind but readiness and acknowledgement, which are many.
bool IsAbout(const v1::Notice& notice, const std::set<std::string>& only);

// "EXERCISE united-front-2021: *** HOLD ***: officer in the wrong place". Not escaped yet.
std::string NotificationText(const v1::Notice& notice);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_BOARD_IMPORTANCE_H_
