// Any RPC with any bytes, over a channel made by hand: for what client/lib would never send.
#ifndef MUSTER_TESTS_INTEGRATION_WIRE_CALL_H_
#define MUSTER_TESTS_INTEGRATION_WIRE_CALL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpcpp/channel.h"
#include "muster/v1/error.pb.h"
#include "tests/integration/test_broker.h"

namespace muster {

// Channels that share no connection with any other. No retries.
std::shared_ptr<grpc::Channel> ChannelWith(const TestBroker& broker, const CertificateFiles& files);
std::shared_ptr<grpc::Channel> ChannelWithoutCertificate(const TestBroker& broker);
std::shared_ptr<grpc::Channel> PlaintextChannel(const TestBroker& broker);

struct WireAnswer {
  absl::Status status;
  std::vector<std::string> responses;
};

struct WireOptions {
  absl::Duration deadline = kPatience;
  // Cancels the call after so many responses: for streams that have no end.
  size_t responses_max = 1000;
};

// Sends `messages` to `method` ("muster.v1.PlanService/GetPlan"), says that this is all, and reads to the end. Works
// for unary calls and streams alike.
WireAnswer CallWire(const std::shared_ptr<grpc::Channel>& channel, absl::string_view method,
                    const std::vector<std::string>& messages, WireOptions options = {});

// The reason that a refusal carries.
v1::ErrorReason ReasonOf(const absl::Status& status);

// The full names of the services that the broker at the other end reports by reflection. `status`: how asking went.
std::vector<std::string> ReflectedServices(const std::shared_ptr<grpc::Channel>& channel, absl::Status* status);

// Every RPC that the broker serves, by descriptor for its own and by name for those that gRPC brings along.
struct ServedRpc {
  std::string name;  // "muster.v1.PlanService/GetPlan"
  // Null for gRPC's own.
  const google::protobuf::MethodDescriptor* method = nullptr;
};
std::vector<ServedRpc> ServedRpcs(const std::shared_ptr<grpc::Channel>& channel);

// A well-formed request for `rpc`: all fields filled with what their rules accept.
std::string ValidRequestFor(const ServedRpc& rpc);

}  // namespace muster

#endif  // MUSTER_TESTS_INTEGRATION_WIRE_CALL_H_
