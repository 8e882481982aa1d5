// How muster ends: exit codes, and errors as what failed, why, and what to do next.
#ifndef MUSTER_CLIENT_CLI_EXIT_CODE_H_
#define MUSTER_CLIENT_CLI_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::cli {

enum ExitCode {
  kDone = 0,
  kFailure = 1,
  kWrongUsage = 2,
  kInputRefused = 3,  // INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS
  kNotPermitted = 4,  // UNAUTHENTICATED, PERMISSION_DENIED
  kNotReachable = 5,  // UNAVAILABLE
  kStateForbids = 6,  // FAILED_PRECONDITION, ABORTED
  kQueued = 7,        // Saved in the daemon's outbox; no broker's decision yet.
  kTimeRanOut = 8,    // DEADLINE_EXCEEDED
  kDataLoss = 9,      // DATA_LOSS
  // Done, and the answer is a warning: the activity is on the record, but not clear.
  kConflict = 10,
  kIndeterminate = 11,
};

// The table of them, for --help.
extern const char kExitCodeHelp[];

// An error in how muster was called, found after the flags were parsed.
absl::Status UsageError(absl::string_view message);

ExitCode ExitCodeOf(const absl::Status& status);

// `command` is what was attempted, such as "plan acknowledge". `submission_id` is empty when nothing was submitted.
// Several lines, fit for a terminal.
std::string ErrorText(absl::string_view command, const absl::Status& status, absl::string_view submission_id);
// {"error":{...}} in one line.
std::string ErrorJson(absl::string_view command, const absl::Status& status, absl::string_view submission_id);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_EXIT_CODE_H_
