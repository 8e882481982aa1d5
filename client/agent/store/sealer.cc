#include "client/agent/store/sealer.h"

#include <openssl/evp.h>

#include <climits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/agent/store/key_derivation.h"
#include "client/agent/store/openssl_check.h"
#include "common/openssl_ptr.h"
#include "common/random.h"

namespace muster::agent {
namespace {

constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kFingerprintBytes = 32;

using UniqueCipher = std::unique_ptr<EVP_CIPHER_CTX, OpenSslDeleter<EVP_CIPHER_CTX_free>>;

UniqueCipher NewCipher() {
  UniqueCipher cipher(EVP_CIPHER_CTX_new());
  CheckOpenSsl(cipher != nullptr, "prepare a cipher");
  return cipher;
}

// OpenSSL counts in int; nothing that is kept here comes near.
int Size(absl::string_view bytes) {
  CheckOpenSsl(bytes.size() <= INT_MAX, "take a value of more than 2 GiB");
  return static_cast<int>(bytes.size());
}

absl::Status DoesNotOpen(absl::string_view place, absl::string_view why) {
  return absl::DataLossError(
      absl::StrCat("what is kept at ", place, " does not open: ", why,
                   ". Copy the state directory aside and restore it from a backup; or enrol anew with an empty one, "
                   "and look on another computer at what had been accepted"));
}

}  // namespace

Sealer::Sealer(absl::string_view key)
    : seal_key_(DeriveKey(key, "", "muster-agent seal")), fingerprint_key_(DeriveKey(key, "", "muster-agent index")) {}

std::string Sealer::Seal(absl::string_view plain, absl::string_view place) const {
  const std::string nonce = RandomBytes(kNonceBytes);
  std::string sealed(kNonceBytes + plain.size() + kTagBytes, '\0');
  nonce.copy(sealed.data(), kNonceBytes);
  unsigned char* const body = Bytes(sealed.data()) + kNonceBytes;
  const UniqueCipher cipher = NewCipher();
  int written = 0;
  int rest = 0;
  // The default nonce length of GCM is the 12 bytes that we use.
  const bool ok = EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(seal_key_.view().data()),
                                     Bytes(nonce.data())) == 1 &&
                  EVP_EncryptUpdate(cipher.get(), nullptr, &written, Bytes(place.data()), Size(place)) == 1 &&
                  EVP_EncryptUpdate(cipher.get(), body, &written, Bytes(plain.data()), Size(plain)) == 1 &&
                  EVP_EncryptFinal_ex(cipher.get(), body + written, &rest) == 1 &&
                  EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, body + plain.size()) == 1;
  CheckOpenSsl(ok, "seal a value");
  return sealed;
}

absl::StatusOr<std::string> Sealer::Open(absl::string_view sealed, absl::string_view place) const {
  if (sealed.size() < kNonceBytes + kTagBytes) return DoesNotOpen(place, "it is too short");
  const absl::string_view nonce = sealed.substr(0, kNonceBytes);
  const absl::string_view body = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(body.size(), '\0');
  const UniqueCipher cipher = NewCipher();
  int written = 0;
  int rest = 0;
  const bool ready =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, Bytes(seal_key_.view().data()),
                         Bytes(nonce.data())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &written, Bytes(place.data()), Size(place)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(plain.data()), &written, Bytes(body.data()), Size(body)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1;
  CheckOpenSsl(ready, "open a sealed value");
  if (EVP_DecryptFinal_ex(cipher.get(), Bytes(plain.data()) + written, &rest) != 1) {
    return DoesNotOpen(place, "it was changed, moved, or sealed with another key");
  }
  return plain;
}

std::string Sealer::Fingerprint(absl::string_view plain) const {
  std::string fingerprint(kFingerprintBytes, '\0');
  size_t bytes = 0;
  const absl::string_view key = fingerprint_key_.view();
  CheckOpenSsl(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(), Bytes(plain.data()),
                         plain.size(), Bytes(fingerprint.data()), fingerprint.size(), &bytes) != nullptr &&
                   bytes == kFingerprintBytes,
               "compute a fingerprint");
  return fingerprint;
}

}  // namespace muster::agent
