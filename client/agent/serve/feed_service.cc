#include "client/agent/serve/feed_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/serve/unary_service.h"
#include "client/agent/serve/wire.h"
#include "common/deadline.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "common/validation.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/support/method_handler.h"
#include "grpcpp/support/sync_stream.h"

namespace muster::agent {
namespace {

using Bytes = grpc::ByteBuffer;

constexpr size_t kDeliveriesMax = 256;
// How often a waiting reader's thread looks whether the call should end.
constexpr absl::Duration kLookInterval = absl::Milliseconds(200);
// How long a cursor may be ahead of the inbox: a read that went to the broker tells of what is still on its way here.
constexpr absl::Duration kBehindMax = absl::Seconds(3);

// A place in the inbox: the row of the last delivery that the reader has, and its cursor (empty: not known).
struct Place {
  uint64_t row = 0;
  std::string cursor;
};

Place EndOf(const Inbox& inbox) {
  Place place;
  do {
    place.row = inbox.last_row();
    place.cursor = inbox.cursor();
  } while (place.row != inbox.last_row());
  return place;
}

// The inbox cannot always tell an unknown cursor from one that is older than what is kept.
bool IsNotHeld(const absl::Status& status) {
  const muster::v1::ErrorReason reason = RejectedOf(status).reason();
  return reason == muster::v1::ERROR_REASON_CURSOR_NOT_OURS || reason == muster::v1::ERROR_REASON_HISTORY_TRIMMED;
}

// One Subscribe.
class FeedReader {
 public:
  FeedReader(Agent* agent, const OpenCalls* calls, grpc::ServerContext* context, grpc::ServerWriter<Bytes>* writer)
      : agent_(agent), inbox_(agent->store().inbox()), calls_(calls), context_(context), writer_(writer) {}

  // Until the reader goes, or the feed cannot go on.
  absl::Status Run(const muster::v1::SubscribeRequest& request) {
    MUSTER_RETURN_IF_ERROR(FindStart(request));
    bool caught_up = false;
    while (true) {
      MUSTER_RETURN_IF_ERROR(calls_->ShouldEnd(*context_));
      const uint64_t revision = inbox_.revision().now();
      MUSTER_ASSIGN_OR_RETURN(std::vector<Inbox::Stored> stored, inbox_.After(place_.row, kDeliveriesMax));
      if (stored.empty() && caught_up) {
        inbox_.revision().WaitBeyond(revision, kLookInterval);
        continue;
      }
      // Said once. The daemon's present: what it holds.
      const bool now_caught_up = !caught_up && (stored.empty() || stored.back().row == inbox_.last_row());
      MUSTER_RETURN_IF_ERROR(Send(std::move(stored), now_caught_up));
      caught_up = caught_up || now_caught_up;
    }
  }

 private:
  absl::Status FindStart(const muster::v1::SubscribeRequest& request) {
    if (request.from_now()) {
      place_ = EndOf(inbox_);
      return absl::OkStatus();
    }
    const Deadline give_up(kBehindMax, agent_->clock());
    while (true) {
      const uint64_t revision = inbox_.revision().now();
      const absl::StatusOr<uint64_t> row = inbox_.RowOf(request.after_cursor());
      if (row.ok()) {
        place_ = {*row, request.after_cursor()};
        return absl::OkStatus();
      }
      const bool on_its_way = IsNotHeld(row.status()) && agent_->link().connected() && !give_up.passed();
      if (!on_its_way) return row.status();
      MUSTER_RETURN_IF_ERROR(calls_->ShouldEnd(*context_));
      inbox_.revision().WaitBeyond(revision, kLookInterval);
    }
  }

  // Sends `stored` as far as each delivery follows the one before it.
  absl::Status Send(std::vector<Inbox::Stored> stored, bool caught_up) {
    muster::v1::SubscribeResponse response;
    absl::Status broken;
    for (Inbox::Stored& next : stored) {
      broken = CheckFollows(next.delivery);
      if (!broken.ok()) break;
      place_ = {next.row, next.delivery.cursor()};
      *response.add_deliveries() = std::move(next.delivery);
    }
    response.set_caught_up(caught_up && broken.ok());
    if ((response.deliveries_size() > 0 || response.caught_up()) && !writer_->Write(ToBuffer(response))) {
      return absl::CancelledError("the reader has gone");
    }
    return broken;
  }

  // A gap that no broker could fill, or rows that were removed under a slow reader: in both cases the reader is to do
  // what it does when a broker has trimmed its history.
  absl::Status CheckFollows(const muster::v1::Delivery& delivery) const {
    if (place_.cursor.empty() || delivery.previous_cursor() == place_.cursor) return absl::OkStatus();
    return Refusal(muster::v1::ERROR_REASON_HISTORY_TRIMMED,
                   "what follows the cursor is not held here any more, or never was (muster agent status shows gaps); "
                   "read the current state, whose answers carry a cursor, and subscribe from that");
  }

  Agent* const agent_;
  const Inbox& inbox_;
  const OpenCalls* const calls_;
  grpc::ServerContext* const context_;
  grpc::ServerWriter<Bytes>* const writer_;
  Place place_;
};

absl::Status Subscribe(Agent* agent, OpenCalls* calls, grpc::ServerContext* context, const Bytes& request_bytes,
                       grpc::ServerWriter<Bytes>* writer) {
  MUSTER_ASSIGN_OR_RETURN(const OpenCalls::Place place, calls->EnterLong());
  muster::v1::SubscribeRequest request;
  MUSTER_RETURN_IF_ERROR(ParseBuffer(request_bytes, &request));
  MUSTER_RETURN_IF_ERROR(ValidateSubscribe(request));
  return FeedReader(agent, calls, context, writer).Run(request);
}

}  // namespace

FeedService::FeedService(Agent* agent, OpenCalls* calls) {
  using google::protobuf::Message;
  using grpc::internal::RpcMethod;
  const google::protobuf::MethodDescriptor* const get_cursor =
      muster::v1::Submission::descriptor()->file()->FindServiceByName("FeedService")->FindMethodByName("GetFeedCursor");
  AddMethod(new grpc::internal::RpcServiceMethod(
      "/muster.v1.FeedService/Subscribe", RpcMethod::SERVER_STREAMING,
      new grpc::internal::ServerStreamingHandler<FeedService, Bytes, Bytes>(
          [=](FeedService*, grpc::ServerContext* context, const Bytes* request, grpc::ServerWriter<Bytes>* writer) {
            return ToGrpcStatus(Subscribe(agent, calls, context, *request, writer));
          },
          this)));
  AddMethod(new grpc::internal::RpcServiceMethod(
      "/muster.v1.FeedService/GetFeedCursor", RpcMethod::NORMAL_RPC,
      new grpc::internal::RpcMethodHandler<FeedService, Bytes, Bytes>(
          [=](FeedService*, grpc::ServerContext* context, const Bytes* request, Bytes* response) {
            return ServeUnary(
                *get_cursor, calls->EnterShort(), context, *request, response,
                [agent](grpc::ServerContext*, Message* asked, Message* answer) {
                  MUSTER_RETURN_IF_ERROR(Validate(*asked));
                  static_cast<muster::v1::GetFeedCursorResponse*>(answer)->set_cursor(agent->store().inbox().cursor());
                  return absl::OkStatus();
                });
          },
          this)));
}

}  // namespace muster::agent
