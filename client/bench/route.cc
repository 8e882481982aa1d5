#include "client/bench/route.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::bench {
namespace {

constexpr size_t kReadAheadBytes = 64 << 10;
constexpr unsigned char kHttp2[] = {2, 'h', '2'};

absl::Status TlsError(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", TakeOpenSslErrors()));
}

UniqueBio BioOf(const std::string& text) {
  return UniqueBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The first certificate of `pem`, and as the chain those after it.
bool UseChain(SSL_CTX* context, const std::string& pem) {
  const UniqueBio bio = BioOf(pem);
  const UniqueX509 leaf(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  if (leaf == nullptr || SSL_CTX_use_certificate(context, leaf.get()) != 1) return false;
  while (UniqueX509 more{PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, more.get()) != 1) return false;
  }
  ERR_clear_error();  // The end of the text is one.
  return true;
}

bool UseKey(SSL_CTX* context, const std::string& pem) {
  const UniqueKey key(PEM_read_bio_PrivateKey(BioOf(pem).get(), nullptr, NoPassphrase, nullptr));
  return key != nullptr && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

bool Trust(SSL_CTX* context, const std::string& pem) {
  const UniqueBio bio = BioOf(pem);
  bool any = false;
  while (UniqueX509 authority{PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)}) {
    any = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1;
  }
  ERR_clear_error();
  return any;
}

absl::StatusOr<UniqueSslContext> MakeContext(const TlsContents& tls) {
  UniqueSslContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr || SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION) != 1) return TlsError("TLS");
  if (!UseChain(context.get(), tls.certificate)) return TlsError("the certificate");
  if (!UseKey(context.get(), tls.key)) return TlsError("the certificate's key");
  if (!Trust(context.get(), tls.ca)) return TlsError("the authorities");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Route>> Route::Make(absl::string_view host_port, absl::string_view server_name,
                                                   const TlsContents& tls) {
  const size_t colon = host_port.rfind(':');
  if (colon == absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("the broker's address ", host_port, " is not host:port"));
  }
  std::string host(host_port.substr(0, colon));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string port(host_port.substr(colon + 1));
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot find ", host_port, ": ", gai_strerror(error)));
  }
  std::unique_ptr<Route> route(new Route());
  std::memcpy(&route->address_, found->ai_addr, found->ai_addrlen);
  route->address_bytes_ = found->ai_addrlen;
  freeaddrinfo(found);
  route->authority_ = std::string(host_port);
  route->name_ = server_name.empty() ? host : std::string(server_name);
  in6_addr ignored;
  route->name_is_address_ = inet_pton(AF_INET, route->name_.c_str(), &ignored) == 1 ||
                            inet_pton(AF_INET6, route->name_.c_str(), &ignored) == 1;
  absl::StatusOr<UniqueSslContext> context = MakeContext(tls);
  if (!context.ok()) return context.status();
  route->context_ = *std::move(context);
  return route;
}

absl::StatusOr<int> Route::Connect() const {
  const int fd = socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return absl::ResourceExhaustedError(absl::StrCat("cannot open a socket: ", strerrordesc_np(errno)));
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address_), address_bytes_) == 0 || errno == EINPROGRESS) return fd;
  const absl::Status failed =
      absl::UnavailableError(absl::StrCat("cannot connect to ", authority_, ": ", strerrordesc_np(errno)));
  close(fd);
  return failed;
}

absl::StatusOr<UniqueSsl> Route::NewTls(int socket, const Identity* identity, bool reads_ahead) const {
  UniqueSsl tls(SSL_new(context_.get()));
  if (tls == nullptr || SSL_set_fd(tls.get(), socket) != 1) return TlsError("TLS");
  const bool named = name_is_address_ ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls.get()), name_.c_str()) == 1
                                      : SSL_set1_host(tls.get(), name_.c_str()) == 1 &&
                                            SSL_set_tlsext_host_name(tls.get(), name_.c_str()) == 1;
  if (!named) return TlsError("the broker's name");
  if (identity != nullptr && (SSL_use_certificate(tls.get(), identity->certificate.get()) != 1 ||
                              SSL_use_PrivateKey(tls.get(), identity->key.get()) != 1)) {
    return TlsError("the certificate");
  }
  if (reads_ahead) {
    SSL_set_read_ahead(tls.get(), 1);
    SSL_set_default_read_buffer_len(tls.get(), kReadAheadBytes);
  }
  SSL_set_connect_state(tls.get());
  return tls;
}

}  // namespace muster::bench
