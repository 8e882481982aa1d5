// Passes a browser's calls on to the brokers or the local agent, without looking into them.
//
// Threading: thread-safe. Call and OpenFeed block; run them on threads that may.
#ifndef MUSTER_CLIENT_GATEWAY_FORWARD_FORWARDER_H_
#define MUSTER_CLIENT_GATEWAY_FORWARD_FORWARDER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/gateway/forward/methods.h"
#include "client/gateway/forward/office_connection.h"
#include "client/gateway/wire/error.h"
#include "client/gateway/wire/framing.h"
#include "client/lib/connection.h"

namespace muster::gateway {

// What ConnectionOptions.on_copy must be, so that an answer that is an agent's copy says so: Connection tells of it on
// the thread that calls, where Forwarder::Call waits for it.
std::function<void(const Freshness&)> NoteCopies();

class Forwarder {
 public:
  struct Answer {
    // Serialized with the call's codec.
    absl::StatusOr<std::string> message;
    // muster-as-of and muster-superseded, when it is a copy.
    Metadata metadata;
    // Of a change that could be read: how the broker's record knows it.
    std::string submission_id = {};
  };

  // `office` is not owned and outlives this.
  explicit Forwarder(const OfficeConnection* office) : office_(office) {}

  // A unary method; `request` are the bytes of one message. No longer than `within` and the connection's own limit.
  //
  // Errors: INVALID_ARGUMENT for bytes that are not the request's; otherwise those of Connection::Call.
  Answer Call(const Method& method, Codec codec, absl::string_view request, absl::Duration within) const;

  // The feed that `request`, a SubscribeRequest, asks for. Whether it works out is told by the first Read. Once it has
  // ended with UNAVAILABLE, the next one is opened at another broker, where there is one.
  absl::StatusOr<std::unique_ptr<FeedStream>> OpenFeed(Codec codec, absl::string_view request) const;

 private:
  const OfficeConnection* const office_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_FORWARD_FORWARDER_H_
