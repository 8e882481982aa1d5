// A TCP relay in front of one server that can keep the server's answers to itself: what is asked is done, and the asker
// does not learn it.
//
// Threading: thread-safe. One thread of its own.
#ifndef MUSTER_TESTS_ETCD_RELAY_H_
#define MUSTER_TESTS_ETCD_RELAY_H_

#include <atomic>
#include <list>
#include <string>
#include <thread>

namespace muster {

class Relay {
 public:
  // To `target`, "127.0.0.1:port".
  explicit Relay(const std::string& target);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Where it listens: "127.0.0.1:port".
  std::string endpoint() const;

  // From now on nothing comes back.
  void HoldAnswers() { holding_.store(true); }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
  };

  void Run();
  void Accept();
  // Passes on what waits at `from`. False: the connection has ended.
  static bool PassOn(int from, int to);

  const int target_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> holding_ = false;
  std::atomic<bool> stopping_ = false;
  std::list<Pair> pairs_;  // The thread's.
  std::thread thread_;     // Begins last, when the rest is there.
};

}  // namespace muster

#endif  // MUSTER_TESTS_ETCD_RELAY_H_
