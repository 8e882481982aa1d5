#include "client/lib/doctor/reach.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "common/revision.h"

namespace muster::doctor {
namespace {

// What getaddrinfo found. Shared with its thread, which cannot be stopped and may outlive whoever waits.
struct Lookup {
  absl::Mutex mu;
  bool done ABSL_GUARDED_BY(mu) = false;
  int error ABSL_GUARDED_BY(mu) = 0;
  std::vector<SocketAddress> addresses ABSL_GUARDED_BY(mu);
  Revision answered;  // Bumped after done was set.
};

std::string Text(const sockaddr* address, socklen_t size) {
  char text[NI_MAXHOST];
  return getnameinfo(address, size, text, sizeof(text), nullptr, 0, NI_NUMERICHOST) == 0 ? text : "?";
}

void LookUp(const HostPort& name, Lookup* lookup) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(name.host.c_str(), name.port.c_str(), &hints, &list);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    SocketAddress address;
    std::memcpy(&address.bytes, info->ai_addr, info->ai_addrlen);
    address.size = info->ai_addrlen;
    address.text = Text(info->ai_addr, info->ai_addrlen);
    addresses.push_back(std::move(address));
  }
  if (list != nullptr) freeaddrinfo(list);
  {
    absl::MutexLock lock(&lookup->mu);
    lookup->error = error;
    lookup->addresses = std::move(addresses);
    lookup->done = true;
  }
  lookup->answered.Bump();
}

// Why no connection came about; 0 when one did.
int Connect(int fd, const SocketAddress& address, absl::Duration timeout) {
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (!WaitReady(fd, POLLOUT, timeout)) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::string TcpRemedy(int error, const HostPort& name) {
  if (error == ECONNREFUSED) {
    return absl::StrCat("on ", name.host, ": sudo systemctl start musterd (and check that it listens on port ",
                        name.port, ": sudo ss -ltnp)");
  }
  if (error == ENETUNREACH || error == EHOSTUNREACH) {
    return absl::StrCat("nmcli networking on; ip route get ", name.host,
                        " (this machine has no way there: cable, radio "
                        "or VPN)");
  }
  return absl::StrCat("ip route get ", name.host, "; ping -c 3 ", name.host,
                      " (the link is down or a firewall does not let TCP port ", name.port, " through)");
}

}  // namespace

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

bool WaitReady(int fd, short events, absl::Duration timeout) {
  pollfd waited = {.fd = fd, .events = events, .revents = 0};
  const int milliseconds = static_cast<int>(absl::ToInt64Milliseconds(std::max(timeout, absl::ZeroDuration())));
  return poll(&waited, 1, milliseconds) > 0;
}

absl::StatusOr<HostPort> SplitHostPort(absl::string_view broker) {
  const size_t colon = broker.rfind(':');
  const bool has_port = colon != absl::string_view::npos && colon > 0 && colon + 1 < broker.size();
  absl::string_view host = has_port ? broker.substr(0, colon) : absl::string_view();
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  const bool ambiguous = !bracketed && host.find(':') != absl::string_view::npos;
  if (!has_port || host.empty() || ambiguous) {
    return absl::InvalidArgumentError("is not host:port (an IPv6 address stands in brackets, [::1]:7443)");
  }
  return HostPort{std::string(host), std::string(broker.substr(colon + 1))};
}

bool IsAddress(const std::string& host) {
  in6_addr bytes = {};
  return inet_pton(AF_INET, host.c_str(), &bytes) == 1 || inet_pton(AF_INET6, host.c_str(), &bytes) == 1;
}

std::vector<SocketAddress> CheckName(const std::string& broker, absl::Duration timeout,
                                     std::vector<Finding>* findings) {
  const Subject subject{"name", broker};
  const absl::StatusOr<HostPort> name = SplitHostPort(broker);
  if (!name.ok()) {
    findings->push_back(Failing(subject, absl::StrCat(broker, " ", name.status().message()),
                                "muster agent enroll NEW-BUNDLE (or muster context add NAME --broker HOST:PORT ...)"));
    return {};
  }
  const auto lookup = std::make_shared<Lookup>();
  std::thread([lookup, name = *name] { LookUp(name, lookup.get()); }).detach();
  lookup->answered.WaitBeyond(0, timeout);
  absl::MutexLock lock(&lookup->mu);
  if (!lookup->addresses.empty()) {
    findings->push_back(Fine(
        subject, absl::StrCat(name->host, " is ",
                              absl::StrJoin(lookup->addresses, ", ",
                                            [](std::string* out, const SocketAddress& a) { out->append(a.text); }))));
    return lookup->addresses;
  }
  const std::string why =
      lookup->done ? gai_strerror(lookup->error) : absl::StrCat("no answer within ", absl::FormatDuration(timeout));
  findings->push_back(Failing(
      subject, absl::StrCat("no address for ", name->host, ": ", why),
      absl::StrCat("resolvectl query ", name->host, " (the name is wrong or no name server answers; echo 'ADDRESS ",
                   name->host, "' | sudo tee -a /etc/hosts does without one)")));
  return {};
}

Socket CheckTcp(const std::string& broker, const std::vector<SocketAddress>& addresses, absl::Duration timeout,
                std::vector<Finding>* findings) {
  const Subject subject{"tcp", broker};
  const HostPort name = SplitHostPort(broker).value_or(HostPort{broker, "?"});
  std::vector<std::string> failures;
  int error = 0;
  for (const SocketAddress& address : addresses) {
    Socket made(socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    error = made.fd() < 0 ? errno : Connect(made.fd(), address, timeout / addresses.size());
    if (error == 0) {
      findings->push_back(Fine(subject, absl::StrCat("connected to ", address.text, " port ", name.port)));
      return made;
    }
    failures.push_back(absl::StrCat(address.text, " port ", name.port, ": ",
                                    error == ECONNREFUSED ? "refused, nothing listens there" : strerror(error)));
  }
  findings->push_back(Failing(subject, absl::StrJoin(failures, "; "), TcpRemedy(error, name)));
  return Socket();
}

}  // namespace muster::doctor
