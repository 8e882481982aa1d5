// gRPC's framing of messages on an HTTP/2 stream: one byte 0 (not compressed), the length in four bytes, most
// significant first, and the message. https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
#ifndef MUSTER_CLIENT_BENCH_GRPC_FRAMES_H_
#define MUSTER_CLIENT_BENCH_GRPC_FRAMES_H_

#include <cstddef>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace muster::bench {

inline constexpr size_t kFrameHeaderBytes = 5;
// A message of more than this is taken for a broken stream.
inline constexpr size_t kFrameBytesMax = size_t{64} << 20;

// Writes the header for what `out` holds from `start` + kFrameHeaderBytes on, into the kFrameHeaderBytes at `start`.
void FillFrameHeader(std::string* out, size_t start);

// Appends `message` with its header.
void AppendFrame(std::string* out, absl::string_view message);

// Cuts a stream of bytes into messages. Not thread-safe.
class FrameReader {
 public:
  // Calls `on_message` for every message that is complete with `bytes`. False when this is no such stream.
  bool Feed(absl::string_view bytes, absl::FunctionRef<void(absl::string_view)> on_message);

  // Bytes of a message that is not complete.
  size_t pending() const { return pending_.size(); }

 private:
  std::string pending_;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_GRPC_FRAMES_H_
