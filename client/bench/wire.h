// Reading protobuf's encoding in place, for the few fields that a load looks at in each of millions of messages.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_BENCH_WIRE_H_
#define MUSTER_CLIENT_BENCH_WIRE_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace muster::bench {

// One field as it stands in the bytes. `bytes` is set for length-delimited fields, `value` for varints.
struct WireField {
  uint32_t number = 0;
  uint64_t value = 0;
  absl::string_view bytes;
};

// Walks over the fields of one message, which must outlive it.
class WireReader {
 public:
  explicit WireReader(absl::string_view message) : at_(message.data()), end_(message.data() + message.size()) {}

  // The next field. False at the end, and when the bytes are no message: then ok() is false.
  bool Next(WireField* field) {
    uint64_t tag = 0;
    if (at_ == end_ || !ReadVarint(&tag)) return false;
    field->number = static_cast<uint32_t>(tag >> 3);
    field->bytes = {};
    field->value = 0;
    switch (tag & 7) {
      case 0:
        return ReadVarint(&field->value);
      case 1:
        return Skip(8);
      case 2: {
        uint64_t size = 0;
        if (!ReadVarint(&size) || size > static_cast<uint64_t>(end_ - at_)) return Fail();
        field->bytes = absl::string_view(at_, static_cast<size_t>(size));
        at_ += size;
        return true;
      }
      case 5:
        return Skip(4);
      default:
        return Fail();
    }
  }

  bool ok() const { return ok_; }

 private:
  bool Fail() {
    ok_ = false;
    return false;
  }
  bool Skip(int64_t count) {
    if (end_ - at_ < count) return Fail();
    at_ += count;
    return true;
  }
  bool ReadVarint(uint64_t* value) {
    uint64_t result = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      result |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *value = result;
        return true;
      }
    }
    return Fail();
  }

  const char* at_;
  const char* const end_;
  bool ok_ = true;
};

// The first field `number` of `message`, which must be length-delimited; empty when there is none.
inline absl::string_view BytesOf(absl::string_view message, uint32_t number) {
  WireReader reader(message);
  WireField field;
  while (reader.Next(&field)) {
    if (field.number == number) return field.bytes;
  }
  return {};
}

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_WIRE_H_
