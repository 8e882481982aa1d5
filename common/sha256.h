// SHA-256 (FIPS 180-4) by OpenSSL.
#ifndef MUSTER_COMMON_SHA256_H_
#define MUSTER_COMMON_SHA256_H_

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace muster {

using Sha256Digest = std::array<uint8_t, 32>;

// Feeds any number of pieces into one digest. Not thread-safe. Cheap to make: each thread keeps a context to use again.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& Update(absl::string_view bytes);
  // Prefixes `bytes` with their length, so that no two lists of pieces hash alike.
  Sha256& UpdateSized(absl::string_view bytes);

  // The 32 bytes. Call one of these, once.
  Sha256Digest FinishDigest();
  std::string Finish();

 private:
  void* context_;  // An EVP_MD_CTX.
};

std::string Sha256Bytes(absl::string_view bytes);
std::string Sha256Hex(absl::string_view bytes);

}  // namespace muster

#endif  // MUSTER_COMMON_SHA256_H_
