#include "client/bench/epoll_loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace muster::bench {
namespace {

constexpr int kEventsMax = 512;

epoll_event EventFor(EpollLoop::Watcher* watcher, bool writable) {
  epoll_event event = {};
  event.events = static_cast<uint32_t>(EPOLLIN) | (writable ? static_cast<uint32_t>(EPOLLOUT) : 0u);
  event.data.ptr = watcher;
  return event;
}

}  // namespace

EpollLoop::EpollLoop() : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)) {}

EpollLoop::~EpollLoop() { close(epoll_fd_); }

void EpollLoop::Add(int fd, Watcher* watcher, bool writable) {
  epoll_event event = EventFor(watcher, writable);
  epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event);
}

void EpollLoop::SetWritable(int fd, Watcher* watcher, bool writable) {
  epoll_event event = EventFor(watcher, writable);
  epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);
}

void EpollLoop::Poll(absl::Duration patience) {
  epoll_event events[kEventsMax];
  const timespec wait = absl::ToTimespec(std::max(patience, absl::ZeroDuration()));
  const int count = epoll_pwait2(epoll_fd_, events, kEventsMax, &wait, nullptr);
  for (int i = 0; i < count; ++i) static_cast<Watcher*>(events[i].data.ptr)->OnReady();
}

}  // namespace muster::bench
