#include "client/gateway/http/https_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "client/gateway/http/https_connection.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace muster::gateway {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int kKeepaliveIdleSeconds = 30;
constexpr int kKeepaliveEverySeconds = 10;
constexpr int kKeepaliveTries = 3;

// The other end's address as text, and which kind it is; false when there is none any more.
bool PeerOf(int fd, std::string* text, bool* v6) {
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return false;
  *v6 = name.ss_family == AF_INET6;
  const void* const address = *v6 ? static_cast<const void*>(&reinterpret_cast<sockaddr_in6&>(name).sin6_addr)
                                  : &reinterpret_cast<sockaddr_in&>(name).sin_addr;
  char buffer[INET6_ADDRSTRLEN] = {};
  if (inet_ntop(name.ss_family, address, buffer, sizeof(buffer)) == nullptr) return false;
  *text = buffer;
  return true;
}

void SetOptions(int fd) {
  const auto set = [fd](int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); };
  // What is written is complete: waiting for more to send with it costs 40 ms each time (Nagle's algorithm).
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  // A browser whose machine was switched off says no good-bye, and a quiet stream would wait for it for ever.
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveEverySeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveTries);
}

// On the acceptor's thread.
void Take(HttpsServer::Shared* shared, int fd) {
  std::string peer;
  bool v6 = false;
  if (!PeerOf(fd, &peer, &v6)) {
    close(fd);
    return;
  }
  SetOptions(fd);
  boost::system::error_code error;
  tcp::socket socket(shared->io);
  socket.assign(v6 ? tcp::v6() : tcp::v4(), fd, error);
  if (error) {
    close(fd);
    return;
  }
  std::shared_ptr<asio::ssl::context> tls;
  {
    absl::MutexLock lock(&shared->mu);
    tls = shared->tls;
  }
  const auto connection = std::make_shared<HttpsConnection>(shared, *tls, std::move(socket), std::move(peer));
  if (!connection->Register()) return;  // Which closes it.
  asio::post(shared->io, [connection] { connection->Start(); });
}

// On the io thread. A connection unregisters itself before it is gone, on whatever thread: on this one, under the lock,
// the pointers can be turned into owners or are being destroyed.
std::vector<std::shared_ptr<HttpsConnection>> ConnectionsOf(HttpsServer::Shared* shared) {
  std::vector<std::shared_ptr<HttpsConnection>> all;
  absl::MutexLock lock(&shared->mu);
  for (HttpsConnection* const each : shared->connections) {
    if (std::shared_ptr<HttpsConnection> owner = each->weak_from_this().lock()) all.push_back(std::move(owner));
  }
  return all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpsServer>> HttpsServer::Listen(absl::string_view address, HttpsLimits limits) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Acceptor> acceptor, Acceptor::Listen(address));
  auto shared = std::make_unique<Shared>(limits);
  shared->acceptor = std::move(acceptor);
  return std::unique_ptr<HttpsServer>(new HttpsServer(std::move(shared)));
}

HttpsServer::HttpsServer(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}

HttpsServer::~HttpsServer() { Stop(absl::ZeroDuration()); }

int HttpsServer::port() const { return shared_->acceptor->port(); }

void HttpsServer::UseTls(UniqueSslContext context) {
  auto tls = std::make_shared<asio::ssl::context>(context.release());
  absl::MutexLock lock(&shared_->mu);
  shared_->tls.swap(tls);
}

void HttpsServer::Start(HttpHandler handler, BodyLimit body_bytes_max, HttpsThreads threads) {
  shared_->handler = std::move(handler);
  shared_->body_bytes_max = std::move(body_bytes_max);
  shared_->threads = threads;
  shared_->thread = std::thread([shared = shared_.get()] {
    pthread_setname_np(pthread_self(), "https");
    const auto work = asio::make_work_guard(shared->io);
    shared->io.run();
  });
  shared_->acceptor->Start([shared = shared_.get()](int fd) { Take(shared, fd); });
}

void HttpsServer::Stop(absl::Duration grace) {
  if (!shared_->thread.joinable()) return;
  shared_->acceptor->Stop();
  {
    absl::MutexLock lock(&shared_->mu);
    shared_->stopping = true;
  }
  asio::post(shared_->io, [shared = shared_.get()] {
    for (const std::shared_ptr<HttpsConnection>& each : ConnectionsOf(shared)) each->Stop();
  });
  const bool drained = shared_->changed.Await(grace, [this] {
    absl::MutexLock lock(&shared_->mu);
    return shared_->connections.empty();
  });
  if (!drained) LogWarn("some connections are cut off: their answers took too long");
  // Whoever waits in a stream's Write is told before nothing is left that could.
  asio::post(shared_->io, [shared = shared_.get()] {
    for (const std::shared_ptr<HttpsConnection>& each : ConnectionsOf(shared)) each->Close();
    shared->io.stop();
  });
  shared_->thread.join();
}

}  // namespace muster::gateway
