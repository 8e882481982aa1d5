#include "client/agent/store/key_derivation.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "client/agent/store/openssl_check.h"
#include "common/openssl_ptr.h"

namespace muster::agent {
namespace {

constexpr size_t kDerivedBytes = 32;
constexpr uint64_t kScryptN = 1 << 17;
constexpr uint64_t kScryptR = 8;
constexpr uint64_t kScryptP = 1;
// scrypt needs a little more than 128 * N * r bytes.
constexpr uint64_t kScryptMemoryMax = 256 << 20;

OSSL_PARAM OctetParam(const char* name, absl::string_view bytes) {
  // OpenSSL only reads it.
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.data()), bytes.size());
}

}  // namespace

Secret DeriveKey(absl::string_view key, absl::string_view salt, absl::string_view info) {
  const std::unique_ptr<EVP_KDF, OpenSslDeleter<EVP_KDF_free>> hkdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  CheckOpenSsl(hkdf != nullptr, "find HKDF");
  const std::unique_ptr<EVP_KDF_CTX, OpenSslDeleter<EVP_KDF_CTX_free>> context(EVP_KDF_CTX_new(hkdf.get()));
  CheckOpenSsl(context != nullptr, "prepare HKDF");
  std::string digest = "SHA256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
                         OctetParam(OSSL_KDF_PARAM_KEY, key), OctetParam(OSSL_KDF_PARAM_INFO, info),
                         // Without a salt HKDF takes zeros.
                         salt.empty() ? OSSL_PARAM_construct_end() : OctetParam(OSSL_KDF_PARAM_SALT, salt),
                         OSSL_PARAM_construct_end()};
  std::string derived(kDerivedBytes, '\0');
  CheckOpenSsl(EVP_KDF_derive(context.get(), Bytes(derived.data()), derived.size(), params) == 1, "derive a key");
  return Secret(std::move(derived));
}

Secret StretchPassphrase(absl::string_view passphrase, absl::string_view salt) {
  std::string derived(kDerivedBytes, '\0');
  CheckOpenSsl(EVP_PBE_scrypt(passphrase.data(), passphrase.size(), Bytes(salt.data()), salt.size(), kScryptN, kScryptR,
                              kScryptP, kScryptMemoryMax, Bytes(derived.data()), derived.size()) == 1,
               "stretch the passphrase (it needs 128 MiB of memory)");
  return Secret(std::move(derived));
}

}  // namespace muster::agent
