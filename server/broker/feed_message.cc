#include "server/broker/feed_message.h"

#include <cstdint>

#include "google/protobuf/io/coded_stream.h"
#include "muster/v1/submission.pb.h"
#include "server/state/cursor.h"

namespace muster {
namespace {

using google::protobuf::io::CodedOutputStream;

// A tag is the field's number and its wire type, 0 for a varint, 2 for what has a length
// (protobuf.dev/programming-guides/encoding).
constexpr uint8_t DelimitedTag(int field) { return static_cast<uint8_t>(field << 3 | 2); }
constexpr uint8_t VarintTag(int field) { return static_cast<uint8_t>(field << 3); }
static_assert(v1::SubscribeResponse::kDeliveriesFieldNumber < 16 && v1::SubscribeResponse::kCaughtUpFieldNumber < 16 &&
                  v1::Delivery::kCursorFieldNumber < 16 && v1::Delivery::kPreviousCursorFieldNumber < 16 &&
                  v1::Delivery::kNoticeFieldNumber < 16,
              "tags are taken to be one byte long");

size_t DelimitedBytes(size_t body) { return 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(body)) + body; }

uint8_t* WriteHeader(int field, size_t body, uint8_t* to) {
  *to++ = DelimitedTag(field);
  return CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(body), to);
}

uint8_t* WriteDelimited(int field, absl::string_view body, uint8_t* to) {
  to = WriteHeader(field, body.size(), to);
  return CodedOutputStream::WriteRawToArray(body.data(), static_cast<int>(body.size()), to);
}

}  // namespace

std::string EncodeSubscribeResponse(absl::string_view log_id, absl::Span<const QueuedDelivery> deliveries,
                                    bool caught_up) {
  const size_t cursors_bytes = 2 * DelimitedBytes(EncodeCursor(log_id, 0).size());
  const auto delivery_bytes = [cursors_bytes](const QueuedDelivery& delivery) {
    return cursors_bytes + DelimitedBytes(delivery.notice->size());
  };
  size_t total = caught_up ? 2 : 0;
  for (const QueuedDelivery& delivery : deliveries) total += DelimitedBytes(delivery_bytes(delivery));

  std::string message(total, '\0');
  auto* to = reinterpret_cast<uint8_t*>(message.data());
  for (const QueuedDelivery& delivery : deliveries) {
    to = WriteHeader(v1::SubscribeResponse::kDeliveriesFieldNumber, delivery_bytes(delivery), to);
    to = WriteDelimited(v1::Delivery::kCursorFieldNumber, EncodeCursor(log_id, delivery.position), to);
    to = WriteDelimited(v1::Delivery::kPreviousCursorFieldNumber, EncodeCursor(log_id, delivery.position - 1), to);
    to = WriteDelimited(v1::Delivery::kNoticeFieldNumber, *delivery.notice, to);
  }
  if (caught_up) {
    *to++ = VarintTag(v1::SubscribeResponse::kCaughtUpFieldNumber);
    *to++ = 1;
  }
  return message;
}

}  // namespace muster
