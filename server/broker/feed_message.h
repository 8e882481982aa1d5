// The stream message that carries deliveries, put together from notices that are encoded already.
//
// Threading: pure function.
#ifndef MUSTER_SERVER_BROKER_FEED_MESSAGE_H_
#define MUSTER_SERVER_BROKER_FEED_MESSAGE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/broker/subscriber.h"

namespace muster {

// The encoding of the v1::SubscribeResponse that holds `deliveries`, the same bytes that protobuf would write, without
// parsing or re-encoding a notice. A delivery's cursor is EncodeCursor(log_id, position), its previous cursor that of
// position - 1, also for the first one: the cursor of an empty feed is position 0. `log_id` is Genesis.log_id.
std::string EncodeSubscribeResponse(absl::string_view log_id, absl::Span<const QueuedDelivery> deliveries,
                                    bool caught_up);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_FEED_MESSAGE_H_
