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
#include "muster/v1/submission.pb.h"
#include "server/broker/broker.h"
#include "server/rpc/presence_board.h"
#include "server/rpc/pumped_stream.h"
#include "server/rpc/submission_intake.h"

namespace muster {

class SubmissionStream final : public PumpedStream {
 public:
  SubmissionStream(StreamCall* call, Caller caller, OpenStreams* streams, Broker* broker, const Guard* guard,
                   PresenceBoard* presence, size_t in_flight_max)
      : PumpedStream(call, std::move(caller), streams),
        intake_(broker, guard),
        presence_(presence),
        in_flight_max_(in_flight_max) {}

  // Reads the next message unless one is being read or too much is in flight.
  void ReadOn();

  void OnReadDone(bool ok) override;

 private:
  Next TakeNext() override;
  void BeforeWrite() override { ReadOn(); }

  void Take(std::vector<PendingSubmission> submissions);
  void OnDecided(const v1::Submission& submission, absl::StatusOr<v1::Outcome> outcome, Beside beside);

  const SubmissionIntake intake_;
  PresenceBoard* const presence_;
  const size_t in_flight_max_;

  grpc::ByteBuffer read_buffer_;  // Of the read in flight.
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool reads_done_ ABSL_GUARDED_BY(mu_) = false;
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;  // Read, and their result not yet written.
  // An encoded v1::StreamSubmitResponse, as far as it has come.
  std::string answers_ ABSL_GUARDED_BY(mu_);
  size_t answered_ ABSL_GUARDED_BY(mu_) = 0;  // How many are in it.
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_SUBMISSION_STREAM_H_
