#include "client/gateway/people/passwords.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/logging.h"
#include "common/random.h"

namespace muster::gateway {
namespace {

absl::Status Busy() {
  return absl::ResourceExhaustedError("too many people are signing in at this moment: try again in a few seconds");
}

// Code points, as far as the text is UTF-8.
size_t LettersIn(const std::string& text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

}  // namespace

PasswordCost ModerateCost() { return {crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE}; }
PasswordCost LeastCost() { return {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN}; }

Passwords::Passwords(PasswordCost cost) : cost_(cost) {
  const bool ready = sodium_init() >= 0;
  const absl::StatusOr<std::string> hash = HashInTurn(absl::BytesToHexString(RandomBytes(16)));
  if (!ready || !hash.ok()) {
    LogError("passwords cannot be hashed: is there enough memory?", {{"memory_bytes", cost_.memory_bytes}});
    std::abort();
  }
  nobodys_hash_ = *hash;
}

absl::StatusOr<std::string> Passwords::HashInTurn(const std::string& password) {
  char hash[crypto_pwhash_STRBYTES] = {};
  if (crypto_pwhash_str_alg(hash, password.data(), password.size(), cost_.operations, cost_.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return absl::ResourceExhaustedError("this machine has no memory left to hash a password: try again");
  }
  return std::string(hash);
}

absl::StatusOr<std::string> Passwords::Hash(const std::string& password) {
  if (LettersIn(password) < kPasswordLettersMin) {
    return absl::InvalidArgumentError(absl::StrCat("the password is too short: use at least ", kPasswordLettersMin,
                                                   " characters, such as four words that you can remember"));
  }
  const absl::Cleanup leave = [this] { --waiting_; };
  if (++waiting_ > kWaitingMax) return Busy();
  absl::MutexLock lock(&turn_);
  return HashInTurn(password);
}

absl::StatusOr<bool> Passwords::Verify(const std::string& hash, const std::string& password) {
  const absl::Cleanup leave = [this] { --waiting_; };
  if (++waiting_ > kWaitingMax) return Busy();
  absl::MutexLock lock(&turn_);
  const std::string& against = hash.empty() ? nobodys_hash_ : hash;
  const bool same = crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0;
  return same && !hash.empty();
}

}  // namespace muster::gateway
