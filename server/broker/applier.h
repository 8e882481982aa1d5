// Applies events and tells their readers: the two calls that committing, following and recovering have in common.
//
// Threading: one thread at a time: the sequencer's while this broker leads, the one that follows the log while it does
// not. The state is changed by nobody else.
#ifndef MUSTER_SERVER_BROKER_APPLIER_H_
#define MUSTER_SERVER_BROKER_APPLIER_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/revision.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/publisher.h"
#include "server/state/state.h"

namespace muster {

class Applier {
 public:
  // All borrowed; they outlive this. `state` is guarded by `*state_mu`. `access_changed` is called, without locks, when
  // a certificate was revoked or a standing changed; the state shows it by then. It may be empty.
  Applier(State* state, absl::Mutex* state_mu, Publisher* publisher, std::function<void()> access_changed)
      : state_(state), state_mu_(state_mu), publisher_(publisher), access_changed_(std::move(access_changed)) {}

  // Holds *state_mu; no I/O, cannot fail. `events` follow the state's sequence.
  std::vector<Applied> Apply(absl::Span<const v1::Event* const> events);

  // Tells the readers of what Apply returned for the events from `first` on. Never waits for a reader. Whoever may no
  // longer be here is told so before anything is published. Errors: Publisher::Publish's.
  absl::Status Publish(Sequence first, absl::Span<const Applied> applied);

  // For the thread that applies only.
  const State& state() const { return *state_; }

  // Bumped after every Publish.
  const Revision& progress() const { return progress_; }

 private:
  State* const state_;
  absl::Mutex* const state_mu_;
  Publisher* const publisher_;
  const std::function<void()> access_changed_;
  Revision progress_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_APPLIER_H_
