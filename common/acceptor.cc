#include "common/acceptor.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/logging.h"

namespace muster {
namespace {

constexpr int kBacklog = 4096;
// When the system itself has nothing left, it is asked again after this long.
constexpr int kPauseMs = 50;

absl::Status Unusable(absl::string_view address, absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why,
                                             "; is the address right, and is nothing else listening there?"));
}

// The descriptors that this process may have now.
int DescriptorsMax() {
  rlimit limit = {};
  return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<int>(limit.rlim_cur) : 1024;
}

int PortOf(int fd) {
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(name).sin6_port
                                          : reinterpret_cast<const sockaddr_in&>(name).sin_port);
}

// A socket that listens on `info`; -1 with errno when there is none.
int ListenOn(const addrinfo& info) {
  const int fd = socket(info.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (bind(fd, info.ai_addr, info.ai_addrlen) == 0 && listen(fd, kBacklog) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(absl::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == absl::string_view::npos) return Unusable(address, "it is no host:port");
  absl::string_view host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.empty() ? nullptr : std::string(host).c_str(),
                                std::string(address.substr(colon + 1)).c_str(), &hints, &found);
  if (error != 0) return Unusable(address, gai_strerror(error));
  const auto freed = absl::MakeCleanup([found] { freeaddrinfo(found); });
  int fd = -1;
  for (const addrinfo* info = found; info != nullptr && fd < 0; info = info->ai_next) fd = ListenOn(*info);
  if (fd < 0) return Unusable(address, std::strerror(errno));
  return std::unique_ptr<Acceptor>(new Acceptor(fd, PortOf(fd)));
}

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::ListenUnix(const std::string& path, mode_t mode) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Unusable(path, "the path is too long for a Unix socket");
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return Unusable(path, std::strerror(errno));
  auto undo = absl::MakeCleanup([fd] { close(fd); });
  // Before bind, the mode is that of the file to be made, less the umask; afterwards it is the file's own.
  if (fchmod(fd, mode) != 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return absl::UnavailableError(absl::StrCat("cannot make the socket ", path, ": ", std::strerror(errno),
                                               "; is its folder writable, and is nothing else there?"));
  }
  auto remove = absl::MakeCleanup([&path] { unlink(path.c_str()); });
  if (chmod(path.c_str(), mode) != 0 || listen(fd, kBacklog) != 0) return Unusable(path, std::strerror(errno));
  std::move(remove).Cancel();
  std::move(undo).Cancel();
  return std::unique_ptr<Acceptor>(new Acceptor(fd, 0));
}

Acceptor::Acceptor(int listening, int port) : listening_(listening), port_(port), stop_(eventfd(0, EFD_CLOEXEC)) {}

Acceptor::~Acceptor() {
  Stop();
  close(stop_);
}

void Acceptor::Start(Take take) {
  take_ = std::move(take);
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Stop() {
  const uint64_t one = 1;
  if (write(stop_, &one, sizeof(one)) < 0) LogError("the accept thread cannot be told to stop");
  if (thread_.joinable()) thread_.join();
  if (listening_ >= 0) close(std::exchange(listening_, -1));
}

void Acceptor::Run() {
  pthread_setname_np(pthread_self(), "accept");
  while (true) {
    pollfd ready[] = {{.fd = listening_, .events = POLLIN, .revents = 0},
                      {.fd = stop_, .events = POLLIN, .revents = 0}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    if (ready[0].revents != 0) AcceptOne();
  }
}

void Acceptor::AcceptOne() {
  const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    // The system's own limits, or a connection that is gone already: the next may be well.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) poll(nullptr, 0, kPauseMs);
    return;
  }
  // Descriptors are given out from the lowest free one up, so its number tells how many are in use.
  if (fd >= DescriptorsMax() - kDescriptorsKept) {
    LogWarn("a connection is turned away: this process has no descriptors left for it", {{"descriptor", fd}});
    close(fd);
    return;
  }
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));  // A Unix socket has no such option, nor the need.
  take_(fd);
}

}  // namespace muster
