// Releases: what the public is shown, what is hidden, and what is wrong with it.
#ifndef MUSTER_CLIENT_CLI_RELEASE_VIEW_H_
#define MUSTER_CLIENT_CLI_RELEASE_VIEW_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/printer.h"
#include "muster/v1/release.pb.h"

namespace muster::cli {

// "persons:KY", or "arrests" for the whole operation.
absl::StatusOr<v1::ReleaseCellName> ParseCellName(absl::string_view text);
std::string CellNameText(const v1::ReleaseCellName& name);

// "47", "fewer than 11", "withheld" or "not reported".
std::string CellText(const v1::ReleaseCell& cell);

// "release first-figures is issued: 12 cells".
std::string ReleaseText(const v1::Release& release);

// The views hold pointers into their arguments, which outlive them.
View ReleaseView(const v1::GetReleaseResponse& response);
View ReleasesView(const v1::ListReleasesResponse& response);
View PreviewView(const v1::PreviewReleaseResponse& response);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_RELEASE_VIEW_H_
