#include "client/gateway/http/tls_context.h"

#include <openssl/ssl.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"

namespace muster::gateway {
namespace {

// RFC 9325: forward secrecy and authenticated encryption alone. TLS 1.3 has nothing else.
constexpr char kCiphersOfTls12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

absl::Status Unusable(const std::string& file, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(file, " ", what, ": ", TakeOpenSslErrors()));
}

absl::Status CheckKeyIsPrivate(const std::string& key_file) {
  struct stat info = {};
  if (stat(key_file.c_str(), &info) != 0 || (info.st_mode & (S_IROTH | S_IWOTH)) == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("everyone on this machine can read or write the private key ",
                                                 key_file, "; run: chmod 600 ", key_file));
}

}  // namespace

absl::StatusOr<UniqueSslContext> MakeTlsContext(const std::string& certificate_file, const std::string& key_file) {
  UniqueSslContext context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return absl::InternalError(absl::StrCat("OpenSSL failed: ", TakeOpenSslErrors()));
  SSL_CTX* const raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(raw, 0);  // The highest that there is.
  SSL_CTX_set_options(raw, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A browser that resumes a session would not show its certificate again.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);  // Some 30 KiB for each idle connection.
  if (SSL_CTX_set_cipher_list(raw, kCiphersOfTls12) != 1) return absl::InternalError(TakeOpenSslErrors());
  if (SSL_CTX_use_certificate_chain_file(raw, certificate_file.c_str()) != 1) {
    return Unusable(certificate_file, "cannot be used as listen.certificate_file");
  }
  if (const absl::Status status = CheckKeyIsPrivate(key_file); !status.ok()) return status;
  SSL_CTX_set_default_passwd_cb(raw, NoPassphrase);
  if (SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(raw) != 1) {
    return Unusable(key_file, absl::StrCat("is not the key of the certificate in ", certificate_file));
  }
  return context;
}

absl::Status AskForCertificates(const std::string& ca_file, SSL_CTX* context) {
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(ca_file.c_str());
  if (names == nullptr || SSL_CTX_load_verify_file(context, ca_file.c_str()) != 1) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    return Unusable(ca_file, "holds no certificate of an authority in PEM form");
  }
  SSL_CTX_set_client_CA_list(context, names);  // Takes them.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return absl::OkStatus();
}

}  // namespace muster::gateway
