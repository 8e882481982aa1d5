// Accepts connections, of TCP or of a Unix socket, and goes on whatever happens.
//
// gRPC 1.51 stops listening for ever once an accept fails for want of descriptors (CVE-2023-4785): a crowd of silent
// connections is enough. So the listening socket is ours. A connection that would leave the process fewer than
// kDescriptorsKept descriptors for files and calls of its own is closed at once, and the next is accepted when others
// have gone.
//
// Threading: Listen and Stop on one thread. One thread of its own, "accept", calls `take`.
#ifndef MUSTER_COMMON_ACCEPTOR_H_
#define MUSTER_COMMON_ACCEPTOR_H_

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster {

class Acceptor {
 public:
  static constexpr int kDescriptorsKept = 24;

  // Gets each new connection's descriptor, which is its to close. Must not block.
  using Take = std::function<void(int fd)>;

  // Listens on `address`, host:port; port 0 takes a free one. Connections wait until Start.
  //
  // Errors: UNAVAILABLE the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<Acceptor>> Listen(absl::string_view address);
  // Listens on a Unix socket at `path`, where nothing may lie; with `mode`, and at no moment with more.
  //
  // Errors: UNAVAILABLE it cannot be made there.
  static absl::StatusOr<std::unique_ptr<Acceptor>> ListenUnix(const std::string& path, mode_t mode);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // 0 for a Unix socket.
  int port() const { return port_; }

  void Start(Take take);
  // No further connection is taken; the socket is closed. A Unix socket's file stays.
  void Stop();

 private:
  Acceptor(int listening, int port);
  void Run();
  void AcceptOne();

  int listening_;
  const int port_;
  const int stop_;  // An eventfd, readable once it is time to stop.
  Take take_;
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_COMMON_ACCEPTOR_H_
