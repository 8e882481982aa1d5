// The body of a stream's answer: FeedService.Subscribe, passed on message by message.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_FEED_BODY_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_FEED_BODY_H_

#include <string>

#include "client/gateway/forward/forwarder.h"
#include "client/gateway/http/message.h"
#include "client/gateway/session/sessions.h"
#include "client/gateway/wire/framing.h"

namespace muster::gateway {

struct FeedCall {
  Framing framing;
  // The bytes of a SubscribeRequest.
  std::string request;
  // The session that keeps it open.
  std::string token;
};

// Opens the feed and writes it to `sink` until either side ends it or the session is over; then says why, framed.
// Blocks for all that time. Nothing is owned.
void WriteFeed(const FeedCall& call, const Forwarder& forwarder, Sessions* sessions, StreamSink* sink);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_FEED_BODY_H_
