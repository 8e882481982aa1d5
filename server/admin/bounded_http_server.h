// cpp-httplib's server with a bound on everything a client can make it hold: connections, bytes and time.
//
// The library itself has no limit on the number of header lines, on the time that a request takes as a whole, or on
// connections that wait, and cannot be stopped while a client dawdles. Include this only where httplib.h may be
// included.
#ifndef MUSTER_SERVER_ADMIN_BOUNDED_HTTP_SERVER_H_
#define MUSTER_SERVER_ADMIN_BOUNDED_HTTP_SERVER_H_

#include <httplib.h>

#include <cstddef>
#include <functional>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace muster {

// Threading: configure and bind, then run listen_after_bind() on a thread of your own; WaitUntilServing and Interrupt
// from any other.
class BoundedHttpServer : public httplib::Server {
 public:
  static constexpr size_t kThreads = 2;
  static constexpr size_t kWaitingMax = 8;
  static constexpr size_t kRequestBytesMax = 16 * 1024;
  static constexpr absl::Duration kRequestTimeMax = absl::Seconds(5);

  BoundedHttpServer();

  // Returns once listen_after_bind() serves; stop() before that would have no effect.
  void WaitUntilServing() { serving_.WaitForNotification(); }

  // Makes listen_after_bind() return soon: cuts the connections there are and accepts no more.
  void Interrupt();

 private:
  bool process_and_close_socket(socket_t socket) override;

  absl::Notification serving_;
  absl::Mutex mu_;
  bool interrupted_ ABSL_GUARDED_BY(mu_) = false;
  std::set<socket_t> open_sockets_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_ADMIN_BOUNDED_HTTP_SERVER_H_
