// Deliveries as gRPC takes them.
#ifndef MUSTER_SERVER_RPC_FEED_BUFFER_H_
#define MUSTER_SERVER_RPC_FEED_BUFFER_H_

#include "absl/types/span.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/broker/delivery_block.h"

namespace muster {

// The v1::SubscribeResponse that holds `runs`, which follow each other, and says whether this is all for now. Refers to
// their blocks where that costs less than to copy, and keeps those for as long as the buffer lives.
grpc::ByteBuffer ToFeedBuffer(absl::Span<const DeliveryRun> runs, bool caught_up);

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_FEED_BUFFER_H_
