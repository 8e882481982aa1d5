#include "server/broker/delivery_block.h"

#include <algorithm>
#include <utility>

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

// A tag and the greatest length.
constexpr size_t kHeaderBytesMax = 1 + 5;

size_t DelimitedBytes(size_t body) { return 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(body)) + body; }

uint8_t* WriteHeader(int field, size_t body, uint8_t* to) {
  *to++ = DelimitedTag(field);
  return CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(body), to);
}

void AppendField(int field, absl::string_view body, std::string* to) {
  uint8_t header[kHeaderBytesMax];
  to->append(reinterpret_cast<char*>(header), static_cast<size_t>(WriteHeader(field, body.size(), header) - header));
  to->append(body.data(), body.size());
}

// Adds one to the position that ends a cursor (server/state/cursor.h) before `end`: 8 bytes, most significant first.
void Increment(char* end) {
  for (char* const begin = end - 8; end != begin;) {
    if (++*--end != 0) return;
  }
}

}  // namespace

DeliveryRun DeliveryRun::Front(size_t count_max, size_t bytes_max) const {
  DeliveryRun front = *this;
  if (count() <= count_max && bytes_size() <= bytes_max) return front;
  const auto begin = block->ends.begin() + from;
  const auto end = begin + static_cast<std::ptrdiff_t>(std::min(count(), count_max));
  front.to = static_cast<uint32_t>(std::upper_bound(begin, end, bytes_begin() + bytes_max) - block->ends.begin());
  return front;
}

absl::string_view CaughtUpBytes() {
  static constexpr char kBytes[] = {static_cast<char>(VarintTag(v1::SubscribeResponse::kCaughtUpFieldNumber)), 1};
  return {kBytes, sizeof(kBytes)};
}

DeliveryBlockBuilder::DeliveryBlockBuilder(absl::string_view log_id, uint64_t first_position)
    : position_(first_position - 1), block_(std::make_shared<DeliveryBlock>()) {
  block_->first_position = first_position;
  AppendField(v1::Delivery::kCursorFieldNumber, EncodeCursor(log_id, position_), &cursors_);
  AppendField(v1::Delivery::kPreviousCursorFieldNumber, EncodeCursor(log_id, position_ - 1), &cursors_);
}

bool DeliveryBlockBuilder::HasRoom(absl::string_view notice, size_t count_max, size_t bytes_max) const {
  if (empty()) return true;
  const size_t bytes = DelimitedBytes(cursors_.size() + DelimitedBytes(notice.size()));
  return block_->ends.size() < count_max && block_->bytes.size() + bytes <= bytes_max;
}

void DeliveryBlockBuilder::Add(absl::string_view notice) {
  ++position_;
  Increment(cursors_.data() + cursors_.size() / 2);
  Increment(cursors_.data() + cursors_.size());
  uint8_t header[kHeaderBytesMax];
  const uint8_t* const header_end = WriteHeader(v1::SubscribeResponse::kDeliveriesFieldNumber,
                                                cursors_.size() + DelimitedBytes(notice.size()), header);
  std::string& bytes = block_->bytes;
  bytes.append(reinterpret_cast<const char*>(header), static_cast<size_t>(header_end - header));
  bytes.append(cursors_);
  AppendField(v1::Delivery::kNoticeFieldNumber, notice, &bytes);
  block_->ends.push_back(static_cast<uint32_t>(bytes.size()));
}

std::shared_ptr<const DeliveryBlock> DeliveryBlockBuilder::Take() {
  const std::shared_ptr<DeliveryBlock> taken = std::exchange(block_, std::make_shared<DeliveryBlock>());
  block_->first_position = position_ + 1;
  if (taken->bytes.capacity() > taken->bytes.size() + taken->bytes.size() / 4) taken->bytes.shrink_to_fit();
  return taken;
}

}  // namespace muster
