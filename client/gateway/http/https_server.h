// HTTP/1.1 over TLS, for browsers: one listener, many connections, bounded in everything.
//
// Sockets are served by one thread of its own; what answers requests runs on the threads of pools, where it may block.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_HTTPS_SERVER_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_HTTPS_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/gateway/http/message.h"
#include "client/gateway/http/worker_pool.h"
#include "common/openssl_ptr.h"

namespace muster::gateway {

struct HttpsLimits {
  size_t connections = 512;
  // Of those, from one address (CountedAs).
  size_t connections_each = 128;
  uint32_t header_bytes = 16 << 10;
  // For the TLS handshake and the first request's header.
  absl::Duration start = absl::Seconds(15);
  // Between two requests of one connection.
  absl::Duration idle = absl::Seconds(75);
  // For a request's body.
  absl::Duration body = absl::Seconds(30);
  // For an answer, and for each piece of a stream, to be taken.
  absl::Duration write = absl::Seconds(30);
  // For the other side to answer TLS's good-bye; less when the server stops.
  absl::Duration good_bye = absl::Seconds(2);
};

// Where a listener's requests are answered: GET and HEAD apart from the rest, so that pages are served while calls wait
// for brokers; and the bodies of streams. Not owned; stopped after the listener is, and before it is destroyed.
struct HttpsThreads {
  WorkerPool* pages;
  WorkerPool* calls;
  WorkerPool* streams;
};

using BodyLimit = std::function<uint64_t(const HttpRequest& head)>;

// Thread-safe, but Start and Stop are called by one thread, in this order.
class HttpsServer {
 public:
  // Listens on `address`, host:port; port 0 takes a free one. Connections wait until Start.
  //
  // Errors: UNAVAILABLE the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpsServer>> Listen(absl::string_view address, HttpsLimits limits = {});
  ~HttpsServer();
  HttpsServer(const HttpsServer&) = delete;
  HttpsServer& operator=(const HttpsServer&) = delete;

  int port() const;

  // What connections are shown from now on; those that there are keep what they have. Call it before Start, and then
  // from any thread.
  void UseTls(UniqueSslContext context);

  // `body_bytes_max` says of a request's header how long its body may be; it is called on the thread that serves
  // sockets, and must not block.
  void Start(HttpHandler handler, BodyLimit body_bytes_max, HttpsThreads threads);
  // Takes no more connections or requests, tells every stream that its reader is gone, and returns when each answer
  // under way has been sent, but no later than after `grace`; then nobody writes to a stream any more.
  void Stop(absl::Duration grace);

  struct Shared;  // What its connections share: in https_connection.h.

 private:
  explicit HttpsServer(std::unique_ptr<Shared> shared);
  const std::unique_ptr<Shared> shared_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_HTTPS_SERVER_H_
