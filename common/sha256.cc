#include "common/sha256.h"

#include <openssl/evp.h>

#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "common/openssl_ptr.h"

namespace muster {
namespace {

using UniqueDigestContext = std::unique_ptr<EVP_MD_CTX, OpenSslDeleter<EVP_MD_CTX_free>>;

EVP_MD_CTX* Context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

// Looked up once: EVP_sha256() is looked up by its name at every digest, which costs more than to hash a short text.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm != nullptr ? algorithm : EVP_sha256();
}

// The context that the thread's last digest left, if none uses it now.
UniqueDigestContext& Spare() {
  thread_local UniqueDigestContext spare;
  return spare;
}

}  // namespace

Sha256::Sha256() {
  UniqueDigestContext context = std::move(Spare());
  if (context == nullptr) context.reset(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), Algorithm(), nullptr);
  context_ = context.release();
}

Sha256::~Sha256() { Spare().reset(Context(context_)); }

Sha256& Sha256::Update(absl::string_view bytes) {
  EVP_DigestUpdate(Context(context_), bytes.data(), bytes.size());
  return *this;
}

Sha256& Sha256::UpdateSized(absl::string_view bytes) {
  char size[8];
  for (int i = 0; i < 8; ++i) size[i] = static_cast<char>(static_cast<uint64_t>(bytes.size()) >> (8 * i));
  return Update(absl::string_view(size, sizeof(size))).Update(bytes);
}

Sha256Digest Sha256::FinishDigest() {
  Sha256Digest digest;
  EVP_DigestFinal_ex(Context(context_), digest.data(), nullptr);
  return digest;
}

std::string Sha256::Finish() {
  const Sha256Digest digest = FinishDigest();
  return std::string(digest.begin(), digest.end());
}

std::string Sha256Bytes(absl::string_view bytes) { return Sha256().Update(bytes).Finish(); }

std::string Sha256Hex(absl::string_view bytes) { return absl::BytesToHexString(Sha256Bytes(bytes)); }

}  // namespace muster
