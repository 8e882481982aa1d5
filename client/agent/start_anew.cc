#include "client/agent/start_anew.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

absl::Status Failed(absl::string_view what) {
  return absl::UnknownError(absl::StrCat("cannot ", what, ": ", std::strerror(errno)));
}

// Standard input holds the passphrase, in memory and nowhere else.
absl::Status HandOn(const UnlockKey& key) {
  const int fd = memfd_create("passphrase", MFD_CLOEXEC);
  if (fd < 0) return Failed("hand on the passphrase");
  const auto size = static_cast<ssize_t>(key.secret.size());
  const bool ready = write(fd, key.secret.data(), key.secret.size()) == size && lseek(fd, 0, SEEK_SET) == 0 &&
                     dup2(fd, STDIN_FILENO) == STDIN_FILENO;
  const absl::Status status = ready ? absl::OkStatus() : Failed("hand on the passphrase");
  close(fd);
  return status;
}

}  // namespace

absl::Status StartAnew(char** arguments, const UnlockKey& key) {
  if (key.is_passphrase) MUSTER_RETURN_IF_ERROR(HandOn(key));
  execv("/proc/self/exe", arguments);
  return Failed("start anew");
}

}  // namespace muster::agent
