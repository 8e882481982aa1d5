#include "server/broker/long_message.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace muster {
namespace {

using google::protobuf::io::CodedInputStream;

// `bytes` are at most as many as it can read.
CodedInputStream StreamOf(absl::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
}

// How many bytes the first fields take that are together at least `at_least` long, or as many as can be read; 0 when
// not one can be.
size_t WholeFields(absl::string_view bytes, size_t at_least) {
  constexpr size_t kReadableMax = std::numeric_limits<int>::max();
  bytes = bytes.substr(0, kReadableMax);
  CodedInputStream stream = StreamOf(bytes);
  at_least = std::min(at_least, bytes.size());
  size_t end = 0;
  while (end < at_least) {
    const uint32_t tag = stream.ReadTag();
    // It ends beyond what can be read now, or nowhere: the next part, which begins with it, tells.
    if (tag == 0 || !google::protobuf::internal::WireFormatLite::SkipField(&stream, tag)) break;
    end = static_cast<size_t>(stream.CurrentPosition());
  }
  return end;
}

}  // namespace

// An encoding cut between two fields is two encodings, and they merge to the message.
bool MergeFromLong(absl::string_view bytes, google::protobuf::MessageLite* message, size_t part_bytes) {
  while (!bytes.empty()) {
    const size_t part = WholeFields(bytes, part_bytes);
    if (part == 0) return false;
    CodedInputStream stream = StreamOf(bytes.substr(0, part));
    if (!message->MergeFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) return false;
    bytes.remove_prefix(part);
  }
  return true;
}

}  // namespace muster
