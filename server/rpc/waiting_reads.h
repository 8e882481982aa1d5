// Reads that this broker may answer otherwise when it has come further: tried again as it gets on.
//
// A caller that was told of something by one broker may ask another that learns of it a moment later.
//
// Threading: thread-safe. One thread of its own, "waiting-reads", from Start to Stop: gRPC's must not wait.
#ifndef MUSTER_SERVER_RPC_WAITING_READS_H_
#define MUSTER_SERVER_RPC_WAITING_READS_H_

#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/deadline.h"
#include "server/broker/broker.h"

namespace muster {

class WaitingReads {
 public:
  // Answers the read, and returns true, if it can be answered now or this is the last time.
  using Attempt = std::function<bool(bool last)>;

  // Both borrowed; they outlive this.
  WaitingReads(const Broker* broker, const Clock* clock) : broker_(broker), clock_(clock) {}
  ~WaitingReads() { Stop(); }

  void Start();
  // Answers all that waits, as it is.
  void Stop();

  // Tried after every event that this broker applies, and for the last time after `patience`. At once when this broker
  // leads, so that nothing is ahead of it, or too many wait.
  void Add(absl::Duration patience, Attempt attempt);

 private:
  struct Waiting {
    Attempt attempt;
    Deadline deadline;
  };
  void Run();
  void TryAll();

  const Broker* const broker_;
  const Clock* const clock_;
  std::thread thread_;

  absl::Mutex mu_;  // A leaf.
  std::vector<Waiting> waiting_ ABSL_GUARDED_BY(mu_);
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_WAITING_READS_H_
