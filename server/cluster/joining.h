// Taking the files of another broker: how a broker joins whose folder is empty, or older than what etcd remembers.
//
// Threading: one thread, before anything else runs.
#ifndef MUSTER_SERVER_CLUSTER_JOINING_H_
#define MUSTER_SERVER_CLUSTER_JOINING_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "muster/config/v1/config.pb.h"
#include "server/etcd/etcd_client.h"

namespace muster {

// Asks the other brokers that are there, one after another, for a copy of their files, checks it from the first event
// on, and puts it into config.data_dir(). Cut short at any moment it can be called again. CANCELLED when `stop_asked`
// says so.
//
// Errors: UNAVAILABLE no broker gave a copy; the message says what each said. Otherwise those of RestoreData.
absl::Status JoinFromPeer(const config::v1::BrokerConfig& config, EtcdClient* client, absl::Duration ask_within,
                          const std::function<bool()>& stop_asked);

// Moves the log, the feed and the snapshots in `data_dir` into a folder replaced-N of it.
absl::Status SetAside(const std::string& data_dir);

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_JOINING_H_
