// One StreamSubmit with so many submissions in flight, each of them accounted for.
//
// Threading: that of the loop.
#ifndef MUSTER_CLIENT_BENCH_PUBLISHER_H_
#define MUSTER_CLIENT_BENCH_PUBLISHER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "client/bench/answers.h"
#include "client/bench/epoll_loop.h"
#include "client/bench/grpc_stream.h"
#include "client/bench/in_flight.h"
#include "client/bench/route.h"
#include "client/bench/templates.h"
#include "common/histogram.h"

namespace muster::bench {

struct PublisherOptions {
  // Submissions without an answer; at most 2^16.
  size_t window = 512;
  // Submissions in one message of the stream; the broker takes 1,024.
  size_t per_message = 512;
  // With outbox numbers, as a command post's daemon sends: each message confirms what has been answered in order.
  bool numbered = false;
};

class Publisher final : private GrpcStream::Owner {
 public:
  // Appends submission `ordinal` (0, 1, 2 ...) as an item of StreamSubmitRequest.submissions.
  using Encode =
      std::function<void(uint64_t ordinal, const char* submission_id, const Numbering* numbering, std::string* out)>;
  // The answer to submission `ordinal`, that arrived at `now_ns`.
  using OnAnswer = std::function<void(uint64_t ordinal, const Answer& answer, int64_t now_ns)>;

  // What is not a function is not owned and outlives this.
  Publisher(EpollLoop* loop, const Route* route, PublisherOptions options, Encode encode, OnAnswer on_answer = {});

  // Begins to connect.
  absl::Status Start();
  bool open() const { return stream_.open(); }
  // Why the stream has ended; OK while it has not.
  const absl::Status& broken() const { return broken_; }

  // Sends at most `most` more, as many as the window has room for. How many that were.
  size_t SendUpTo(uint64_t most);

  uint64_t sent() const { return sent_; }
  uint64_t answered() const { return answered_; }
  // Of the answered: those that were accepted, for the first time.
  uint64_t accepted() const { return accepted_; }
  // All other answers, those to nothing that is in flight included. What the first of them said.
  uint64_t errors() const { return errors_; }
  const std::string& first_error() const { return first_error_; }
  size_t in_flight() const { return static_cast<size_t>(sent_ - answered_); }

  // Takes the time from sending to the answer of each submission, in nanoseconds. Not owned; null: of none.
  void set_latency(Histogram* latency) { latency_ = latency; }

 private:
  void OnMessage(GrpcStream& stream, absl::string_view message) override;
  void OnEnd(GrpcStream& stream, const absl::Status& status) override;
  void Take(const Answer& answer, int64_t now_ns);

  const PublisherOptions options_;
  const Encode encode_;
  const OnAnswer on_answer_;
  IdMaker ids_;
  const std::string outbox_id_;
  GrpcStream stream_;
  absl::Status broken_;

  InFlight waiting_;
  uint64_t sent_ = 0;
  uint64_t answered_ = 0;
  uint64_t accepted_ = 0;
  uint64_t errors_ = 0;
  std::string first_error_;
  Confirmed confirmed_;
  Histogram* latency_ = nullptr;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_PUBLISHER_H_
