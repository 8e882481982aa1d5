#include "client/bench/grpc_frames.h"

#include <algorithm>
#include <cstdint>

namespace muster::bench {
namespace {

size_t SizeIn(absl::string_view header) {
  size_t size = 0;
  for (size_t i = 1; i < kFrameHeaderBytes; ++i) size = size << 8 | static_cast<uint8_t>(header[i]);
  return size;
}

bool IsHeader(absl::string_view header) { return header[0] == 0 && SizeIn(header) <= kFrameBytesMax; }

}  // namespace

void FillFrameHeader(std::string* out, size_t start) {
  const size_t size = out->size() - start - kFrameHeaderBytes;
  char* header = out->data() + start;
  header[0] = 0;
  for (size_t i = 1; i < kFrameHeaderBytes; ++i) header[i] = static_cast<char>(size >> (8 * (4 - i)));
}

void AppendFrame(std::string* out, absl::string_view message) {
  const size_t start = out->size();
  out->append(kFrameHeaderBytes, '\0');
  out->append(message.data(), message.size());
  FillFrameHeader(out, start);
}

bool FrameReader::Feed(absl::string_view bytes, absl::FunctionRef<void(absl::string_view)> on_message) {
  // First what is missing of the message that the bytes before began.
  while (!pending_.empty() && !bytes.empty()) {
    size_t wanted = kFrameHeaderBytes;
    if (pending_.size() >= kFrameHeaderBytes) {
      if (!IsHeader(pending_)) return false;
      wanted += SizeIn(pending_);
    }
    const size_t taken = std::min(wanted - pending_.size(), bytes.size());
    pending_.append(bytes.data(), taken);
    bytes.remove_prefix(taken);
    if (pending_.size() < kFrameHeaderBytes || pending_.size() < kFrameHeaderBytes + SizeIn(pending_)) continue;
    if (!IsHeader(pending_)) return false;
    on_message(absl::string_view(pending_).substr(kFrameHeaderBytes));
    pending_.clear();
  }
  // Then messages that are there whole, which are not copied.
  while (bytes.size() >= kFrameHeaderBytes) {
    if (!IsHeader(bytes)) return false;
    const size_t size = SizeIn(bytes);
    if (bytes.size() - kFrameHeaderBytes < size) break;
    on_message(bytes.substr(kFrameHeaderBytes, size));
    bytes.remove_prefix(kFrameHeaderBytes + size);
  }
  pending_.append(bytes.data(), bytes.size());
  return true;
}

}  // namespace muster::bench
