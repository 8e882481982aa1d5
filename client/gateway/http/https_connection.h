// One browser's connection. Includes Boost.Beast, which takes long to compile: only https_*.cc includes this.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_HTTPS_CONNECTION_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_HTTPS_CONNECTION_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "client/gateway/http/https_server.h"
#include "client/gateway/http/message.h"
#include "common/acceptor.h"
#include "common/revision.h"

namespace muster::gateway {

class HttpsConnection;

struct HttpsServer::Shared {
  explicit Shared(HttpsLimits its_limits) : limits(its_limits) {}

  const HttpsLimits limits;
  HttpHandler handler;
  BodyLimit body_bytes_max;
  HttpsThreads threads = {};
  std::unique_ptr<Acceptor> acceptor;
  std::thread thread;

  Revision changed;  // Bumped when a connection has gone.
  mutable absl::Mutex mu;
  // Of the connections to come; each keeps what it began with.
  std::shared_ptr<boost::asio::ssl::context> tls ABSL_GUARDED_BY(mu);
  bool stopping ABSL_GUARDED_BY(mu) = false;
  std::set<HttpsConnection*> connections ABSL_GUARDED_BY(mu);
  // How many come from one address.
  absl::flat_hash_map<std::string, size_t> connections_from ABSL_GUARDED_BY(mu);

  // Goes first: with it go the connections that wait in it, which use the rest.
  boost::asio::io_context io{1};
};

// Threading: everything runs on the thread of `shared->io`, but for the constructor and the destructor.
class HttpsConnection : public std::enable_shared_from_this<HttpsConnection> {
 public:
  // `shared` is not owned and outlives this; `tls` need not.
  HttpsConnection(HttpsServer::Shared* shared, boost::asio::ssl::context& tls, boost::asio::ip::tcp::socket socket,
                  std::string peer);
  ~HttpsConnection();
  HttpsConnection(const HttpsConnection&) = delete;
  HttpsConnection& operator=(const HttpsConnection&) = delete;

  // Whether there is room for one more; it is then counted.
  bool Register();
  void Start();
  // No further request: an answer under way is sent, a stream is told that it is over, and whoever has not yet said
  // what is wanted is cut off.
  void Stop();
  // Ends it now, whatever is under way.
  void Close();

 private:
  friend class ConnectionSink;
  using Error = boost::system::error_code;
  // What goes on, as far as Stop must know.
  enum class Phase { kRequest, kAnswer, kGoodBye };
  using Response = boost::beast::http::response<boost::beast::http::string_body>;

  // The connection is closed unless this is called again, or with no limit, before so long.
  void Limit(absl::Duration within);
  void NoLimit();
  // Says good-bye in TLS, then closes.
  void ShutDown();

  void ReadHeader(absl::Duration within);
  void OnHeader(const Error& error);
  void RefuseMalformed(const Error& error);
  // The request without its body.
  HttpRequest Head();
  std::optional<PeerCertificate> Certificate();
  void Answer();
  void Send(HttpAnswer answer);
  void SendStream(HttpAnswer answer);
  void AwaitEndOfReader();

  HttpsServer::Shared* const shared_;
  const std::string peer_;
  const std::string counted_as_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  boost::asio::steady_timer timer_;
  boost::beast::flat_buffer buffer_;
  int verify_error_ = 0;
  bool registered_ = false;
  bool stopping_ = false;
  Phase phase_ = Phase::kRequest;

  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  std::optional<Response> response_;
  std::optional<boost::beast::http::response<boost::beast::http::empty_body>> head_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>> head_serializer_;
  char unexpected_ = 0;  // What a reader sends while it is sent a stream.
  std::shared_ptr<class ConnectionSink> sink_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_HTTPS_CONNECTION_H_
