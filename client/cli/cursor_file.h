// A file that remembers where a feed was read to, so that the next run goes on from there.
#ifndef MUSTER_CLIENT_CLI_CURSOR_FILE_H_
#define MUSTER_CLIENT_CLI_CURSOR_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster::cli {

// The cursor in `path`; empty when there is no such file.
absl::StatusOr<std::string> LoadCursor(const std::string& path);
// Replaces the file as a whole (written beside, then renamed).
absl::Status SaveCursor(const std::string& cursor, const std::string& path);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_CURSOR_FILE_H_
