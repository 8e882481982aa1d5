// One broker's part in a cluster: follows the log, leads it when nobody else does, and tells the others how it is.
//
//   following: wake-up from etcd -> Pull (etcd to the mirror) -> Broker::Follow (apply, publish)
//   leading:   the broker's sequencer commits to etcd; here it is only watched whether that is still so
//
// Whoever becomes the leader first brings everything up to the end of the log, with the fence already its own, so that
// nobody can append behind its back; only then does it accept.
//
// Threading: thread-safe. Start and Stop from one thread. Threads of its own: "cluster", "etcd-tidy", and those of its
// parts.
#ifndef MUSTER_SERVER_CLUSTER_NODE_H_
#define MUSTER_SERVER_CLUSTER_NODE_H_

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/deadline.h"
#include "common/revision.h"
#include "muster/cluster/v1/status.pb.h"
#include "server/broker/broker.h"
#include "server/cluster/forwarder.h"
#include "server/cluster/housekeeping.h"
#include "server/cluster/leader_reach.h"
#include "server/cluster/leadership.h"
#include "server/cluster/mirrored_log.h"
#include "server/cluster/peer_presence.h"
#include "server/cluster/peers.h"
#include "server/cluster/view.h"
#include "server/etcd/etcd_session.h"
#include "server/etcd/etcd_watch.h"

namespace muster {

class ClusterNode {
 public:
  struct Options {
    std::string broker_id;
    std::string prefix;
    std::string trust_domain;
    std::string program_version;
    TlsFiles tls;  // As Peers takes it.
    absl::Duration lease = absl::Seconds(2);
    Housekeeping::Options housekeeping;
    int64_t etcd_quota_bytes = int64_t{2} << 30;
    // A follower that has not been able to look at the log for so long says that it does not serve.
    absl::Duration cut_off_after = absl::Seconds(10);
    Forwarder::Options forwarder;
  };
  // Called by the thread "cluster", without locks.
  struct Hooks {
    // False: this broker is cut off from the log, and what it shows grows old; clients do better elsewhere.
    std::function<void(bool)> serving;
    // Only a new start mends it.
    std::function<void(const absl::Status&)> failed;
  };

  // All borrowed; they outlive this. `log` is the one that `broker` has.
  ClusterNode(Options options, EtcdClient* client, EtcdEventLog* etcd_log, MirroredLog* log, Broker* broker,
              const Clock* clock);
  ~ClusterNode();

  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  // What the broker needs: the two hooks of a cluster are filled in. For Broker::Start, before Start.
  void AddHooks(Broker::Hooks* hooks);

  // `address`: at which the others reach this broker.
  void Start(std::string address, Hooks hooks);
  // Gives up the lead, if this broker has it, so that another takes over at once; what is queued is committed, and what
  // comes from now on is sent to that other. Afterwards this broker does not lead again, and no hook is called.
  void StepDown();
  // StepDown, and ends everything: refuses what still waits to be forwarded.
  void Stop();

  PeerPresence& presence() { return presence_; }

  // Asks every member of etcd; blocks for up to a few seconds. From any thread.
  cluster::v1::ClusterStatus Status() const;

 private:
  Forwarder::Hooks ForwarderHooks();
  void Run();
  // One turn: looks at etcd, and does what follows from it.
  void Tend();
  absl::Status Look();
  absl::Status FollowLog();
  void TryToLead();
  // The log is ours to append to in `term`: catch up, then accept.
  absl::Status BeginToLead(int64_t term);
  void StopLeading(absl::string_view why);
  void TendLead();
  void TendFollowing();
  cluster::v1::Member Self() const;
  // Puts the key by which the others know that we are there. False: not yet, or another broker has our name.
  bool TellThatAlive(int64_t lease);
  // Whether other brokers are there and none of them reaches us.
  bool IsOutOfReach(const ClusterView& seen) const;
  // Whether our certificate lets us speak to the others; logs why not.
  bool HasGoodCertificate();
  void TellOfSelf();
  // Deposes a leader that is surely gone before its lease has run out.
  void LookAfterLeader();
  void NoteContact();
  void TidyLoop();
  void Failed(const absl::Status& why);

  ClusterView view() const;
  void AwaitApplied(uint64_t sequence) const;
  std::vector<PeerPresence::Other> Others() const;
  // How it went to ask the broker `broker_id`: notes whether the leader is reached.
  void NoteAsked(const std::string& broker_id, const absl::Status& status);

  const Options options_;
  EtcdClient* const client_;
  EtcdEventLog* const etcd_log_;
  MirroredLog* const log_;
  Broker* const broker_;
  const Clock* const clock_;
  Hooks hooks_;

  std::string address_;  // Constant after Start.
  std::unique_ptr<Leadership> leadership_;
  Peers peers_;
  PeerPresence presence_;
  LeaderReach reach_;
  Forwarder forwarder_;
  Revision changed_;  // Something in etcd, of the session, or of ours.
  Revision turned_;   // The thread has come round once more.
  std::unique_ptr<EtcdSession> session_;
  std::unique_ptr<EtcdWatch> tail_watch_;
  std::unique_ptr<EtcdWatch> leader_watch_;
  std::thread thread_;
  std::thread tidy_thread_;
  Revision tidy_stop_;  // Bumped to stop it.

  std::atomic<uint64_t> turns_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> stepping_down_ = false;
  std::atomic<bool> deposed_ = false;     // The sequencer says that it cannot append.
  std::atomic<int64_t> leader_gone_ = 0;  // The term of a leader whose port refuses connections.
  std::atomic<int64_t> term_ = 0;         // In which we lead; 0: we do not.

  // Of the thread.
  int64_t alive_lease_ = 0;   // Under which we have said that we are there.
  cluster::v1::Member told_;  // What we last said of ourselves, without the time.
  Housekeeping housekeeping_;
  uint32_t rules_version_ = 0;  // In this term.
  Deadline look_again_;
  Deadline tell_again_;
  Deadline tell_anyway_;
  Deadline look_at_certificate_;
  Deadline cut_off_;
  // A broker that had the lead and that nobody reached leaves it to others for so long.
  Deadline stand_back_;
  Deadline leaderless_;  // Passed: nobody has led for a while.
  // Until when a key that another lease holds may be that of our own former life.
  std::optional<Deadline> former_life_;
  std::string certificate_trouble_;  // As logged.
  bool serving_ = true;
  bool failed_ = false;

  mutable absl::Mutex view_mu_;  // A leaf.
  ClusterView view_ ABSL_GUARDED_BY(view_mu_);
  absl::Duration view_at_ ABSL_GUARDED_BY(view_mu_) = -absl::InfiniteDuration();
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_NODE_H_
