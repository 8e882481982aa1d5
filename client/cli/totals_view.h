// A tally's figures, shown so that "nobody said" never looks like zero (rule T3).
#ifndef MUSTER_CLIENT_CLI_TOTALS_VIEW_H_
#define MUSTER_CLIENT_CLI_TOTALS_VIEW_H_

#include "client/cli/printer.h"
#include "muster/v1/tally.pb.h"

namespace muster::cli {

// The national figures with their coverage, then a line per state. CSV has one line for each figure of the whole and
// of each state. `response` must outlive the view.
View TotalsView(const v1::GetTotalsResponse& response);

// The entries of an operation. `response` must outlive the view.
View EntriesView(const v1::ListTallyEntriesResponse& response);

// The entries behind a figure, each with whether and why it counts. `response` must outlive the view.
View ExplanationView(v1::FigureKind kind, const v1::ExplainTallyResponse& response);

// Pairs of entries that may be the same arrest, decided ones too. `response` must outlive the view.
View DuplicatesView(const v1::ListSuspectedDuplicatesResponse& response);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_TOTALS_VIEW_H_
