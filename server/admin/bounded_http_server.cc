#include "server/admin/bounded_http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace muster {
namespace {

using SteadyClock = std::chrono::steady_clock;

// A fixed number of threads and of waiting connections. The accept loop waits when both are used up.
class BoundedTaskQueue : public httplib::TaskQueue {
 public:
  BoundedTaskQueue() {
    for (size_t i = 0; i < BoundedHttpServer::kThreads; ++i) threads_.emplace_back([this] { Work(); });
  }

  void enqueue(std::function<void()> task) override {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &BoundedTaskQueue::HasRoom));
    tasks_.push_back(std::move(task));
  }

  void shutdown() override {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return tasks_.size() < BoundedHttpServer::kWaitingMax; }
  bool HasNews() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || !tasks_.empty(); }

  void Work() {
    for (;;) {
      std::function<void()> task;
      {
        absl::MutexLock lock(&mu_);
        mu_.Await(absl::Condition(this, &BoundedTaskQueue::HasNews));
        if (tasks_.empty()) return;  // Only when stopping: each task owns a descriptor that it must close.
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_;
};

// A connected socket, not owned, that gives up after a number of bytes read and at a moment.
class BoundedStream : public httplib::Stream {
 public:
  BoundedStream(socket_t socket, size_t bytes_max, SteadyClock::time_point deadline)
      : socket_(socket), bytes_left_(bytes_max), deadline_(deadline) {}

  bool is_readable() const override { return begin_ < end_ || WaitFor(POLLIN); }
  bool is_writable() const override { return WaitFor(POLLOUT); }

  // The library asks for one byte at a time, hence the buffer.
  ssize_t read(char* to, size_t size) override {
    if (begin_ == end_) {
      const size_t wanted = std::min(buffer_.size(), bytes_left_);
      if (wanted == 0) return -1;
      ssize_t got = -1;
      do {
        if (!WaitFor(POLLIN)) return -1;
        got = recv(socket_, buffer_.data(), wanted, MSG_DONTWAIT);
      } while (got < 0 && IsPassing(errno));
      if (got <= 0) return got;
      begin_ = 0;
      end_ = static_cast<size_t>(got);
      bytes_left_ -= end_;
    }
    const size_t given = std::min(size, end_ - begin_);
    std::memcpy(to, buffer_.data() + begin_, given);
    begin_ += given;
    return static_cast<ssize_t>(given);
  }

  ssize_t write(const char* from, size_t size) override {
    ssize_t sent = -1;
    do {
      if (!WaitFor(POLLOUT)) return -1;
      sent = send(socket_, from, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (sent < 0 && IsPassing(errno));
    return sent;
  }

  // Nobody here looks at addresses: everything comes from loopback.
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

 private:
  static bool IsPassing(int error) { return error == EINTR || error == EAGAIN; }

  // False at the deadline, and on an error.
  bool WaitFor(short events) const {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - SteadyClock::now());
      if (left.count() <= 0) return false;
      pollfd entry = {.fd = socket_, .events = events, .revents = 0};
      const int ready = poll(&entry, 1, static_cast<int>(left.count()));
      if (ready < 0 && errno == EINTR) continue;
      return ready > 0;
    }
  }

  const socket_t socket_;
  size_t bytes_left_;
  const SteadyClock::time_point deadline_;
  std::array<char, 4096> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace

BoundedHttpServer::BoundedHttpServer() {
  new_task_queue = [this] {
    // The library calls this when it begins to serve, and owns the result.
    serving_.Notify();
    return new BoundedTaskQueue();
  };
  // Without the library's own SO_REUSEPORT, with which a second broker would silently take half of the requests.
  set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
}

void BoundedHttpServer::Interrupt() {
  {
    absl::MutexLock lock(&mu_);
    interrupted_ = true;
    for (const socket_t socket : open_sockets_) shutdown(socket, SHUT_RDWR);
  }
  stop();
}

bool BoundedHttpServer::process_and_close_socket(socket_t socket) {
  bool wanted = false;
  {
    absl::MutexLock lock(&mu_);
    wanted = !interrupted_;
    if (wanted) open_sockets_.insert(socket);
  }
  bool served = false;
  if (wanted) {
    BoundedStream stream(socket, kRequestBytesMax, SteadyClock::now() + absl::ToChronoMilliseconds(kRequestTimeMax));
    bool closed = false;
    // Byte ranges would let one small request ask for the same bytes thousands of times.
    const auto drop_ranges = [](httplib::Request& request) { request.ranges.clear(); };
    served = process_request(stream, /*close_connection=*/true, closed, drop_ranges);
    shutdown(socket, SHUT_RDWR);
    absl::MutexLock lock(&mu_);
    open_sockets_.erase(socket);
  }
  close(socket);
  return served;
}

}  // namespace muster
