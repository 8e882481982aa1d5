#include "tests/bench/peers/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::peers {
namespace {

constexpr size_t kReadBytes = 65'536;
// As long as nothing larger came: thousands of idle connections must not hold a large buffer each.
constexpr size_t kReadBytesAtFirst = 4'096;
constexpr size_t kWriteBytesMax = 1 << 20;

std::string OpenSslError() {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof(text));
  return text;
}

int Connect(uint16_t port) {
  const int connected = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Fail(absl::StrCat("cannot connect to port ", port, ": ", strerror(errno)));
  }
  return connected;
}

}  // namespace

TlsContext::TlsContext(const std::string& ca_file, const std::string& certificate_file, const std::string& key_file,
                       bool many_connections)
    : context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION);
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY |
                                 SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_load_verify_locations(context_, ca_file.c_str(), nullptr) != 1 ||
      SSL_CTX_use_certificate_file(context_, certificate_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context_, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    Fail(absl::StrCat("certificates: ", OpenSslError()));
  }
  if (many_connections) return;
  SSL_CTX_set_read_ahead(context_, 1);
  SSL_CTX_set_default_read_buffer_len(context_, kReadBytes);
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

Connection::Connection(const TlsContext& tls, uint16_t port)
    : tls_(tls), socket_(Connect(port)), in_(kReadBytesAtFirst) {}

Connection::~Connection() {
  if (ssl_ != nullptr) {
    SSL_shutdown(ssl_);
    ERR_clear_error();
    SSL_free(ssl_);
  }
  close(socket_);
}

void Connection::StartTls() {
  ssl_ = SSL_new(tls_.get());
  SSL_set_fd(ssl_, socket_);
  if (SSL_connect(ssl_) != 1) Fail(absl::StrCat("TLS: ", OpenSslError()));
}

void Connection::Write(absl::string_view bytes) {
  while (!bytes.empty()) {
    const int written = SSL_write(ssl_, bytes.data(), static_cast<int>(std::min(bytes.size(), kWriteBytesMax)));
    if (written <= 0) Fail(absl::StrCat("write: ", OpenSslError()));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

std::string Connection::ReadLine() {
  while (true) {
    const size_t length = Unread().find("\r\n");
    if (length != absl::string_view::npos) {
      std::string line(Unread().substr(0, length));
      begin_ += length + 2;
      return line;
    }
    if (ReadSome() < 0) Fail("the broker closed the connection in the handshake");
  }
}

std::string Connection::Read(size_t bytes) {
  while (Unread().size() < bytes) {
    if (ReadSome() < 0) Fail("the broker closed the connection in the handshake");
  }
  std::string read(Unread().substr(0, bytes));
  begin_ += bytes;
  return read;
}

ptrdiff_t Connection::ReadSome() {
  if (begin_ == end_) begin_ = end_ = 0;
  if (begin_ > 0 && end_ == in_.size()) {
    memmove(in_.data(), in_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == in_.size()) in_.resize(std::max(in_.size() * 2, kReadBytes));
  char* const to = in_.data() + end_;
  const size_t room = in_.size() - end_;
  ptrdiff_t read = 0;
  if (ssl_ != nullptr) {
    read = SSL_read(ssl_, to, static_cast<int>(room));
    if (read <= 0) {
      const int error = SSL_get_error(ssl_, static_cast<int>(read));
      ERR_clear_error();
      return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
    }
  } else {
    read = recv(socket_, to, room, 0);
    if (read < 0 && errno == EINTR) return 0;
    if (read <= 0) return -1;
  }
  end_ += static_cast<size_t>(read);
  return read;
}

void Connection::JoinEpoll(int epoll, void* data) {
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
  epoll_ = epoll;
  epoll_data_ = data;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = data;
  epoll_ctl(epoll, EPOLL_CTL_ADD, socket_, &event);
}

void Connection::Flush() {
  while (sent_ < out_.size()) {
    const int written =
        SSL_write(ssl_, out_.data() + sent_, static_cast<int>(std::min(out_.size() - sent_, kWriteBytesMax)));
    if (written <= 0) {
      ERR_clear_error();
      break;  // No room; or closed, which the next read finds.
    }
    sent_ += static_cast<size_t>(written);
  }
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  } else if (sent_ > kWriteBytesMax) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  const bool wants_write = !out_.empty();
  if (wants_write == wants_write_) return;
  wants_write_ = wants_write;
  epoll_event event{};
  event.events = EPOLLIN | (wants_write ? static_cast<uint32_t>(EPOLLOUT) : 0U);
  event.data.ptr = epoll_data_;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, socket_, &event);
}

bool Connection::Pump(Session& session, Listener& listener) {
  ptrdiff_t read = 0;
  do {
    begin_ += session.Parse(Unread(), out_, listener);
    read = ReadSome();
  } while (read > 0);
  if (read < 0) return false;
  if (!out_.empty()) Flush();
  return true;
}

}  // namespace muster::peers
