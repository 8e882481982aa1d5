#include "client/cli/daemon_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace muster::cli {
namespace {

constexpr char kScheme[] = "unix:";

absl::Status Explain(const std::string& path, int error) {
  if (error == EACCES || error == EPERM) {
    return absl::PermissionDeniedError(
        absl::StrCat("you may not open the daemon's socket ", path, ": who may is set by its group and mode"));
  }
  return absl::UnavailableError(absl::StrCat("no daemon answers at ", path, " (", std::strerror(error),
                                             "): start it with `systemctl start muster-agent`"));
}

}  // namespace

std::string DefaultDaemonSocket() {
  const char* path = std::getenv("MUSTER_AGENT_SOCKET");
  return path != nullptr && *path != '\0' ? path : "/run/muster/agent.sock";
}

std::string DaemonAddress(const std::string& socket) {
  const std::string path(absl::StripPrefix(socket, kScheme));
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return absl::StrCat(kScheme, error ? path : absolute.lexically_normal().string());
}

bool CanOpenSocket(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode) && access(path.c_str(), R_OK | W_OK) == 0;
}

absl::Status ProbeDaemon(absl::string_view address) {
  const std::string path(absl::StripPrefix(address, kScheme));
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("the path of the socket is too long: ", path, " has more than ",
                                                   sizeof(name.sun_path) - 1, " bytes"));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return absl::UnavailableError(absl::StrCat("cannot open a socket: ", std::strerror(errno)));
  const bool reached = connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
  const int error = errno;
  close(fd);
  // EAGAIN: somebody listens, and others are before us.
  return reached || error == EAGAIN ? absl::OkStatus() : Explain(path, error);
}

}  // namespace muster::cli
