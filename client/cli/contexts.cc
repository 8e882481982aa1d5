#include "client/cli/contexts.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::cli {

std::string ContextsPath() {
  if (const char* path = std::getenv("MUSTER_CONFIG"); path != nullptr && *path != '\0') return path;
  if (const char* folder = std::getenv("XDG_CONFIG_HOME"); folder != nullptr && *folder == '/') {
    return absl::StrCat(folder, "/muster/contexts.toml");
  }
  const char* home = std::getenv("HOME");
  return absl::StrCat(home == nullptr ? "" : home, "/.config/muster/contexts.toml");
}

absl::StatusOr<config::v1::ClientContexts> LoadContexts(const std::string& path) {
  config::v1::ClientContexts contexts;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return contexts;
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(path, &contexts));
  return contexts;
}

absl::Status SaveContexts(const config::v1::ClientContexts& contexts, const std::string& path) {
  std::error_code error;
  const std::filesystem::path target(path);
  if (target.has_parent_path()) std::filesystem::create_directories(target.parent_path(), error);
  const std::string temporary = absl::StrCat(path, ".new.", getpid());
  {
    std::ofstream file(temporary, std::ios::trunc);
    std::filesystem::permissions(temporary, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write,
                                 error);
    file << ContextsToml(contexts);
    file.close();
    if (!file) return absl::UnknownError(absl::StrCat("cannot write ", temporary, ": check the folder and its space"));
  }
  std::filesystem::rename(temporary, target, error);
  if (error) return absl::UnknownError(absl::StrCat("cannot replace ", path, ": ", error.message()));
  return absl::OkStatus();
}

const config::v1::ClientContext* FindContext(const config::v1::ClientContexts& contexts, absl::string_view name) {
  for (const config::v1::ClientContext& context : contexts.contexts()) {
    if (context.name() == name) return &context;
  }
  return nullptr;
}

std::string ContextsToml(const config::v1::ClientContexts& contexts) {
  std::string toml = "# Written by `muster context`.\n";
  absl::StrAppend(&toml, "current = ", TomlString(contexts.current()), "\n");
  for (const config::v1::ClientContext& context : contexts.contexts()) {
    absl::StrAppend(&toml, "\n[[contexts]]\nname = ", TomlString(context.name()), "\nbrokers = [");
    for (int i = 0; i < context.brokers_size(); ++i) {
      absl::StrAppend(&toml, i == 0 ? "" : ", ", TomlString(context.brokers(i)));
    }
    absl::StrAppend(&toml, "]\ncertificate_file = ", TomlString(context.certificate_file()),
                    "\nkey_file = ", TomlString(context.key_file()), "\nca_file = ", TomlString(context.ca_file()),
                    "\n");
    if (!context.server_name().empty())
      absl::StrAppend(&toml, "server_name = ", TomlString(context.server_name()), "\n");
  }
  return toml;
}

}  // namespace muster::cli
