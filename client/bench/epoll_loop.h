// One thread that waits for many sockets.
//
// Threading: one thread uses a loop and everything that is in it.
#ifndef MUSTER_CLIENT_BENCH_EPOLL_LOOP_H_
#define MUSTER_CLIENT_BENCH_EPOLL_LOOP_H_

#include "absl/time/time.h"

namespace muster::bench {

class EpollLoop {
 public:
  class Watcher {
   public:
    virtual ~Watcher() = default;
    // The socket can be read, or written if that was asked for, or is broken.
    virtual void OnReady() = 0;
  };

  EpollLoop();
  ~EpollLoop();
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  // `watcher` is not owned and outlives the socket's place here, which it loses when it is closed.
  void Add(int fd, Watcher* watcher, bool writable);
  void SetWritable(int fd, Watcher* watcher, bool writable);

  // Waits at most `patience` for any socket, and calls the watchers of those that are ready.
  void Poll(absl::Duration patience);

 private:
  const int epoll_fd_;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_EPOLL_LOOP_H_
