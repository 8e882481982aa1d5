#include "client/gateway/testing/tls_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace muster::gateway {
namespace {

// Generous: nothing waits this long unless it fails.
constexpr timeval kPatience = {.tv_sec = 30, .tv_usec = 0};

void Show(const TestCertificate& shown, SSL_CTX* context) {
  const UniqueBio certificate_bio(BIO_new_mem_buf(shown.certificate_pem.data(), -1));
  const UniqueX509 certificate(PEM_read_bio_X509(certificate_bio.get(), nullptr, NoPassphrase, nullptr));
  const UniqueBio key_bio(BIO_new_mem_buf(shown.key_pem.data(), -1));
  const UniqueKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, NoPassphrase, nullptr));
  SSL_CTX_use_certificate(context, certificate.get());
  SSL_CTX_use_PrivateKey(context, key.get());
}

size_t ContentLength(absl::string_view head) {
  constexpr absl::string_view kName = "Content-Length: ";
  const size_t at = head.find(kName);
  size_t length = 0;
  if (at == absl::string_view::npos) return 0;
  head.remove_prefix(at + kName.size());
  (void)absl::SimpleAtoi(head.substr(0, head.find("\r\n")), &length);
  return length;
}

}  // namespace

int ConnectToLoopback(int port, const char* from) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL, and servers hang up.
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  const int at_once = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience));
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof(kPatience));
  sockaddr_in own = {};
  own.sin_family = AF_INET;
  inet_pton(AF_INET, from, &own.sin_addr);
  const bool bound = bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof(own)) == 0;
  if (bound && connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return fd;
  close(fd);
  return -1;
}

TlsClient::TlsClient(int port, const Options& options)
    : context_(SSL_CTX_new(TLS_client_method())), fd_(ConnectToLoopback(port, options.from)), port_(port) {
  if (options.version_max != 0) {
    SSL_CTX_set_min_proto_version(context_.get(), 0);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    SSL_CTX_set_security_level(context_.get(), 0);
  }
  if (options.certificate != nullptr) Show(*options.certificate, context_.get());
  ssl_ = SSL_new(context_.get());
  SSL_set_fd(ssl_, fd_);
  if (options.session != nullptr) SSL_set_session(ssl_, options.session);
  connected_ = SSL_connect(ssl_) == 1;
  ERR_clear_error();
}

TlsClient::~TlsClient() {
  SSL_free(ssl_);
  close(fd_);
}

void TlsClient::Write(absl::string_view bytes) {
  (void)SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()));
  ERR_clear_error();
}

void TlsClient::EndWriting() {
  (void)SSL_shutdown(ssl_);
  ERR_clear_error();
}

std::string TlsClient::certificate_shown() const {
  const UniqueX509 shown(SSL_get1_peer_certificate(ssl_));
  const UniqueBio bio(BIO_new(BIO_s_mem()));
  if (shown == nullptr || PEM_write_bio_X509(bio.get(), shown.get()) != 1) return "";
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);  // NOLINT(google-runtime-int): OpenSSL's type.
  return {text, static_cast<size_t>(size)};
}

std::string TlsClient::ReadUntil(absl::string_view wanted) {
  std::string read;
  char buffer[4096];
  while (!absl::StrContains(read, wanted)) {
    const int got = SSL_read(ssl_, buffer, sizeof(buffer));
    // The socket's own time limit ends a read with EAGAIN, which OpenSSL takes for a wish to be called again.
    if (got <= 0) gave_up_ = SSL_get_error(ssl_, got) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    if (got <= 0) break;
    read.append(buffer, static_cast<size_t>(got));
  }
  return read;
}

std::string TlsClient::Request(absl::string_view method, absl::string_view path, absl::string_view header_lines,
                               absl::string_view body) {
  Write(absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost:", port_, "\r\nContent-Length: ", body.size(),
                     "\r\n", header_lines, "\r\n", body));
  std::string answer = ReadUntil("\r\n\r\n");
  const size_t head = answer.find("\r\n\r\n");
  if (head == std::string::npos || method == "HEAD") return answer;
  const size_t whole = head + 4 + ContentLength(answer.substr(0, head + 2));
  char byte = 0;
  while (answer.size() < whole && SSL_read(ssl_, &byte, 1) == 1) answer.push_back(byte);
  return answer;
}

}  // namespace muster::gateway
