#include "server/rpc/feed_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "common/error_reason.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "server/broker/feed_message.h"
#include "server/rpc/pumped_stream.h"

namespace muster {
namespace {

using WriteReactor = grpc::ServerWriteReactor<grpc::ByteBuffer>;

// One stream message holds at most this much.
constexpr size_t kDeliveriesMax = 512;
constexpr size_t kDeliveryBytesMax = 1 << 20;

// What went wrong on our disk is for our log; a reader learns that it did.
absl::Status ForReaders(const absl::Status& status) {
  if (absl::IsCancelled(status) || RejectedOf(status).reason() != v1::ERROR_REASON_UNSPECIFIED) return status;
  LogError("a feed could not be read", {{"why", status.message()}});
  return absl::InternalError("the broker could not read its feed; its operator finds the reason in the broker's log");
}

class FeedStream final : public PumpedStream<WriteReactor> {
 public:
  // `open` is kept for as long as the stream is open.
  FeedStream(grpc::CallbackServerContext* context, Caller caller, OpenStreams* streams, std::string log_id,
             std::shared_ptr<void> open)
      : PumpedStream(context, std::move(caller), streams), log_id_(std::move(log_id)), open_(std::move(open)) {}

  // Before Begin.
  absl::Status Open(Broker* broker, const v1::SubscribeRequest& request) {
    std::optional<absl::string_view> after;
    if (!request.from_now()) after = request.after_cursor();
    std::weak_ptr<OpenStream> weak = shared_from_this();
    MUSTER_ASSIGN_OR_RETURN(subscriber_, broker->Subscribe(caller().principal.agency_id(), after,
                                                           [weak, streams = streams()] { streams->Wake(weak); }));
    return absl::OkStatus();
  }

 private:
  Next TakeNext() override {
    deliveries_.clear();
    bool caught_up = false;
    subscriber_->Drain(kDeliveriesMax, kDeliveryBytesMax, &deliveries_, &caught_up);
    if (!deliveries_.empty() || caught_up) return {EncodeSubscribeResponse(log_id_, deliveries_, caught_up), {}};
    const absl::Status status = subscriber_->status();
    if (status.ok()) return {};
    return {{}, ForReaders(status)};
  }

  void Release() override {
    subscriber_->Cancel();
    open_.reset();
  }

  const std::string log_id_;
  std::shared_ptr<void> open_;
  std::shared_ptr<Subscriber> subscriber_;
  std::vector<QueuedDelivery> deliveries_;
};

}  // namespace

WriteReactor* FeedService::Subscribe(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request_bytes) {
  std::shared_ptr<FeedStream> stream;
  const absl::Status status = [&]() -> absl::Status {
    MUSTER_ASSIGN_OR_RETURN(Caller caller, calls_.guard().Authenticate(*context->auth_context()));
    MUSTER_RETURN_IF_ERROR(broker_->WithState([&](const State& state) {
      return calls_.guard().Admit(state, caller, FindRule("muster.v1.FeedService/Subscribe"), {});
    }));
    v1::SubscribeRequest request;
    MUSTER_RETURN_IF_ERROR(ParseBuffer(*request_bytes, &request));
    MUSTER_RETURN_IF_ERROR(ValidateSubscribe(request));
    std::shared_ptr<void> open = calls_.presence().OpenFeed(caller.principal.agency_id());
    stream = std::make_shared<FeedStream>(context, std::move(caller), streams_, broker_->log_id(), std::move(open));
    return stream->Open(broker_, request);
  }();
  if (!status.ok()) return new RefusedStream<WriteReactor>(status);
  FeedStream* const reactor = stream.get();
  reactor->Begin();
  return reactor;
}

}  // namespace muster
