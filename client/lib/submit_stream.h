// Many submissions in flight at once: batched per message, outcomes by callback, resent after a break with the same
// ids.
//
//   SubmitStream stream(connection, {}, [](const v1::SubmissionAnswer& result) { ... });
//   for (v1::Submission& s : submissions) MUSTER_RETURN_IF_ERROR(stream.Submit(std::move(s)));
//   MUSTER_RETURN_IF_ERROR(stream.Finish());
#ifndef MUSTER_CLIENT_LIB_SUBMIT_STREAM_H_
#define MUSTER_CLIENT_LIB_SUBMIT_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/lib/connection.h"
#include "common/deadline.h"
#include "common/revision.h"
#include "muster/v1/submission.pb.h"

namespace muster {

struct SubmitStreamOptions {
  // Submissions without a result before Submit waits.
  size_t in_flight_max = 1024;
  // Submissions and bytes in one stream message.
  size_t batch_max = 256;
  size_t batch_bytes_max = 1 << 20;
};

// Every submission gets exactly one result: an outcome, or a refusal that will not pass. Refusals that pass (the queue
// is full, the broker is draining) are sent again here, in order, after a wait, and so is a submission that was
// rejected only because the outbox numbers before it are missing, as they are while those are refused for now. An
// answer of either kind becomes the result when nothing else has been for the connection's deadline. When nothing at
// all is answered for that long, the stream gives up.
//
// Thread safety: Submit, Finish and Cancel from any thread. The callback runs on a thread of the stream's, one call at
// a time; it may call Submit only while fewer than in_flight_max are out.
class SubmitStream {
 public:
  using ResultCallback = std::function<void(const v1::SubmissionAnswer&)>;

  SubmitStream(std::shared_ptr<Connection> connection, SubmitStreamOptions options, ResultCallback on_result);
  // Cancels what has no result yet, and joins.
  ~SubmitStream();
  SubmitStream(const SubmitStream&) = delete;
  SubmitStream& operator=(const SubmitStream&) = delete;

  // Queues a submission, waiting while in_flight_max have no result. A missing submission_id is made.
  //
  // Errors: why the stream gave up, if it has; FAILED_PRECONDITION after Finish.
  absl::Status Submit(v1::Submission submission);

  // Waits until every submission has its result, and ends the stream.
  //
  // Errors: why the stream gave up. The fate of what has no result is unknown; it can be submitted again with the same
  // ids.
  absl::Status Finish();

  void Cancel();

  // Submissions without a result.
  size_t in_flight() const;
  // Whether it has ended: what has no result will get none. Finish says why.
  bool over() const;
  // How often the stream was opened anew after a break.
  int reconnects() const;

 private:
  // Opens streams until all is done or lost. The writing thread.
  void Run();
  // Writes on one stream until it breaks or all is finished.
  void WriteAll(SubmitWire& wire);
  // Reads one stream to its end.
  void ReadResults(SubmitWire& wire);
  void Take(const v1::SubmissionAnswer& result);
  // What to send next, at most a batch; empty when there is nothing (yet).
  v1::StreamSubmitRequest NextBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool Over() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Since the last answer that counts, or since there was last nothing to answer.
  absl::Duration SinceProgress() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Makes ready for the next stream after a break; false to give up.
  bool Recover(const absl::Status& why);

  const std::shared_ptr<Connection> connection_;
  const SubmitStreamOptions options_;
  const ResultCallback on_result_;

  // Writing thread only.
  Backoff backoff_;

  mutable absl::Mutex mu_;
  // By the order in which they were submitted.
  std::map<uint64_t, v1::Submission> pending_ ABSL_GUARDED_BY(mu_);
  std::set<uint64_t> to_send_ ABSL_GUARDED_BY(mu_);
  // The same id may be out more than once.
  absl::flat_hash_map<std::string, std::deque<uint64_t>> numbers_by_id_ ABSL_GUARDED_BY(mu_);
  uint64_t next_number_ ABSL_GUARDED_BY(mu_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool stream_ended_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  int reconnects_ ABSL_GUARDED_BY(mu_) = 0;
  Deadline hold_ ABSL_GUARDED_BY(mu_);               // Until then nothing is sent.
  absl::Duration progress_at_ ABSL_GUARDED_BY(mu_);  // Of the monotonic clock.
  absl::Status end_ ABSL_GUARDED_BY(mu_);
  SubmitWire* wire_ ABSL_GUARDED_BY(mu_) = nullptr;
  Revision ended_;  // Bumped after cancelled_ or stream_ended_ was set.

  std::thread writer_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_LIB_SUBMIT_STREAM_H_
