// Who may see what and why, and what was told to whom.
#ifndef MUSTER_CLIENT_CLI_ACCESS_VIEW_H_
#define MUSTER_CLIENT_CLI_ACCESS_VIEW_H_

#include "client/cli/printer.h"
#include "muster/v1/access.pb.h"

namespace muster::cli {

// A row of the need-to-know matrix per class, with the rule that decided. `response` outlives the view, here and below.
View AccessView(const v1::ExplainAccessResponse& response);
View DisclosuresView(const v1::ListDisclosuresResponse& response);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_ACCESS_VIEW_H_
