// An admin port on loopback that answers every request alike, for tests of who asks.
#ifndef MUSTER_CLIENT_LIB_TESTING_FAKE_ADMIN_PORT_H_
#define MUSTER_CLIENT_LIB_TESTING_FAKE_ADMIN_PORT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "muster/cluster/v1/status.pb.h"

namespace muster {

class FakeAdminPort {
 public:
  // `answer` is what follows the status: "200 OK", "404 Not Found".
  FakeAdminPort(const std::string& answer, const std::string& body)
      : answer_(absl::StrCat("HTTP/1.1 ", answer, "\r\nContent-Length: ", body.size(), "\r\nConnection: close\r\n\r\n",
                             body)),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at = {};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    const bool bound = bind(listener_, reinterpret_cast<sockaddr*>(&at), size) == 0 && listen(listener_, 8) == 0 &&
                       getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    port_ = bound ? ntohs(at.sin_port) : 0;
    thread_ = std::thread([this] { Serve(); });
  }
  explicit FakeAdminPort(const cluster::v1::ClusterStatus& status) : FakeAdminPort("200 OK", Json(status)) {}
  ~FakeAdminPort() {
    shutdown(listener_, SHUT_RDWR);  // Ends accept.
    thread_.join();
    close(listener_);
  }
  FakeAdminPort(const FakeAdminPort&) = delete;
  FakeAdminPort& operator=(const FakeAdminPort&) = delete;

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

 private:
  static std::string Json(const cluster::v1::ClusterStatus& status) {
    std::string json;
    google::protobuf::util::MessageToJsonString(status, &json).ok();
    return json;
  }

  void Serve() {
    for (int fd = -1; (fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; close(fd)) {
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(fd, buffer, sizeof(buffer), 0);
        if (got <= 0) break;
        request.append(buffer, static_cast<size_t>(got));
      }
      send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
    }
  }

  const std::string answer_;
  const int listener_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_TESTING_FAKE_ADMIN_PORT_H_
