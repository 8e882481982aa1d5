// What every message begins with, so that readers can tell how long it took and whether one is missing.
#ifndef MUSTER_TESTS_BENCH_PEERS_MESSAGE_H_
#define MUSTER_TESTS_BENCH_PEERS_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace muster::peers {

struct Stamp {
  uint64_t number = 0;
  uint64_t sent_ns = 0;
  // Tells messages of this run from others.
  uint64_t mark = 0;
};

constexpr uint64_t kMark = 0x4d75737465724265;

// A payload of that size, the same in every run; its first bytes are for a Stamp.
inline std::string MakePayload(size_t bytes) {
  std::string payload(bytes, '\0');
  uint64_t x = 88172645463325252;
  for (char& byte : payload) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    byte = static_cast<char>(x & 0xff);
  }
  return payload;
}

// `payload` must be at least as long as a Stamp.
inline void SetStamp(const Stamp& stamp, std::string& payload) { memcpy(payload.data(), &stamp, sizeof(stamp)); }

// False when the message is not of this program.
inline bool ReadStamp(absl::string_view payload, Stamp* stamp) {
  if (payload.size() < sizeof(*stamp)) return false;
  memcpy(stamp, payload.data(), sizeof(*stamp));
  return stamp->mark == kMark;
}

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_MESSAGE_H_
