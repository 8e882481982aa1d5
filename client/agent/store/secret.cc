#include "client/agent/store/secret.h"

#include <openssl/crypto.h>

#include <utility>

namespace muster::agent {

Secret::Secret(std::string bytes) : bytes_(std::move(bytes)) {}

Secret::Secret(Secret&& other) noexcept { bytes_.swap(other.bytes_); }

// What was here is wiped by `other`.
Secret& Secret::operator=(Secret&& other) noexcept {
  bytes_.swap(other.bytes_);
  return *this;
}

Secret::~Secret() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

}  // namespace muster::agent
