// The way to a broker's port: its name, and a TCP connection.
//
// Threading: from any thread. Each blocks for at most `timeout`.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_REACH_H_
#define MUSTER_CLIENT_LIB_DOCTOR_REACH_H_

#include <sys/socket.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/lib/doctor/finding.h"

namespace muster::doctor {

struct HostPort {
  std::string host;
  std::string port;
};
// INVALID_ARGUMENT unless `broker` is host:port; an IPv6 address stands in brackets.
absl::StatusOr<HostPort> SplitHostPort(absl::string_view broker);

// Whether `host` is an address and no name.
bool IsAddress(const std::string& host);

struct SocketAddress {
  sockaddr_storage bytes = {};
  socklen_t size = 0;
  std::string text;  // "127.0.0.1"
};

// A socket, closed with this.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  int fd() const { return fd_; }

 private:
  int fd_;
};

// name: appends a finding; the addresses, none when it fails.
std::vector<SocketAddress> CheckName(const std::string& broker, absl::Duration timeout, std::vector<Finding>* findings);

// tcp: tries the addresses in order, each for a fair part of `timeout`; appends a finding; fd -1 when it fails. The
// socket does not block.
Socket CheckTcp(const std::string& broker, const std::vector<SocketAddress>& addresses, absl::Duration timeout,
                std::vector<Finding>* findings);

// Waits until `fd` is ready for `events` (poll), for at most `timeout`.
bool WaitReady(int fd, short events, absl::Duration timeout);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_REACH_H_
