// How every unary call is served: authenticate, authorize, validate, then read the state or submit to the broker.
//
// Which of the two an RPC does, and for whom, is the policy table's to say (server/state/access/policy.h); what a read
// answers is in server/state/queries.h. So there is no code here for any one RPC.
//
// The services are registered as raw methods, so that bytes which are no message get a clear INVALID_ARGUMENT instead
// of gRPC's UNIMPLEMENTED.
//
// Threading: called by gRPC's threads; nothing here blocks.
#ifndef MUSTER_SERVER_RPC_UNARY_H_
#define MUSTER_SERVER_RPC_UNARY_H_

#include <atomic>
#include <functional>
#include <list>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/broker.h"
#include "server/rpc/guard.h"
#include "server/rpc/presence_board.h"
#include "server/rpc/waiting_reads.h"

namespace muster {

class UnaryCalls {
 public:
  // All borrowed; they outlive this. `everywhere` is who is connected to any broker, `presence` who is to this one.
  // `waiting`: where reads wait for a cursor that this broker has not reached; null: they are refused at once.
  UnaryCalls(Broker* broker, const Guard* guard, PresenceBoard* presence, const PresenceSource* everywhere,
             WaitingReads* waiting)
      : broker_(broker), guard_(guard), presence_(presence), everywhere_(everywhere), waiting_(waiting) {}

  // Serves the read `rpc`, such as "muster.v1.PlanService/GetPlan".
  grpc::ServerUnaryReactor* Read(grpc::CallbackServerContext* context, absl::string_view rpc,
                                 const grpc::ByteBuffer* request_bytes, grpc::ByteBuffer* response_bytes) const;

  // Serves a mutation whose request, as `method` declares it, is a submission_id and the body that `rule` names. A
  // rejected outcome becomes the status that its reason stands for.
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* context,
                                   const google::protobuf::MethodDescriptor& method, const PolicyRule& rule,
                                   const grpc::ByteBuffer* request_bytes, grpc::ByteBuffer* response_bytes) const;

  // Serves a whole submission. `valid` is what Validate said of the request that holds it. `answer` turns the outcome
  // into the response and the call's status.
  using Answer = std::function<absl::Status(v1::Outcome)>;
  grpc::ServerUnaryReactor* Submit(grpc::CallbackServerContext* context, absl::Status valid, v1::Submission submission,
                                   Answer answer) const;

  // False: this broker is cut off from the log. Reads are refused: what they would show grows old, and so does what is
  // known here of who may read.
  void SetServing(bool serving) { serving_ = serving; }

  const Guard& guard() const { return *guard_; }
  PresenceBoard& presence() const { return *presence_; }

 private:
  absl::Status AnswerRead(const grpc::AuthContext& context, absl::string_view rpc,
                          const grpc::ByteBuffer& request_bytes, grpc::ByteBuffer* response_bytes) const;
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context, const absl::Status& status);

  Broker* const broker_;
  const Guard* const guard_;
  PresenceBoard* const presence_;
  const PresenceSource* const everywhere_;
  WaitingReads* const waiting_;
  std::atomic<bool> serving_ = true;
};

// A service of which every method is unary, from its descriptor: what the policy table gives a body is a change, the
// rest are reads.
class UnaryService final : public grpc::Service {
 public:
  // Both borrowed; they outlive this.
  UnaryService(const google::protobuf::ServiceDescriptor* service, const UnaryCalls* calls);

 private:
  std::list<std::string> paths_;  // gRPC keeps pointers to them.
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_UNARY_H_
