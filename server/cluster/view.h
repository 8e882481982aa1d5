// What the brokers of a cluster say of themselves in etcd (proto/muster/cluster/v1/records.proto).
//
// Threading: pure functions; ReadView blocks for one call to etcd.
#ifndef MUSTER_SERVER_CLUSTER_VIEW_H_
#define MUSTER_SERVER_CLUSTER_VIEW_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/cluster/v1/records.pb.h"
#include "server/etcd/etcd_client.h"

namespace muster {

std::string LeaderKey(absl::string_view prefix);
std::string TailKey(absl::string_view prefix);
std::string MemberKey(absl::string_view prefix, absl::string_view broker_id);
std::string AliveKey(absl::string_view prefix, absl::string_view broker_id);

struct ClusterView {
  struct Leading {
    cluster::v1::Leader leader;
    int64_t term = 0;   // The create revision of its key.
    int64_t lease = 0;  // What the key hangs on.
  };
  std::optional<Leading> leading;
  std::map<std::string, cluster::v1::Member> members;  // By broker id.
  std::map<std::string, int64_t> alive;                // By broker id: the lease that it is alive by.

  // Who leads, and where it is reached; empty: nobody.
  std::string leader_id() const { return leading.has_value() ? leading->leader.broker_id() : ""; }
  std::string leader_address() const { return leading.has_value() ? leading->leader.address() : ""; }
};

// As of one moment; linearizable.
absl::StatusOr<ClusterView> ReadView(EtcdClient* client, absl::string_view prefix, absl::Duration within);

// The newest decision rules that every member knows, those that are away just now included: an older broker that comes
// back must be able to read the log. `own` is this build's.
uint32_t RulesThatAllKnow(const ClusterView& view, uint32_t own);

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_VIEW_H_
