#include "client/agent/start_anew.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

absl::Status Failed(absl::string_view what) {
  return absl::UnknownError(absl::StrCat("cannot ", what, ": ", std::strerror(errno)));
}

// Standard input becomes a pipe that holds the passphrase, until it is read. A pipe takes far more bytes than a
// passphrase may have.
absl::Status HandOn(const UnlockKey& typed) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Failed("hand on the passphrase");
  const bool ready =
      write(ends[1], typed.secret.data(), typed.secret.size()) == static_cast<ssize_t>(typed.secret.size()) &&
      dup2(ends[0], STDIN_FILENO) == STDIN_FILENO;
  const absl::Status status = ready ? absl::OkStatus() : Failed("hand on the passphrase");
  close(ends[0]);
  close(ends[1]);
  return status;
}

}  // namespace

absl::Status CanStartAnew(const Start& start) {
  MUSTER_ASSIGN_OR_RETURN(const config::v1::AgentConfig config, LoadAgentConfig(start.config_path, start.flags));
  return config.key().passphrase() ? absl::OkStatus() : LoadUnlockKey(config.key()).status();
}

absl::Status StartAnew(const Start& start, const UnlockKey& typed) {
  if (typed.is_passphrase) MUSTER_RETURN_IF_ERROR(HandOn(typed));
  execv("/proc/self/exe", start.arguments);
  return Failed("start anew");
}

}  // namespace muster::agent
