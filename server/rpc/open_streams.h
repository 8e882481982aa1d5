// The streams that are open now: wakes their writers, and ends those whose caller may no longer be here.
//
// Threading: thread-safe. Two threads of its own from Start to Stop: "stream-writer" pumps woken streams, so that
// neither the sequencer nor the network's thread does; "stream-check" looks at every stream each second, and at once
// when asked.
#ifndef MUSTER_SERVER_RPC_OPEN_STREAMS_H_
#define MUSTER_SERVER_RPC_OPEN_STREAMS_H_

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/revision.h"
#include "server/rpc/guard.h"

namespace muster {

// What an open stream offers. Methods may be called from any thread, also after the stream has ended.
class OpenStream {
 public:
  virtual ~OpenStream() = default;
  virtual const Caller& caller() const = 0;
  // Writes what waits, if nothing is being written.
  virtual void Pump() = 0;
  // Ends the stream with `why` as soon as a write in flight completes; asked again, without waiting for it.
  virtual void End(const absl::Status& why) = 0;
};

class OpenStreams {
 public:
  // `check` says whether a caller may stay.
  using Check = std::function<absl::Status(const Caller&)>;
  explicit OpenStreams(Check check) : check_(std::move(check)) {}
  ~OpenStreams() { Stop(); }

  void Start();
  // Ends every stream, now and from now on, with `why`; the threads go on until Stop. Those that a reader holds up end
  // with the next check.
  void EndAll(const absl::Status& why);
  // After EndAll: new streams are let in again.
  void LetIn();
  void Stop();

  void Add(std::shared_ptr<OpenStream> stream);
  void Remove(const OpenStream* stream);

  // Has the stream pumped soon.
  void Wake(std::weak_ptr<OpenStream> stream);

  // Looks at every stream now, on this thread.
  void CheckAll();

  size_t size() const;

 private:
  void PumpLoop();
  void CheckLoop();
  std::vector<std::shared_ptr<OpenStream>> All() const;

  const Check check_;
  Revision stopped_;  // Bumped to stop.
  std::thread pump_thread_;
  std::thread check_thread_;

  // Leaf locks: nothing else is locked while one is held.
  mutable absl::Mutex streams_mu_;
  absl::flat_hash_map<const OpenStream*, std::shared_ptr<OpenStream>> streams_ ABSL_GUARDED_BY(streams_mu_);
  absl::Status ended_ ABSL_GUARDED_BY(streams_mu_);

  absl::Mutex woken_mu_;
  std::vector<std::weak_ptr<OpenStream>> woken_ ABSL_GUARDED_BY(woken_mu_);
  bool pump_stopped_ ABSL_GUARDED_BY(woken_mu_) = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_OPEN_STREAMS_H_
