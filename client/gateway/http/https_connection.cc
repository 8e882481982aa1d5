#include "client/gateway/http/https_connection.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/gateway/http/connection_sink.h"
#include "client/gateway/http/pages.h"
#include "client/gateway/http/security.h"
#include "common/sha256.h"

namespace muster::gateway {

namespace asio = boost::asio;
namespace http = boost::beast::http;

namespace {

constexpr int kHttp11 = 11;
constexpr absl::Duration kGoodByeWhenStopping = absl::Milliseconds(100);

absl::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

// For what is refused before a handler sees it.
HttpAnswer Refusal(int status, absl::string_view why) {
  HttpAnswer answer;
  answer.status = status;
  answer.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  answer.body = absl::StrCat(why, "\n");
  AddSecurityHeaders(/*strict_transport=*/false, &answer);
  return answer;
}

template <typename Message>
void SetHead(const HttpAnswer& answer, Message* message) {
  message->version(kHttp11);
  message->result(static_cast<unsigned>(answer.status));
  for (const auto& [name, value] : answer.headers) message->insert(name, value);
}

}  // namespace

HttpsConnection::HttpsConnection(HttpsServer::Shared* shared, asio::ssl::context& tls, asio::ip::tcp::socket socket,
                                 std::string peer)
    : shared_(shared),
      peer_(std::move(peer)),
      counted_as_(CountedAs(peer_)),
      stream_(std::move(socket), tls),
      timer_(shared->io) {}

HttpsConnection::~HttpsConnection() {
  if (!registered_) return;
  {
    absl::MutexLock lock(&shared_->mu);
    shared_->connections.erase(this);
    const auto from = shared_->connections_from.find(counted_as_);
    if (--from->second == 0) shared_->connections_from.erase(from);
  }
  shared_->changed.Bump();
}

bool HttpsConnection::Register() {
  absl::MutexLock lock(&shared_->mu);
  if (shared_->stopping || shared_->connections.size() >= shared_->limits.connections) return false;
  const auto from = shared_->connections_from.find(counted_as_);
  if (from != shared_->connections_from.end() && from->second >= shared_->limits.connections_each) return false;
  ++shared_->connections_from[counted_as_];
  shared_->connections.insert(this);
  registered_ = true;
  return true;
}

void HttpsConnection::Start() {
  if ((SSL_get_verify_mode(stream_.native_handle()) & SSL_VERIFY_PEER) != 0) {
    // Goes on whatever is found, so that a page can say it; the first finding is kept.
    stream_.set_verify_callback([this](bool ok, asio::ssl::verify_context& context) {
      if (!ok && verify_error_ == X509_V_OK) verify_error_ = X509_STORE_CTX_get_error(context.native_handle());
      return true;
    });
  }
  Limit(shared_->limits.start);
  stream_.async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const Error& error) {
    if (error) return self->Close();
    self->ReadHeader(self->shared_->limits.start);
  });
}

void HttpsConnection::Stop() {
  stopping_ = true;
  if (sink_ != nullptr) sink_->Stopping();
  if (phase_ == Phase::kRequest) Close();
  if (phase_ == Phase::kGoodBye) Limit(kGoodByeWhenStopping);
}

void HttpsConnection::Limit(absl::Duration within) {
  timer_.expires_after(absl::ToChronoMilliseconds(within));
  timer_.async_wait([self = shared_from_this()](const Error& error) {
    // A wait that was over when the limit was renewed is not told that it was cancelled.
    if (!error && self->timer_.expiry() <= asio::steady_timer::clock_type::now()) self->Close();
  });
}

void HttpsConnection::NoLimit() { timer_.expires_at(asio::steady_timer::time_point::max()); }

void HttpsConnection::Close() {
  Error ignored;
  timer_.cancel(ignored);
  stream_.next_layer().close(ignored);
  if (const std::shared_ptr<ConnectionSink> sink = std::exchange(sink_, nullptr); sink != nullptr) sink->Gone();
}

void HttpsConnection::ShutDown() {
  phase_ = Phase::kGoodBye;
  Limit(stopping_ ? kGoodByeWhenStopping : shared_->limits.good_bye);
  stream_.async_shutdown([self = shared_from_this()](const Error&) { self->Close(); });
}

void HttpsConnection::ReadHeader(absl::Duration within) {
  if (stopping_) return ShutDown();
  phase_ = Phase::kRequest;
  parser_.emplace();
  parser_->header_limit(shared_->limits.header_bytes);
  parser_->body_limit(boost::none);  // Until the header is known.
  Limit(within);
  http::async_read_header(stream_, buffer_, *parser_,
                          [self = shared_from_this()](const Error& error, size_t) { self->OnHeader(error); });
}

void HttpsConnection::OnHeader(const Error& error) {
  if (error) return RefuseMalformed(error);
  const uint64_t body_bytes_max = shared_->body_bytes_max(Head());
  parser_->body_limit(body_bytes_max);
  if (parser_->content_length().value_or(0) > body_bytes_max) return RefuseMalformed(http::error::body_limit);
  Limit(shared_->limits.body);
  http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](const Error& failed, size_t) {
    if (failed) return self->RefuseMalformed(failed);
    self->NoLimit();
    self->Answer();
  });
}

void HttpsConnection::RefuseMalformed(const Error& error) {
  if (error == http::error::header_limit) return Send(Refusal(431, "the request's header is too long"));
  if (error == http::error::body_limit) return Send(Refusal(413, "the request's body is too long"));
  // What HTTP says is wrong, and not the network, gets an answer.
  const bool malformed = error.category() == make_error_code(http::error::bad_method).category() &&
                         error != http::error::end_of_stream && error != http::error::partial_message;
  if (malformed) return Send(Refusal(400, "this is not HTTP/1.1 as it should be"));
  Close();
}

HttpRequest HttpsConnection::Head() {
  const http::request<http::string_body>& message = parser_->get();
  HttpRequest request;
  request.method = std::string(View(message.method_string()));
  const absl::string_view target = View(message.target());
  request.path = std::string(target.substr(0, target.find('?')));
  for (const auto& field : message) {
    request.headers.emplace_back(std::string(View(field.name_string())), std::string(View(field.value())));
  }
  request.peer = peer_;
  request.certificate = Certificate();
  return request;
}

std::optional<PeerCertificate> HttpsConnection::Certificate() {
  const UniqueX509 shown(SSL_get1_peer_certificate(stream_.native_handle()));
  if (shown == nullptr) return std::nullopt;
  PeerCertificate certificate;
  certificate.verify_error = verify_error_;
  unsigned char* der = nullptr;
  const int size = i2d_X509(shown.get(), &der);
  std::tm not_after = {};
  if (size <= 0 || ASN1_TIME_to_tm(X509_get0_notAfter(shown.get()), &not_after) != 1) return std::nullopt;
  certificate.sha256_hex = Sha256Hex({reinterpret_cast<const char*>(der), static_cast<size_t>(size)});
  OPENSSL_free(der);
  certificate.not_after = absl::FromTM(not_after, absl::UTCTimeZone());
  return certificate;
}

void HttpsConnection::Answer() {
  phase_ = Phase::kAnswer;
  const http::verb method = parser_->get().method();
  const bool is_read = method == http::verb::get || method == http::verb::head;
  WorkerPool* const threads = is_read ? shared_->threads.pages : shared_->threads.calls;
  HttpRequest whole = Head();
  whole.body = std::move(parser_->get().body());
  const bool taken = threads->Submit([self = shared_from_this(), request = std::move(whole)] {
    auto answer = std::make_shared<HttpAnswer>(self->shared_->handler(request));
    asio::post(self->stream_.get_executor(), [self, answer] { self->Send(std::move(*answer)); });
  });
  if (taken) return;
  HttpAnswer busy = PageAnswer(kBusyPage, "/");
  AddSecurityHeaders(/*strict_transport=*/false, &busy);
  Send(std::move(busy));
}

void HttpsConnection::Send(HttpAnswer answer) {
  if (!stream_.next_layer().is_open()) return;
  phase_ = Phase::kAnswer;
  const bool whole = parser_->is_done();
  if (answer.stream) {
    if (parser_->get().version() >= kHttp11) return SendStream(std::move(answer));
    // Older readers know no chunks: without them they could not tell the stream's end from a broken line.
    answer = Refusal(505, "a stream is sent over HTTP/1.1 only: ask for it with that");
  }
  response_.emplace();
  SetHead(answer, &*response_);
  const bool keep_alive = whole && !stopping_ && parser_->get().keep_alive();
  response_->keep_alive(keep_alive);
  const bool has_body = answer.status != 304;
  if (has_body) response_->content_length(answer.body.size());
  if (has_body && !(whole && parser_->get().method() == http::verb::head)) response_->body() = std::move(answer.body);
  Limit(shared_->limits.write);
  http::async_write(stream_, *response_, [self = shared_from_this(), keep_alive](const Error& error, size_t) {
    self->response_.reset();
    if (error) return self->Close();
    if (!keep_alive) return self->ShutDown();
    self->ReadHeader(self->shared_->limits.idle);
  });
}

void HttpsConnection::SendStream(HttpAnswer answer) {
  head_.emplace();
  SetHead(answer, &*head_);
  head_->keep_alive(false);
  head_->chunked(true);
  head_serializer_.emplace(*head_);
  Limit(shared_->limits.write);
  const auto body = std::make_shared<std::function<void(StreamSink&)>>(std::move(answer.stream));
  http::async_write_header(stream_, *head_serializer_, [self = shared_from_this(), body](const Error& error, size_t) {
    if (error) return self->Close();
    self->NoLimit();
    const auto sink = std::make_shared<ConnectionSink>(self);
    self->sink_ = sink;
    if (self->stopping_) sink->Stopping();
    self->AwaitEndOfReader();
    const bool taken = self->shared_->threads.streams->Submit([sink, body] {
      (*body)(*sink);
      sink->Finish();
    });
    if (!taken) self->Close();
  });
}

void HttpsConnection::AwaitEndOfReader() {
  stream_.async_read_some(asio::buffer(&unexpected_, 1), [self = shared_from_this()](const Error&, size_t) {
    // Whatever it is: nothing is expected while a stream is sent.
    if (self->sink_ != nullptr) self->Close();
  });
}

}  // namespace muster::gateway
