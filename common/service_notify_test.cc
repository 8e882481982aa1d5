#include "common/service_notify.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace muster {
namespace {

// The end that a service manager reads.
class NotifySocket {
 public:
  NotifySocket() : path_(testing::TempDir() + "/notify-" + std::to_string(getpid())) {
    unlink(path_.c_str());
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~NotifySocket() {
    unsetenv("NOTIFY_SOCKET");
    close(fd_);
    unlink(path_.c_str());
  }
  std::string Read() const {
    char buffer[256];
    const ssize_t count = recv(fd_, buffer, sizeof(buffer), 0);
    return count < 0 ? "" : std::string(buffer, static_cast<size_t>(count));
  }

 private:
  const std::string path_;
  int fd_ = -1;
};

TEST(ServiceNotifyTest, TheServiceManagerReadsWhatWasSaid) {
  const NotifySocket socket;
  NotifyService("READY=1\nSTATUS=connected");
  EXPECT_EQ(socket.Read(), "READY=1\nSTATUS=connected");
}

TEST(ServiceNotifyTest, WithoutAServiceManagerItDoesNothing) {
  unsetenv("NOTIFY_SOCKET");
  NotifyService("READY=1");
}

}  // namespace
}  // namespace muster
