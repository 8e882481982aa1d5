#include "server/rpc/health_service.h"

#include <memory>
#include <utility>

#include "google/protobuf/unknown_field_set.h"
#include "server/rpc/pumped_stream.h"
#include "server/rpc/wire.h"

namespace muster {
namespace {

// HealthCheckResponse{status: SERVING} and {status: NOT_SERVING}, encoded.
constexpr absl::string_view kServing = "\x08\x01";
constexpr absl::string_view kNotServing = "\x08\x02";
// HealthCheckRequest.service: "" is the broker as a whole.
constexpr int kServiceField = 1;

absl::Status CheckRequest(const grpc::ByteBuffer& request) {
  const std::string bytes = ToBytes(request);
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("the request is not a grpc.health.v1.HealthCheckRequest");
  }
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() != kServiceField) continue;
    if (field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED || !field.length_delimited().empty()) {
      return absl::NotFoundError("only the broker as a whole has a health: leave the service empty");
    }
  }
  return absl::OkStatus();
}

class WatchStream final : public PumpedStream {
 public:
  using PumpedStream::PumpedStream;

 private:
  Next TakeNext() override {
    if (std::exchange(told_, true)) return {};
    return {ToBuffer(kServing), {}};
  }

  bool told_ = false;
};

}  // namespace

HealthService::HealthService(const Guard* guard, OpenStreams* streams) : guard_(guard), streams_(streams) {
  AddUnary("grpc.health.v1.Health/Check", [this](UnaryCall* call) { Check(call); });
  AddFeed("grpc.health.v1.Health/Watch", [this](StreamCall* call) { Watch(call); });
}

void HealthService::Check(UnaryCall* call) const {
  const absl::Status status = CheckRequest(call->request());
  if (!status.ok()) return call->Finish(status);
  call->Finish(ToBuffer(serving_ ? kServing : kNotServing));
}

void HealthService::Watch(StreamCall* call) const {
  absl::StatusOr<Caller> caller = guard_->Authenticate(call->peer());
  absl::Status status = caller.status();
  if (status.ok()) status = CheckRequest(call->request());
  if (!status.ok()) return call->Finish(status);
  std::make_shared<WatchStream>(call, *std::move(caller), streams_)->Begin();
}

}  // namespace muster
