// SHA-256 (FIPS 180-4) by OpenSSL.
#ifndef MUSTER_COMMON_SHA256_H_
#define MUSTER_COMMON_SHA256_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster {

// Feeds any number of pieces into one digest. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  Sha256& Update(absl::string_view bytes);
  // Prefixes `bytes` with their length, so that no two lists of pieces hash alike.
  Sha256& UpdateSized(absl::string_view bytes);

  // The 32 bytes. Call once.
  std::string Finish();

 private:
  void* context_;  // An EVP_MD_CTX.
};

std::string Sha256Bytes(absl::string_view bytes);
std::string Sha256Hex(absl::string_view bytes);

}  // namespace muster

#endif  // MUSTER_COMMON_SHA256_H_
