// One StreamSubmit: saves what comes in, in order, and answers each submission once: when it is decided, or `saved
// here` when that takes longer than answer_within or no broker is connected.
//
// Saving does not wait for decisions, so a stream is as fast as the disk. Reading stops while too many submissions have
// no answer, so that a fast sender is slowed by HTTP/2 flow control.
//
// Threading: Run uses the calling thread to read and one of its own to answer.
#ifndef MUSTER_CLIENT_AGENT_SERVE_SUBMIT_STREAM_CALL_H_
#define MUSTER_CLIENT_AGENT_SERVE_SUBMIT_STREAM_CALL_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/agent/agent.h"
#include "client/agent/serve/open_calls.h"
#include "common/deadline.h"
#include "common/revision.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/sync_stream.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class SubmitStreamCall {
 public:
  using Wire = grpc::ServerReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

  // All borrowed; they outlive this.
  SubmitStreamCall(Agent* agent, const OpenCalls* calls, grpc::ServerContext* context, Wire* wire);

  // Until the caller has nothing more to send and everything is answered; or what broke the stream.
  absl::Status Run();

 private:
  struct Waiting {
    std::string submission_id;
    Deadline answer_by;
  };

  void ReadAll();
  // False when the message ends the stream.
  bool TakeMessage(const grpc::ByteBuffer& bytes);
  void TakeSubmission(muster::v1::Submission submission);
  void AnswerAll();
  // Moves what is decided, or has waited long enough, from waiting_ to answers_.
  void Settle();
  void AnswerDecided(const v1::OutboxItem& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AnswerWaiting(const std::string& submission_id, const absl::StatusOr<muster::v1::Outcome>& outcome)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Nothing more will be read or written.
  void End(const absl::Status& why);

  Agent* const agent_;
  const OpenCalls* const calls_;
  grpc::ServerContext* const context_;
  Wire* const wire_;
  const absl::Duration answer_within_;

  // The answering thread only.
  uint64_t seen_revision_ = 0;

  absl::Mutex mu_;
  // By outbox number; the same submission may have come more than once.
  std::multimap<uint64_t, Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  // Something is waiting_ that Settle has not looked for: it may have been decided already.
  bool came_ ABSL_GUARDED_BY(mu_) = false;
  muster::v1::StreamSubmitResponse answers_ ABSL_GUARDED_BY(mu_);
  bool reads_done_ ABSL_GUARDED_BY(mu_) = false;
  bool broken_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status end_ ABSL_GUARDED_BY(mu_);
  Revision came_in_;  // Bumped after the reading thread has changed any of these.
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_SERVE_SUBMIT_STREAM_CALL_H_
