#include "tests/integration/tls_probe.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"

namespace muster {
namespace {

// HTTP/2 connection preface and an empty SETTINGS frame (RFC 9113 section 3.4).
constexpr absl::string_view kPreface("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
constexpr unsigned char kAlpn[] = {2, 'h', '2'};
constexpr int kReceiveTimeoutSeconds = 20;

// A connected socket that is closed at the end.
class Socket {
 public:
  explicit Socket(const std::string& address) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval timeout = {kReceiveTimeoutSeconds, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)), 0) << address;
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// OpenSSL writes to sockets without MSG_NOSIGNAL, and the broker hangs up on us when it likes. Ignoring the signal for
// the whole process would pass on to the programs that it starts.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const timespec at_once = {0, 0};
    while (sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
};

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Stream = std::unique_ptr<SSL, decltype(&SSL_free)>;

Context MakeContext(const TlsAttemptOptions& options) {
  Context context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), options.version);
  SSL_CTX_set_max_proto_version(context.get(), options.version);
  SSL_CTX_set_alpn_protos(context.get(), kAlpn, sizeof(kAlpn));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
  if (options.certificate.has_value()) {
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context.get(), options.certificate->certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context.get(), options.certificate->key.c_str(), SSL_FILETYPE_PEM), 1);
  }
  return context;
}

std::string SerialOf(const X509* certificate) {
  if (certificate == nullptr) return "";
  BIGNUM* number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr);
  char* hex = BN_bn2hex(number);
  std::string serial = absl::AsciiStrToLower(hex);
  OPENSSL_free(hex);
  BN_free(number);
  return serial;
}

}  // namespace

TlsAttempt AttemptTls(const std::string& address, const TlsAttemptOptions& options) {
  TlsAttempt attempt;
  const NoPipeSignal no_pipe_signal;
  const Socket socket(address);
  const Context context = MakeContext(options);
  SSL_CTX_set_ex_data(context.get(), 0, &attempt);
  SSL_CTX_sess_set_new_cb(context.get(), [](SSL* ssl, SSL_SESSION* session) {
    auto* of = static_cast<TlsAttempt*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0));
    if (SSL_SESSION_has_ticket(session) == 1) ++of->tickets;
    of->session = std::shared_ptr<SSL_SESSION>(session, SSL_SESSION_free);
    return 1;  // Ours now.
  });
  const Stream stream(SSL_new(context.get()), SSL_free);
  SSL_set_fd(stream.get(), socket.fd());
  if (options.offer != nullptr) SSL_set_session(stream.get(), options.offer.get());
  if (SSL_connect(stream.get()) != 1) return attempt;
  attempt.resumed = SSL_session_reused(stream.get()) == 1;
  attempt.peer_serial = SerialOf(SSL_get0_peer_certificate(stream.get()));
  // With TLS 1.3 the broker judges our certificate after we think that we are done: what it says next tells.
  char first[9];
  SSL_write(stream.get(), kPreface.data(), static_cast<int>(kPreface.size()));
  attempt.admitted = SSL_read(stream.get(), first, sizeof(first)) > 0;
  if (attempt.session == nullptr) {
    attempt.session = std::shared_ptr<SSL_SESSION>(SSL_get1_session(stream.get()), SSL_SESSION_free);
  }
  return attempt;
}

void SendRaw(const std::string& address, absl::string_view bytes) {
  const Socket socket(address);
  send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  shutdown(socket.fd(), SHUT_WR);
  char answer[4096];
  while (recv(socket.fd(), answer, sizeof(answer), 0) > 0) {
  }
}

void SendInsideTls(const std::string& address, const CertificateFiles& certificate, absl::string_view bytes) {
  const NoPipeSignal no_pipe_signal;
  const Socket socket(address);
  const Context context = MakeContext({.certificate = certificate, .offer = nullptr});
  const Stream stream(SSL_new(context.get()), SSL_free);
  SSL_set_fd(stream.get(), socket.fd());
  if (SSL_connect(stream.get()) != 1) return;
  SSL_write(stream.get(), bytes.data(), static_cast<int>(bytes.size()));
  shutdown(socket.fd(), SHUT_WR);
  char answer[4096];
  while (SSL_read(stream.get(), answer, sizeof(answer)) > 0) {
  }
}

}  // namespace muster
