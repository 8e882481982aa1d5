// Runs the operator's program for every delivery: one at a time, in order, each at least once.
//
// The program gets the delivery on standard input as one JSON object, as `muster feed watch -o json` prints it (cursors
// in hexadecimal), and is a process group of its own. One that takes longer than the timeout is ended (SIGTERM, then
// SIGKILL). One that fails is run again, kRetries times with growing waits; then the delivery is counted as failed,
// logged, and passed over, so that one bad message does not keep the others from people.
//
// Threading: Start and Stop on one thread; status from any.
#ifndef MUSTER_CLIENT_AGENT_HOOK_ON_DELIVERY_H_
#define MUSTER_CLIENT_AGENT_HOOK_ON_DELIVERY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/agent/hook/hook_process.h"
#include "client/agent/store/inbox.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// The delivery as the program gets it: one line.
std::string DeliveryJson(const muster::v1::Delivery& delivery);

class Hook {
 public:
  static constexpr int kRetries = 3;

  struct Options {
    std::vector<std::string> argv;  // Empty: there is no hook; see Skip.
    absl::Duration timeout = absl::Seconds(30);
    // Before the first repetition; each further one waits four times as long.
    absl::Duration retry_wait = absl::Seconds(1);
  };

  // `inbox` is not owned and outlives this. `failed` is told when the store cannot be trusted any more.
  Hook(Options options, Inbox* inbox, std::function<void(const absl::Status&)> failed);
  ~Hook();

  void Start();
  // Gives a program that runs a moment to end; its delivery comes again after the next Start, unless it succeeded.
  void Stop();

  // Without a program: what has arrived so far counts as done, so that it may be removed one day, and a program that is
  // named later begins with what comes then. With one: does nothing.
  absl::Status Skip();

  v1::HookStatus status() const;

 private:
  void Run();
  // What waits in the inbox, up to some dozens.
  absl::Status RunWaiting();
  // False when it is time to stop: the delivery is not done.
  bool RunFor(const Inbox::Stored& stored);
  bool Stopping() const;

  const Options options_;
  Inbox* const inbox_;
  const std::function<void(const absl::Status&)> failed_;
  StopSignal stop_;

  mutable absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t failures_ ABSL_GUARDED_BY(mu_) = 0;
  std::string last_failure_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_HOOK_ON_DELIVERY_H_
