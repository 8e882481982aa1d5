// Deliveries as they go on the wire, encoded once for all readers who get the same under the same positions.
//
// A v1::SubscribeResponse is its deliveries one after the other, and caught_up; so any run of encoded deliveries is a
// message, and so are several runs behind each other. Nothing is encoded for one reader alone.
//
// Threading: a block is immutable; a builder is a value.
#ifndef MUSTER_SERVER_BROKER_DELIVERY_BLOCK_H_
#define MUSTER_SERVER_BROKER_DELIVERY_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace muster {

// Consecutive deliveries of one feed.
struct DeliveryBlock {
  uint64_t first_position = 0;  // From 1.
  std::string bytes;            // The v1::SubscribeResponse that holds them.
  std::vector<uint32_t> ends;   // By delivery: where it ends in `bytes`.
};

// Some of a block: the deliveries with index `from` up to, not including, `to`. It keeps the whole block.
struct DeliveryRun {
  std::shared_ptr<const DeliveryBlock> block;
  uint32_t from = 0;
  uint32_t to = 0;

  size_t count() const { return to - from; }
  size_t bytes_begin() const { return from == 0 ? 0 : block->ends[from - 1]; }
  size_t bytes_size() const { return to == from ? 0 : block->ends[to - 1] - bytes_begin(); }
  absl::string_view bytes() const { return absl::string_view(block->bytes).substr(bytes_begin(), bytes_size()); }
  uint64_t first_position() const { return block->first_position + from; }

  // As much of the front as has at most `count_max` deliveries and `bytes_max` bytes; nothing stays nothing.
  DeliveryRun Front(size_t count_max, size_t bytes_max) const;
};

// The v1::SubscribeResponse that says caught_up and nothing else.
absl::string_view CaughtUpBytes();

class DeliveryBlockBuilder {
 public:
  // The first delivery will have the position `first_position`. `log_id` is Genesis.log_id.
  DeliveryBlockBuilder(absl::string_view log_id, uint64_t first_position);

  // Room for about so much, which saves copies.
  void Reserve(size_t bytes) { block_->bytes.reserve(bytes); }

  // Adds the next delivery, of an encoded v1::Notice: the same bytes that protobuf would write, without parsing the
  // notice. Its cursor is EncodeCursor(log_id, position), its previous cursor that of position - 1, also for the first
  // one: the cursor of an empty feed is position 0.
  void Add(absl::string_view notice);

  bool empty() const { return block_->ends.empty(); }
  // Whether the block keeps to these bounds with `notice` in it. An empty one has room for any.
  bool HasRoom(absl::string_view notice, size_t count_max, size_t bytes_max) const;

  // What was added since the last Take, which is where the next block goes on.
  std::shared_ptr<const DeliveryBlock> Take();

 private:
  std::string cursors_;  // Both cursors' fields, as written last.
  uint64_t position_;
  std::shared_ptr<DeliveryBlock> block_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_DELIVERY_BLOCK_H_
