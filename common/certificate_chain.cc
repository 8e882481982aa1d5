#include "common/certificate_chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"

namespace muster {
namespace {

constexpr size_t kCertificatesMax = 200;

using UniqueStore = std::unique_ptr<X509_STORE, OpenSslDeleter<X509_STORE_free>>;
using UniqueStoreContext = std::unique_ptr<X509_STORE_CTX, OpenSslDeleter<X509_STORE_CTX_free>>;
using BorrowedStack =
    std::unique_ptr<STACK_OF(X509), OpenSslDeleter<[](STACK_OF(X509) * stack) { sk_X509_free(stack); }>>;

absl::Status Unusable(absl::string_view why) {
  return Refusal(v1::ERROR_REASON_CERTIFICATE_UNUSABLE, absl::StrCat("the certificate is not accepted: ", why));
}

}  // namespace

Certificates ParseCertificates(absl::string_view pem) {
  Certificates certificates;
  const UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (bio != nullptr && certificates.size() < kCertificatesMax) {
    X509* const certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr);
    if (certificate == nullptr) break;
    certificates.emplace_back(certificate);
  }
  ERR_clear_error();
  return certificates;
}

ChainVerdict VerifyChain(const Certificates& chain, const Certificates& authorities, Purpose purpose,
                         std::optional<absl::Time> at) {
  const UniqueStore store(X509_STORE_new());
  for (const UniqueX509& authority : authorities) X509_STORE_add_cert(store.get(), authority.get());
  const BorrowedStack between(sk_X509_new_null());
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(between.get(), chain[i].get());
  const UniqueStoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), between.get());
  X509_STORE_CTX_set_default(context.get(), purpose == Purpose::kClient ? "ssl_client" : "ssl_server");
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  if (at.has_value()) {
    X509_STORE_CTX_set_time(context.get(), 0, absl::ToTimeT(*at));
  } else {
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_NO_CHECK_TIME);
  }
  ChainVerdict verdict;
  verdict.holds = X509_verify_cert(context.get()) == 1;
  if (verdict.holds) {
    STACK_OF(X509)* const path = X509_STORE_CTX_get0_chain(context.get());
    X509* const anchor = sk_X509_value(path, sk_X509_num(path) - 1);
    X509_up_ref(anchor);
    verdict.anchor.reset(anchor);
  } else {
    verdict.why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  }
  ERR_clear_error();
  return verdict;
}

absl::Status CheckClientChain(absl::string_view chain, absl::string_view authorities, absl::Time now) {
  const Certificates certificates = ParseCertificates(chain);
  if (certificates.empty()) return Unusable("it cannot be read");
  const ChainVerdict verdict = VerifyChain(certificates, ParseCertificates(authorities), Purpose::kClient, now);
  return verdict.holds ? absl::OkStatus() : Unusable(verdict.why);
}

}  // namespace muster
