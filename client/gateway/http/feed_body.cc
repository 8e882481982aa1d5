#include "client/gateway/http/feed_body.h"

#include <atomic>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/gateway/forward/codec.h"
#include "client/gateway/wire/answer.h"
#include "common/status_macros.h"
#include "muster/v1/submission.pb.h"

namespace muster::gateway {
namespace {

absl::Status CannotHold(Sessions* sessions, const std::string& token) {
  if (sessions->Find(token).has_value()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "too many streams are open: a session may have ", Sessions::kStreamsPerSessionMax, " and a person ",
        Sessions::kStreamsPerPersonMax, "; close some windows of the dashboard, or sign out where it is not needed"));
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

// What may end a feed from another thread, also while it is still being opened.
class Ending {
 public:
  void Cancel() {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    if (feed_ != nullptr) feed_->Cancel();
  }
  void CancelForSession() {
    session_ended_.store(true);
    Cancel();
  }
  void Opened(std::shared_ptr<FeedStream> feed) {
    absl::MutexLock lock(&mu_);
    feed_ = std::move(feed);
    if (cancelled_) feed_->Cancel();
  }
  bool session_ended() const { return session_ended_.load(); }

 private:
  std::atomic<bool> session_ended_{false};
  absl::Mutex mu_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  std::shared_ptr<FeedStream> feed_ ABSL_GUARDED_BY(mu_);
};

absl::Status Run(const FeedCall& call, const Forwarder& forwarder, Sessions* sessions, StreamSink* sink) {
  const auto ending = std::make_shared<Ending>();
  // First, so that a session that has enough streams costs the broker nothing.
  const auto hold = sessions->HoldOpen(call.token, [ending] { ending->CancelForSession(); });
  if (hold == nullptr) return CannotHold(sessions, call.token);
  sink->OnGone([ending] { ending->Cancel(); });
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<FeedStream> opened, forwarder.OpenFeed(call.framing.codec, call.request));
  const std::shared_ptr<FeedStream> feed = std::move(opened);
  ending->Opened(feed);
  const absl::Status status = PassOn(call.framing, feed.get(), sink);
  if (ending->session_ended()) return absl::UnauthenticatedError("the session has ended: sign in again");
  // Nobody cancels but the reader, who hears nothing more, the session, and a gateway that stops.
  if (absl::IsCancelled(status)) return absl::UnavailableError("the gateway is stopping: connect again in a moment");
  return status;
}

}  // namespace

void WriteFeed(const FeedCall& call, const Forwarder& forwarder, Sessions* sessions, StreamSink* sink) {
  sink->Write(EncodeEnd(call.framing, Run(call, forwarder, sessions, sink)));
}

}  // namespace muster::gateway
