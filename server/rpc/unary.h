// How every unary call is served: authenticate, authorize, validate, then read the state or submit to the broker.
//
// Which of the two an RPC does, and for whom, is the policy table's to say (server/state/access/policy.h); what a read
// answers is in server/state/queries.h. So there is no code here for any one RPC.
//
// Threading: called by the network's "calls" threads; nothing here waits for anybody.
#ifndef MUSTER_SERVER_RPC_UNARY_H_
#define MUSTER_SERVER_RPC_UNARY_H_

#include <atomic>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/support/byte_buffer.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/broker.h"
#include "server/rpc/guard.h"
#include "server/rpc/presence_board.h"
#include "server/rpc/queued_service.h"
#include "server/rpc/waiting_reads.h"

namespace muster {

class UnaryCalls {
 public:
  // All borrowed; they outlive this. `everywhere` is who is connected to any broker, `presence` who is to this one.
  // `waiting`: where the reads of a broker that follows wait until it has come further; null outside a cluster.
  UnaryCalls(Broker* broker, const Guard* guard, PresenceBoard* presence, const PresenceSource* everywhere,
             WaitingReads* waiting)
      : broker_(broker), guard_(guard), presence_(presence), everywhere_(everywhere), waiting_(waiting) {}

  // Serves the read `rpc`, such as "muster.v1.PlanService/GetPlan".
  void Read(UnaryCall* call, absl::string_view rpc) const;

  // Serves a mutation whose request, as `method` declares it, is a submission_id and the body that `rule` names. A
  // rejected outcome becomes the status that its reason stands for.
  void Change(UnaryCall* call, const google::protobuf::MethodDescriptor& method, const PolicyRule& rule) const;

  // Serves a whole submission. `valid` is what Validate said of the request that holds it. `answer` turns the outcome
  // into the response.
  using Answer = std::function<absl::StatusOr<grpc::ByteBuffer>(v1::Outcome)>;
  void Submit(UnaryCall* call, absl::Status valid, v1::Submission submission, Answer answer) const;

  // False: this broker is cut off from the log. Reads are refused: what they would show grows old, and so does what is
  // known here of who may read.
  void SetServing(bool serving) { serving_ = serving; }

  const Guard& guard() const { return *guard_; }
  PresenceBoard& presence() const { return *presence_; }

 private:
  absl::StatusOr<grpc::ByteBuffer> AnswerRead(const UnaryCall& call, absl::string_view rpc) const;

  Broker* const broker_;
  const Guard* const guard_;
  PresenceBoard* const presence_;
  const PresenceSource* const everywhere_;
  WaitingReads* const waiting_;
  std::atomic<bool> serving_ = true;
};

// A service of which every method is unary, from its descriptor: what the policy table gives a body is a change, the
// rest are reads.
class UnaryService final : public QueuedService {
 public:
  // Both borrowed; they outlive this.
  UnaryService(const google::protobuf::ServiceDescriptor* service, const UnaryCalls* calls);
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_UNARY_H_
