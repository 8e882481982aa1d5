#include "common/certificate_chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/openssl_ptr.h"

namespace muster {
namespace {

// A chain has a handful of certificates, a list of authorities some dozens.
constexpr size_t kCertificatesMax = 200;

using UniqueStore = std::unique_ptr<X509_STORE, OpenSslDeleter<X509_STORE_free>>;
using UniqueStoreContext = std::unique_ptr<X509_STORE_CTX, OpenSslDeleter<X509_STORE_CTX_free>>;
using BorrowedStack =
    std::unique_ptr<STACK_OF(X509), OpenSslDeleter<[](STACK_OF(X509) * stack) { sk_X509_free(stack); }>>;

std::vector<UniqueX509> Parse(absl::string_view pem) {
  std::vector<UniqueX509> certificates;
  const UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (bio != nullptr && certificates.size() < kCertificatesMax) {
    X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr);
    if (certificate == nullptr) break;
    certificates.emplace_back(certificate);
  }
  ERR_clear_error();
  return certificates;
}

absl::Status Unusable(absl::string_view why) {
  return Refusal(v1::ERROR_REASON_CERTIFICATE_UNUSABLE, absl::StrCat("the certificate is not accepted: ", why));
}

}  // namespace

absl::Status CheckClientChain(absl::string_view chain, absl::string_view authorities, absl::Time now) {
  const std::vector<UniqueX509> certificates = Parse(chain);
  if (certificates.empty()) return Unusable("it cannot be read");
  const std::vector<UniqueX509> trusted = Parse(authorities);
  const UniqueStore store(X509_STORE_new());
  for (const UniqueX509& authority : trusted) X509_STORE_add_cert(store.get(), authority.get());
  const BorrowedStack between(sk_X509_new_null());
  for (size_t i = 1; i < certificates.size(); ++i) sk_X509_push(between.get(), certificates[i].get());
  const UniqueStoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificates.front().get(), between.get());
  X509_STORE_CTX_set_default(context.get(), "ssl_client");
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  X509_STORE_CTX_set_time(context.get(), 0, absl::ToTimeT(now));
  const bool holds = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  ERR_clear_error();
  return holds ? absl::OkStatus() : Unusable(X509_verify_cert_error_string(error));
}

}  // namespace muster
