#include "client/gateway/http/feed_body.h"

#include <atomic>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "client/gateway/forward/codec.h"
#include "client/gateway/wire/answer.h"
#include "common/status_macros.h"
#include "muster/v1/submission.pb.h"

namespace muster::gateway {
namespace {

absl::Status CannotHold(Sessions* sessions, const std::string& token) {
  if (sessions->Find(token).has_value()) {
    return absl::ResourceExhaustedError("this session has too many streams open: close some windows of the dashboard");
  }
  return absl::UnauthenticatedError("the session has ended: sign in again");
}

// Passes on what there is until the feed ends or nobody reads it. OK when nobody does.
absl::Status PassOn(const Framing& framing, FeedStream* feed, StreamSink* sink) {
  muster::v1::SubscribeResponse message;
  bool read_by_somebody = true;
  absl::Status status;
  while (feed->Read(&message)) {
    if (!read_by_somebody || !status.ok()) continue;  // Cancelled: what has arrived already is thrown away.
    const absl::StatusOr<std::string> bytes = SerializeMessage(framing.codec, message);
    status = bytes.status();
    if (bytes.ok()) read_by_somebody = sink->Write(EncodeMessage(framing, *bytes));
    if (!read_by_somebody || !status.ok()) feed->Cancel();
  }
  const absl::Status end = feed->Finish();
  if (!status.ok()) return status;
  return read_by_somebody ? end : absl::OkStatus();
}

absl::Status Run(const FeedCall& call, const Forwarder& forwarder, Sessions* sessions, StreamSink* sink) {
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<FeedStream> opened, forwarder.OpenFeed(call.framing.codec, call.request));
  const std::shared_ptr<FeedStream> feed = std::move(opened);
  const auto session_ended = std::make_shared<std::atomic<bool>>(false);
  const auto hold = sessions->HoldOpen(call.token, [feed, session_ended] {
    session_ended->store(true);
    feed->Cancel();
  });
  if (hold == nullptr) {
    feed->Cancel();
    muster::v1::SubscribeResponse unread;
    while (feed->Read(&unread)) continue;
    (void)feed->Finish();
    return CannotHold(sessions, call.token);
  }
  sink->OnGone([feed] { feed->Cancel(); });
  const absl::Status status = PassOn(call.framing, feed.get(), sink);
  if (session_ended->load()) return absl::UnauthenticatedError("the session has ended: sign in again");
  // Nobody cancels but the reader, who hears nothing more, the session, and a gateway that stops.
  if (absl::IsCancelled(status)) return absl::UnavailableError("the gateway is stopping: connect again in a moment");
  if (absl::IsUnavailable(status)) forwarder.MoveOn();
  return status;
}

}  // namespace

void WriteFeed(const FeedCall& call, const Forwarder& forwarder, Sessions* sessions, StreamSink* sink) {
  sink->Write(EncodeEnd(call.framing, Run(call, forwarder, sessions, sink)));
}

}  // namespace muster::gateway
