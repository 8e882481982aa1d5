// Conflicts and alerts: whom to ring up, by when, and how it stands.
#ifndef MUSTER_CLIENT_CLI_CONFLICT_VIEW_H_
#define MUSTER_CLIENT_CLI_CONFLICT_VIEW_H_

#include <string>

#include "client/cli/printer.h"
#include "muster/v1/deconfliction.pb.h"

namespace muster::cli {

// "CONFLICT with ky-isp: call Lt. Doe +15025550100 before 2021-08-26T20:30:00Z (conflict c-1)". Holds the broker's
// strings as they are, like everything here until it is rendered.
std::string AlertText(const v1::Alert& alert);
// "CONFLICT c-1 (activity) between ky-isp and oh-bci: open, answer by ...".
std::string ConflictText(const v1::ConflictRecord& conflict);

// What deconfliction said, one line for each conflict: CLEAR with the cursor as of which, CONFLICT, or INDETERMINATE
// with what is missing.
std::string AnswerText(const v1::DeconflictionAnswer& answer, absl::string_view cursor);

// The views hold pointers into their arguments, which outlive them.
View ConflictsView(const v1::ListConflictsResponse& response);
View ConflictDetailView(const v1::GetConflictResponse& response);

// One line each, for the end of another view.
std::string AlertLines(const google::protobuf::RepeatedPtrField<v1::Alert>& alerts);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_CONFLICT_VIEW_H_
