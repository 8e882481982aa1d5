// One streaming submit: reads messages of many submissions, streams their outcomes back.
//
// Each submission stands alone: one that is refused gets its refusal and the stream goes on. Reading stops while too
// many wait for their outcome, so that a fast sender is slowed by HTTP/2 flow control, not by refusals.
//
// Threading: as PumpedStream.
#ifndef MUSTER_SERVER_RPC_SUBMISSION_STREAM_H_
#define MUSTER_SERVER_RPC_SUBMISSION_STREAM_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "grpcpp/support/server_callback.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/broker.h"
#include "server/rpc/presence_board.h"
#include "server/rpc/pumped_stream.h"

namespace muster {

// The outcome, or the refusal, as an answer in a message of many.
v1::SubmissionAnswer AnswerOf(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome);

// Whether the leader is to be asked all the same: a broker that follows may not know yet what allows it.
bool IsForTheLeaderToSay(const Broker& broker, const absl::Status& refused);

// Whether `caller` may submit this now: its standing, and what the policy table says of the body.
absl::Status AdmitSubmission(const Guard& guard, const State& state, const Caller& caller,
                             const v1::Submission& submission);

class SubmissionStream final : public PumpedStream<grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>> {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  SubmissionStream(grpc::CallbackServerContext* context, Caller caller, OpenStreams* streams, Broker* broker,
                   const Guard* guard, PresenceBoard* presence, size_t in_flight_max)
      : PumpedStream(context, std::move(caller), streams),
        broker_(broker),
        guard_(guard),
        presence_(presence),
        in_flight_max_(in_flight_max) {}

  // Reads the next message unless one is being read or too much is in flight.
  void ReadOn();

  void OnReadDone(bool ok) override;

 private:
  Next TakeNext() override;
  void BeforeWrite() override { ReadOn(); }

  // Guards and validates each submission; those that pass go to the broker, the others are refused at once.
  void Take(v1::StreamSubmitRequest request);
  void OnDecided(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome);

  Broker* const broker_;
  const Guard* const guard_;
  PresenceBoard* const presence_;
  const size_t in_flight_max_;

  grpc::ByteBuffer read_buffer_;  // Of the read in flight.
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool reads_done_ ABSL_GUARDED_BY(mu_) = false;
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;  // Read, and their result not yet written.
  v1::StreamSubmitResponse results_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_SUBMISSION_STREAM_H_
