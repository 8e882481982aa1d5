// Who is connected to any broker of the cluster: this one's own board, and what the others last said of theirs.
//
// Threading: thread-safe. One thread of its own, "peer-presence", from Start to Stop, asks the others every second or
// so. A broker that does not answer counts for nobody.
#ifndef MUSTER_SERVER_CLUSTER_PEER_PRESENCE_H_
#define MUSTER_SERVER_CLUSTER_PEER_PRESENCE_H_

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
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
  // `others` gives the addresses of the other brokers that are there. `unreachable` is told of those that do not
  // answer. `peers` is borrowed and outlives this.
  PeerPresence(Peers* peers, std::function<std::vector<std::string>()> others,
               std::function<void(const std::string&)> unreachable);
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

  Peers* const peers_;
  const std::function<std::vector<std::string>()> others_;
  const std::function<void(const std::string&)> unreachable_;
  const PresenceSource* own_ = nullptr;
  std::thread thread_;
  Revision stopped_;  // Bumped to stop.

  mutable absl::Mutex mu_;                                 // A leaf.
  std::map<std::string, Told> told_ ABSL_GUARDED_BY(mu_);  // By address.
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_PEER_PRESENCE_H_
