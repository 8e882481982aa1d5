// Big-endian numbers in messages, as MQTT and RabbitMQ's stream protocol write them.
#ifndef MUSTER_TESTS_BENCH_PEERS_BYTES_H_
#define MUSTER_TESTS_BENCH_PEERS_BYTES_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace muster::peers {

template <std::unsigned_integral Number>
void AppendBigEndian(Number value, std::string& out) {
  for (size_t i = sizeof(Number); i-- > 0;) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}

// `bytes` must hold the number at `at`.
template <std::unsigned_integral Number>
Number BigEndianAt(absl::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<Number>(value);
}

// Text with its length before it, in 16 bits.
inline void AppendText16(absl::string_view text, std::string& out) {
  AppendBigEndian(static_cast<uint16_t>(text.size()), out);
  out.append(text.data(), text.size());
}

}  // namespace muster::peers

#endif  // MUSTER_TESTS_BENCH_PEERS_BYTES_H_
