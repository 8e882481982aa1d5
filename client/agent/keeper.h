// The thread that keeps the store small: every ten minutes it removes what is older than the operator wants to keep.
//
// Threading: Start and Stop on one thread.
#ifndef MUSTER_CLIENT_AGENT_KEEPER_H_
#define MUSTER_CLIENT_AGENT_KEEPER_H_

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/agent/hook/on_delivery.h"
#include "client/agent/store/store.h"
#include "common/clock.h"
#include "common/revision.h"

namespace muster::agent {

class Keeper {
 public:
  static constexpr absl::Duration kInterval = absl::Minutes(10);

  // Not owned; outlive this. `failed` is told when the store cannot be trusted any more.
  Keeper(Store* store, Hook* hook, const Clock* clock, absl::Duration keep,
         std::function<void(const absl::Status&)> failed);
  ~Keeper();

  void Start();
  void Stop();

  // Once; the thread calls it.
  absl::Status Tidy();

 private:
  void Run();

  Store* const store_;
  Hook* const hook_;
  const Clock* const clock_;
  const absl::Duration keep_;
  const std::function<void(const absl::Status&)> failed_;

  absl::Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  Revision changed_;  // Bumped after it was set.

  std::thread thread_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_KEEPER_H_
