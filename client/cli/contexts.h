// The contexts file: named ways to reach a broker, each with its certificate.
#ifndef MUSTER_CLIENT_CLI_CONTEXTS_H_
#define MUSTER_CLIENT_CLI_CONTEXTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/config/v1/client.pb.h"

namespace muster::cli {

// $MUSTER_CONFIG, else $XDG_CONFIG_HOME/muster/contexts.toml, else ~/.config/muster/contexts.toml.
std::string ContextsPath();

// The file at `path`; no contexts when there is no such file.
absl::StatusOr<config::v1::ClientContexts> LoadContexts(const std::string& path);

// Replaces the file as a whole (it is written beside, then renamed), readable by its owner only. Makes its folder.
absl::Status SaveContexts(const config::v1::ClientContexts& contexts, const std::string& path);

// Null when there is none of that name.
const config::v1::ClientContext* FindContext(const config::v1::ClientContexts& contexts, absl::string_view name);

// The file's text.
std::string ContextsToml(const config::v1::ClientContexts& contexts);

}  // namespace muster::cli

#endif  // MUSTER_CLIENT_CLI_CONTEXTS_H_
