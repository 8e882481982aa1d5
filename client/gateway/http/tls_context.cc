#include "client/gateway/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace muster::gateway {
namespace {

// RFC 9325: forward secrecy and authenticated encryption alone. TLS 1.3 has nothing else.
constexpr char kCiphersOfTls12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

absl::Status Unusable(const std::string& file, absl::string_view what) {
  const std::string why = TakeOpenSslErrors();
  return absl::InvalidArgumentError(absl::StrCat(file, " ", what, why.empty() ? "" : ": ", why));
}

UniqueBio BioOf(const std::string& text) {
  return UniqueBio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// Every certificate in `pem`; none when there is none or one is damaged. OpenSSL's error queue then says why.
std::vector<UniqueX509> CertificatesIn(const std::string& pem) {
  std::vector<UniqueX509> certificates;
  const UniqueBio bio = BioOf(pem);
  while (X509* const each = PEM_read_bio_X509_AUX(bio.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(each);
  }
  // Running out of PEM blocks is how a good text ends.
  if (certificates.empty()) return certificates;
  if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
    ERR_clear_error();
  } else {
    certificates.clear();
  }
  return certificates;
}

UniqueSslContext NewServerContext() {
  UniqueSslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return nullptr;
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(raw, 0);  // The highest that there is.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A browser that resumes a session would not show its certificate again.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);  // Some 30 KiB for each idle connection.
  if (SSL_CTX_set_cipher_list(raw, kCiphersOfTls12) != 1) return nullptr;
  return context;
}

}  // namespace

absl::StatusOr<UniqueSslContext> MakeTlsContext(const TlsContents& contents, const TlsFiles& names) {
  UniqueSslContext context = NewServerContext();
  if (context == nullptr) return absl::InternalError(absl::StrCat("OpenSSL failed: ", TakeOpenSslErrors()));
  const std::vector<UniqueX509> chain = CertificatesIn(contents.certificate);
  bool taken = !chain.empty() && SSL_CTX_use_certificate(context.get(), chain.front().get()) == 1;
  for (size_t i = 1; taken && i < chain.size(); ++i) {
    taken = SSL_CTX_add1_chain_cert(context.get(), chain[i].get()) == 1;
  }
  if (!taken) return Unusable(names.certificate_file, "cannot be used as listen.certificate_file");
  const UniqueBio bio = BioOf(contents.key);
  const UniqueKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr || SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return Unusable(names.key_file, absl::StrCat("is not the key of the certificate in ", names.certificate_file));
  }
  return context;
}

absl::Status AskForCertificates(const TlsContents& contents, const TlsFiles& names, SSL_CTX* context) {
  const std::vector<UniqueX509> authorities = CertificatesIn(contents.ca);
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  bool taken = !authorities.empty();
  for (const UniqueX509& each : authorities) {
    taken = taken && X509_STORE_add_cert(store, each.get()) == 1 && SSL_CTX_add_client_CA(context, each.get()) == 1;
  }
  if (!taken) return Unusable(names.ca_file, "holds no certificate of an authority in PEM form, or a damaged one");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return absl::OkStatus();
}

absl::Status CheckIsValidAt(absl::Time now, const TlsFiles& names, const SSL_CTX& context) {
  const X509* const certificate = SSL_CTX_get0_certificate(&context);
  time_t seconds = absl::ToTimeT(now);
  // 0 means that a time cannot be read.
  if (X509_cmp_time(X509_get0_notBefore(certificate), &seconds) < 0 &&
      X509_cmp_time(X509_get0_notAfter(certificate), &seconds) > 0) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(names.certificate_file,
                                                    " is expired or not valid yet: install one that is valid now, with "
                                                    "its key, or check this machine's clock"));
}

}  // namespace muster::gateway
