#include "client/lib/doctor/tls_probe.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <chrono>
#include <functional>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/lib/doctor/reach.h"
#include "common/status_macros.h"

namespace muster::doctor {
namespace {

using UniqueSsl = std::unique_ptr<SSL, OpenSslDeleter<SSL_free>>;

// HTTP/2, which gRPC speaks.
constexpr unsigned char kAlpn[] = {2, 'h', '2'};

absl::Status UseCertificate(const TlsContents& tls, SSL_CTX* context) {
  const Certificates chain = ParseCertificates(tls.certificate);
  const UniqueBio bio(BIO_new_mem_buf(tls.key.data(), static_cast<int>(tls.key.size())));
  const UniqueKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (chain.empty() || key == nullptr || SSL_CTX_use_certificate(context, chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("our certificate and key do not fit together: ", TakeOpenSslErrors()));
  }
  for (size_t i = 1; i < chain.size(); ++i) SSL_CTX_add1_chain_cert(context, chain[i].get());
  return absl::OkStatus();
}

absl::StatusOr<UniqueSsl> Prepare(const TlsProbe& probe, const TlsContents& tls, int fd) {
  ERR_clear_error();
  const UniqueSslContext context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return absl::InternalError(TakeOpenSslErrors());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  MUSTER_RETURN_IF_ERROR(UseCertificate(tls, context.get()));
  UniqueSsl ssl(SSL_new(context.get()));
  if (ssl == nullptr) return absl::InternalError(TakeOpenSslErrors());
  // Who signed the broker's certificate is for the check after this one to say.
  SSL_set_verify(ssl.get(), SSL_VERIFY_NONE, nullptr);
  SSL_set_alpn_protos(ssl.get(), kAlpn, sizeof(kAlpn));
  if (!IsAddress(probe.name)) SSL_set_tlsext_host_name(ssl.get(), probe.name.c_str());
  SSL_set_fd(ssl.get(), fd);
  return ssl;
}

// Repeats `step`, which returns 1 when it is done, while OpenSSL waits for the socket. OK, DEADLINE_EXCEEDED, or
// UNAVAILABLE with what the other side said.
absl::Status Drive(SSL* ssl, int fd, absl::Duration timeout, const std::function<int()>& step) {
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  while (true) {
    ERR_clear_error();
    const int result = step();
    if (result > 0) return absl::OkStatus();
    const int error = SSL_get_error(ssl, result);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
      const absl::Duration left = absl::FromChrono(until - std::chrono::steady_clock::now());
      if (!WaitReady(fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, left)) {
        return absl::DeadlineExceededError(absl::StrCat("said nothing for ", absl::FormatDuration(timeout)));
      }
      continue;
    }
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return absl::UnavailableError(reason == nullptr ? "closed the connection" : reason);
  }
}

Certificates ShownBy(SSL* ssl) {
  Certificates chain;
  STACK_OF(X509)* const shown = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; shown != nullptr && i < sk_X509_num(shown); ++i) {
    X509* const certificate = sk_X509_value(shown, i);
    X509_up_ref(certificate);
    chain.emplace_back(certificate);
  }
  return chain;
}

// What to do when a handshake was broken off.
std::string Remedy(const TlsProbe& probe, absl::string_view said) {
  if (absl::StrContains(said, "wrong version number") || absl::StrContains(said, "http request")) {
    return absl::StrCat("muster agent enroll NEW-BUNDLE (what listens at ", probe.broker,
                        " does not speak TLS: the port is wrong)");
  }
  return absl::StrCat(probe.renew,
                      " (the broker does not accept our certificate: it has expired, or its authority is "
                      "not in the broker's tls.ca_file); on the broker: journalctl -u musterd");
}

}  // namespace

Certificates CheckTls(const TlsProbe& probe, const TlsContents& tls, int fd, std::vector<Finding>* findings) {
  const Subject subject{"tls", probe.broker};
  const absl::StatusOr<UniqueSsl> ssl = Prepare(probe, tls, fd);
  if (!ssl.ok()) {
    findings->push_back(Failing(subject, ssl.status().message(), probe.renew));
    return {};
  }
  SSL* const session = ssl->get();
  const absl::Status shaken = Drive(session, fd, probe.timeout, [session] { return SSL_connect(session); });
  Certificates shown = ShownBy(session);
  if (!shaken.ok()) {
    const bool silent = absl::IsDeadlineExceeded(shaken);
    findings->push_back(Failing(
        subject, absl::StrCat("no TLS handshake: ", probe.broker, " ", silent ? "" : "ended it: ", shaken.message()),
        silent
            ? absl::StrCat("muster agent enroll NEW-BUNDLE (what listens at ", probe.broker,
                           " does not speak TLS: the port is wrong), or on the broker: sudo systemctl restart musterd")
            : Remedy(probe, shaken.message())));
    return shown;
  }
  char first = 0;
  const absl::Status answered =
      Drive(session, fd, probe.timeout, [session, &first] { return SSL_read(session, &first, 1); });
  if (answered.ok()) {
    findings->push_back(Fine(subject, absl::StrCat(SSL_get_version(session), ", our certificate was accepted")));
  } else if (absl::IsDeadlineExceeded(answered)) {
    findings->push_back(Failing(
        subject, absl::StrCat("TLS works, but ", probe.broker, " does not speak gRPC: it ", answered.message()),
        "muster agent enroll NEW-BUNDLE (the port is wrong), or on the broker: sudo systemctl restart musterd"));
  } else {
    findings->push_back(
        Failing(subject, absl::StrCat(probe.broker, " broke off when it saw our certificate: ", answered.message()),
                Remedy(probe, answered.message())));
  }
  return shown;
}

}  // namespace muster::doctor
