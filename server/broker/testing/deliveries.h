// What a reader of the wire makes of a feed's messages, for tests.
#ifndef MUSTER_SERVER_BROKER_TESTING_DELIVERIES_H_
#define MUSTER_SERVER_BROKER_TESTING_DELIVERIES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/broker/delivery_block.h"

namespace muster {

struct ReadDelivery {
  uint64_t position = 0;
  std::string notice;  // As it was published; need not be a v1::Notice.
};

// The deliveries in the encoded v1::SubscribeResponse. Fails the test when the bytes are not one, or a delivery's
// previous cursor is not the one before its cursor.
std::vector<ReadDelivery> DecodeDeliveries(absl::string_view response);

// Those of several runs, one after the other.
std::vector<ReadDelivery> DecodeDeliveries(absl::Span<const DeliveryRun> runs);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_TESTING_DELIVERIES_H_
