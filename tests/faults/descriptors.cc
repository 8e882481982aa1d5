// Programs that may open 64 files, and many more connections than that: whoever is connected is served, and so is
// everybody once the others have gone.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/clock.h"
#include "tests/faults/scenario.h"

namespace muster {
namespace {

constexpr uint64_t kTimesByDefault = 4;
constexpr int kConnections = 200;

// Connections that say nothing.
class Crowd {
 public:
  ~Crowd() {
    for (const int fd : fds_) close(fd);
  }

  void Join(const sockaddr* address, socklen_t bytes) {
    const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    (void)connect(fd, address, bytes);
    fds_.push_back(fd);
  }

 private:
  std::vector<int> fds_;
};

void JoinBroker(const std::string& host_port, Crowd* crowd) {
  const std::vector<std::string> parts = absl::StrSplit(host_port, ':');
  int port = 0;
  sockaddr_in to = {};
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &port)) return;
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(port));
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < kConnections; ++i) crowd->Join(reinterpret_cast<const sockaddr*>(&to), sizeof(to));
}

void JoinAgent(const std::string& path, Crowd* crowd) {
  sockaddr_un to = {};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, path.c_str(), sizeof(to.sun_path) - 1);
  for (int i = 0; i < kConnections; ++i) crowd->Join(reinterpret_cast<const sockaddr*>(&to), sizeof(to));
}

}  // namespace

Report Descriptors(const ScenarioOptions& options) {
  Report report;
  FaultWorldOptions world_options = WorldOptions(options);
  world_options.broker.wrapper = {"/usr/bin/prlimit", "--nofile=64:64"};
  world_options.agent_wrapper = world_options.broker.wrapper;
  FaultWorld world(world_options, &report);
  if (!world.SetUp()) return report;
  world.StartTraffic();
  const uint64_t wanted = options.count == 0 ? kTimesByDefault : options.count;
  bool goes_on = world.WaitForTraffic(5);
  for (uint64_t i = 0; goes_on && i < wanted; ++i) {
    {
      Crowd crowd;
      if (i % 2 == 0 || world.agent_count() == 0) {
        JoinBroker(world.broker().address(), &crowd);
      } else {
        JoinAgent(world.agent(0).socket(), &crowd);
      }
      absl::SleepFor(absl::Milliseconds(300));
      // Who was there before is served as ever.
      goes_on = world.WaitForTraffic(20, absl::Seconds(30));
      ++report.faults["descriptors_exhausted"];
    }
    // And now someone new is, too.
    Client newcomer(world.ConnectToBroker("mo-ago"));
    const auto answer = newcomer.WhoAmI();
    if (!answer.ok()) report.Fail(absl::StrCat("no service after the crowd: ", answer.status().ToString()));
    goes_on = goes_on && world.WaitForTraffic(8, absl::Seconds(30));
  }
  if (!goes_on) report.Fail("nothing is acknowledged any more while there are too many connections");
  world.Finish();
  return report;
}

}  // namespace muster
