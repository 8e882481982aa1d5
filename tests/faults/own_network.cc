#include "tests/faults/own_network.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"
#include "tests/faults/loop_disk.h"
#include "tests/integration/test_broker.h"

namespace muster {

absl::Status EnterOwnNetwork() {
  MUSTER_RETURN_IF_ERROR(EnterOwnMounts());
  if (unshare(CLONE_NEWNET) != 0) {
    return absl::PermissionDeniedError(absl::StrCat("no network namespace of one's own: ", std::strerror(errno)));
  }
  // The names of namespaces are files here: of our own, too.
  std::error_code ignored;
  std::filesystem::create_directories("/run/netns", ignored);
  if (mount("none", "/run/netns", "tmpfs", 0, nullptr) != 0) {
    return absl::PermissionDeniedError(absl::StrCat("cannot mount a tmpfs: ", std::strerror(errno)));
  }
  return RunCommand("/sbin/ip link set lo up");
}

absl::Status RunCommand(const std::string& command) {
  const Finished finished = RunToEnd(absl::StrSplit(command, ' '));
  if (finished.exit_code == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(command, ": ", finished.output));
}

}  // namespace muster
