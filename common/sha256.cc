#include "common/sha256.h"

#include <openssl/evp.h>

#include <cstdint>

#include "absl/strings/escaping.h"

namespace muster {
namespace {

EVP_MD_CTX* Context(void* context) { return static_cast<EVP_MD_CTX*>(context); }

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new()) { EVP_DigestInit_ex(Context(context_), EVP_sha256(), nullptr); }

Sha256::~Sha256() { EVP_MD_CTX_free(Context(context_)); }

Sha256& Sha256::Update(absl::string_view bytes) {
  EVP_DigestUpdate(Context(context_), bytes.data(), bytes.size());
  return *this;
}

Sha256& Sha256::UpdateSized(absl::string_view bytes) {
  char size[8];
  for (int i = 0; i < 8; ++i) size[i] = static_cast<char>(static_cast<uint64_t>(bytes.size()) >> (8 * i));
  return Update(absl::string_view(size, sizeof(size))).Update(bytes);
}

std::string Sha256::Finish() {
  std::string digest(32, '\0');
  EVP_DigestFinal_ex(Context(context_), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return digest;
}

std::string Sha256Bytes(absl::string_view bytes) { return Sha256().Update(bytes).Finish(); }

std::string Sha256Hex(absl::string_view bytes) { return absl::BytesToHexString(Sha256Bytes(bytes)); }

}  // namespace muster
