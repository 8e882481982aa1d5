// Who is connected to any broker of the cluster: this one's own board, and what the others last said of theirs.
//
// Threading: thread-safe. One thread of its own, "peer-presence", from Start to Stop, asks the others every second or
// so. A broker that does not answer counts for nobody.
#ifndef MUSTER_SERVER_CLUSTER_PEER_PRESENCE_H_
#define MUSTER_SERVER_CLUSTER_PEER_PRESENCE_H_

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/revision.h"
#include "muster/cluster/v1/peer.pb.h"
#include "server/cluster/peers.h"
#include "server/state/queries.h"

namespace muster {

class PeerPresence final : public PresenceSource {
 public:
  struct Other {
    std::string broker_id;
    std::string address;
  };
  // `others` gives the other brokers that are there. `asked` is told how asking each went. `peers` is borrowed and
  // outlives this.
  PeerPresence(Peers* peers, std::function<std::vector<Other>()> others,
               std::function<void(const Other&, const absl::Status&)> asked);
  ~PeerPresence() { Stop(); }

  // `own` is borrowed; it outlives Stop.
  void Start(const PresenceSource* own);
  void Stop();

  v1::Presence Of(absl::string_view agency_id) const override;
  // The latest of all: before it somebody may have been connected to a broker that has forgotten it.
  absl::Time counted_since() const override;

 private:
  struct Told {
    std::map<std::string, v1::Presence, std::less<>> presence;
    absl::Time counted_since;
  };
  void Run();
  absl::StatusOr<Told> Ask(const Other& other) const;

  Peers* const peers_;
  const std::function<std::vector<Other>()> others_;
  const std::function<void(const Other&, const absl::Status&)> asked_;
  std::atomic<const PresenceSource*> own_ = nullptr;
  std::thread thread_;
  Revision stopped_;  // Bumped to stop.

  mutable absl::Mutex mu_;                                 // A leaf.
  std::map<std::string, Told> told_ ABSL_GUARDED_BY(mu_);  // By broker id.
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_PEER_PRESENCE_H_
