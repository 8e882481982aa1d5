// A broker without a network in a temporary folder, and the way of a stream's messages through it: parsed, admitted,
// validated, sequenced, made durable, applied, published, answered. What is measured of the commit path runs here.
//
// Threading: one thread; the broker's own beside it.
#ifndef MUSTER_TESTS_BENCH_COMMIT_PATH_H_
#define MUSTER_TESTS_BENCH_COMMIT_PATH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "server/broker/broker.h"
#include "server/rpc/guard.h"
#include "server/rpc/submission_intake.h"

namespace muster::bench {

class CommitPath {
 public:
  // Goes on where what `dir` holds ends. When it holds no log: makes an operation in which an agency reports, with the
  // readers of SetUpOperation.
  explicit CommitPath(const std::string& dir);

  // An encoded v1::StreamSubmitRequest of `count` tally entries of about 256 bytes each, none of which was sent before.
  std::string NextMessage(int count);

  // Takes the message as a stream would and returns when all of it is answered; the bytes of the answers.
  size_t Take(std::string message);

  Broker& broker() { return *broker_; }

 private:
  FakeClock clock_;
  Guard guard_;
  Caller caller_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<SubmissionIntake> intake_;
  uint64_t made_ = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_TESTS_BENCH_COMMIT_PATH_H_
