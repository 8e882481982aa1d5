#include "client/agent/socket.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/lib/doctor/reach.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

constexpr mode_t kFolderMode = 0750;

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("listen.socket has ", path.size(), " bytes, 1 to ",
                                                   sizeof(address.sun_path) - 1,
                                                   " are possible for a Unix socket: choose a shorter path"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

absl::StatusOr<bool> SomebodyAnswers(const std::string& path) {
  MUSTER_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return absl::ErrnoToStatus(errno, "cannot make a Unix socket");
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return true;
  // A full queue of connections has an owner.
  return errno != ECONNREFUSED && errno != ENOENT;
}

}  // namespace

absl::StatusOr<mode_t> ParseSocketMode(absl::string_view octal) {
  mode_t mode = 0;
  const bool digits =
      octal.size() >= 3 && octal.size() <= 4 && octal.find_first_not_of("01234567") == absl::string_view::npos;
  if (!digits || (octal.size() == 4 && octal[0] != '0')) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen.socket_mode: is \"", octal, "\", wanted are octal digits such as \"0660\""));
  }
  for (const char digit : octal) mode = mode << 3 | static_cast<mode_t>(digit - '0');
  return mode;
}

absl::Status PrepareSocket(const std::string& path) {
  MUSTER_RETURN_IF_ERROR(AddressOf(path).status());
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty() && mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return absl::InvalidArgumentError(absl::StrCat("cannot create ", folder, " for the socket: ", strerror(errno),
                                                   "; its parent folder must exist and be writable"));
  }
  struct stat info = {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("cannot look at ", path, ": ", strerror(errno)));
  }
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path, " is there and is not a socket; move it away or choose another listen.socket"));
  }
  MUSTER_ASSIGN_OR_RETURN(const bool answered, SomebodyAnswers(path));
  if (answered) {
    return absl::AlreadyExistsError(absl::StrCat(
        "another process answers on ", path, "; is muster-agent running already? See: systemctl status muster-agent"));
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot remove the socket ", path, " that was left behind: ", strerror(errno)));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> LoopbackAddress(const std::string& address) {
  MUSTER_ASSIGN_OR_RETURN(doctor::HostPort parts, doctor::SplitHostPort(address));
  if (parts.host == "localhost") parts.host = "127.0.0.1";
  in_addr v4 = {};
  constexpr uint32_t kLoopbackNet = 127;
  const bool loopback_v4 = inet_pton(AF_INET, parts.host.c_str(), &v4) == 1 && ntohl(v4.s_addr) >> 24 == kLoopbackNet;
  int port = 0;
  if ((!loopback_v4 && parts.host != "::1") || !absl::SimpleAtoi(parts.port, &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen.tcp.address: is \"", address,
                     "\"; only this machine may reach the daemon: give 127.0.0.1:PORT or [::1]:PORT"));
  }
  return loopback_v4 ? absl::StrCat(parts.host, ":", port) : absl::StrCat("[::1]:", port);
}

}  // namespace muster::agent
