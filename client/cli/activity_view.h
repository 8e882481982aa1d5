// Activities as one viewer may see them.
#ifndef MUSTER_CLIENT_CLI_ACTIVITY_VIEW_H_
#define MUSTER_CLIENT_CLI_ACTIVITY_VIEW_H_

#include <string>

#include "client/cli/printer.h"
#include "muster/v1/deconfliction.pb.h"

namespace muster::cli {

// "search-warrant of ky-ksp entered, 2021-08-26T22:00:00Z to 2021-08-27T01:00:00Z". Holds the broker's strings as they
// are.
std::string ActivityText(const v1::ActivityRecord& record);

// The views hold pointers into their arguments, which outlive them.
View ActivitiesView(const v1::ListActivitiesResponse& response);
// With the alerts on top: whom to ring up comes first.
View ActivityDetailView(const v1::GetActivityResponse& response);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_ACTIVITY_VIEW_H_
