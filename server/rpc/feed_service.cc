#include "server/rpc/feed_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "common/error_reason.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "server/rpc/feed_buffer.h"
#include "server/rpc/pumped_stream.h"
#include "server/rpc/wire.h"

namespace muster {
namespace {

// One stream message holds at most this much.
constexpr size_t kDeliveriesMax = 512;
constexpr size_t kDeliveryBytesMax = 1 << 20;

// What went wrong on our disk is for our log; a reader learns that it did.
absl::Status ForReaders(const absl::Status& status) {
  if (absl::IsCancelled(status) || RejectedOf(status).reason() != v1::ERROR_REASON_UNSPECIFIED) return status;
  LogError("a feed could not be read", {{"why", status.message()}});
  return absl::InternalError("the broker could not read its feed; its operator finds the reason in the broker's log");
}

class FeedStream final : public PumpedStream {
 public:
  // `open` is kept for as long as the stream is open.
  FeedStream(StreamCall* call, Caller caller, OpenStreams* streams, std::shared_ptr<void> open)
      : PumpedStream(call, std::move(caller), streams), open_(std::move(open)) {}

  // Before Begin.
  absl::Status Open(Broker* broker, const v1::SubscribeRequest& request) {
    std::optional<absl::string_view> after;
    if (!request.from_now()) after = request.after_cursor();
    std::weak_ptr<OpenStream> weak = shared_from_this();
    MUSTER_ASSIGN_OR_RETURN(subscriber_, broker->Subscribe(caller().principal().agency_id(), after,
                                                           [weak, streams = streams()] { streams->Wake(weak); }));
    return absl::OkStatus();
  }

 private:
  Next TakeNext() override {
    std::vector<DeliveryRun> runs;
    bool caught_up = false;
    subscriber_->Drain(kDeliveriesMax, kDeliveryBytesMax, &runs, &caught_up);
    if (!runs.empty() || caught_up) return {ToFeedBuffer(runs, caught_up), {}};
    const absl::Status status = subscriber_->status();
    if (status.ok()) return {};
    return {{}, ForReaders(status)};
  }

  void Release() override {
    subscriber_->Cancel();
    open_.reset();
  }

  std::shared_ptr<void> open_;
  std::shared_ptr<Subscriber> subscriber_;
};

}  // namespace

FeedService::FeedService(Broker* broker, const UnaryCalls* calls, OpenStreams* streams)
    : broker_(broker), calls_(*calls), streams_(streams) {
  AddUnary("muster.v1.FeedService/GetFeedCursor",
           [calls](UnaryCall* call) { calls->Read(call, "muster.v1.FeedService/GetFeedCursor"); });
  AddFeed("muster.v1.FeedService/Subscribe", [this](StreamCall* call) { Subscribe(call); });
}

void FeedService::Subscribe(StreamCall* call) const {
  std::shared_ptr<FeedStream> stream;
  const absl::Status status = [&]() -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(Caller caller, calls_.guard().Authenticate(call->peer()));
    MUSTER_RETURN_IF_ERROR(broker_->WithState([&](const State& state) {
      return calls_.guard().Admit(state, caller, FindRule("muster.v1.FeedService/Subscribe"), {});
    }));
    v1::SubscribeRequest request;
    MUSTER_RETURN_IF_ERROR(ParseBuffer(call->request(), &request));
    MUSTER_RETURN_IF_ERROR(ValidateSubscribe(request));
    std::shared_ptr<void> open = calls_.presence().OpenFeed(caller.principal().agency_id());
    stream = std::make_shared<FeedStream>(call, std::move(caller), streams_, std::move(open));
    return stream->Open(broker_, request);
  }();
  if (!status.ok()) return call->Finish(status);
  stream->Begin();
}

}  // namespace muster
