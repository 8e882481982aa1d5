// etcd, over its own gRPC API: one cluster of it, several endpoints, mutual TLS.
//
// Every call goes to one endpoint at a time, the one that answered last, and on to the next when that one cannot be
// reached; none is tried twice, because only the caller knows whether that is safe. Reads are linearizable.
//
// Errors of every call, after etcd's own: UNAVAILABLE        no endpoint could be reached: nothing was sent;
//                                         UNKNOWN            it was sent, and its fate is unknown: the connection
//                                         broke,
//                                                            time ran out, or etcd says so itself (no leader);
//                                         RESOURCE_EXHAUSTED etcd is out of space, or busy. It refused; only the one
//                                                            write at which it finds its quota used up is done
//                                                            all the same. Read to know: it is settled by then;
//                                         INVALID_ARGUMENT, FAILED_PRECONDITION, OUT_OF_RANGE ... as etcd says, nothing
//                                         was done.
//
// Threading: thread-safe. Calls block for at most `within`.
#ifndef MUSTER_SERVER_ETCD_ETCD_CLIENT_H_
#define MUSTER_SERVER_ETCD_ETCD_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/tls_files.h"
#include "etcd/rpc.pb.h"

namespace muster {

class EtcdChannels;

struct EtcdOptions {
  std::vector<std::string> endpoints;  // host:port of each member.
  // The certificate and key that we show to etcd, and the authority that signs etcd's. Read once.
  TlsFiles tls;
  // How long one endpoint may take to be connected to before the next is tried.
  absl::Duration connect_timeout = absl::Seconds(1);
};

// One member of etcd, asked by itself.
struct EtcdMemberHealth {
  std::string endpoint;
  absl::Status reachable;
  etcdserverpb::StatusResponse status;  // When it is.
};

class EtcdClient {
 public:
  // Connects on first use. INVALID_ARGUMENT: no endpoint, or unusable TLS files.
  static absl::StatusOr<std::unique_ptr<EtcdClient>> Create(EtcdOptions options);
  ~EtcdClient();

  EtcdClient(const EtcdClient&) = delete;
  EtcdClient& operator=(const EtcdClient&) = delete;

  absl::StatusOr<etcdserverpb::RangeResponse> Range(const etcdserverpb::RangeRequest& request, absl::Duration within);
  absl::StatusOr<etcdserverpb::PutResponse> Put(const etcdserverpb::PutRequest& request, absl::Duration within);
  absl::StatusOr<etcdserverpb::TxnResponse> Txn(const etcdserverpb::TxnRequest& request, absl::Duration within);
  absl::Status Compact(int64_t revision, absl::Duration within);

  absl::StatusOr<etcdserverpb::LeaseGrantResponse> GrantLease(absl::Duration ttl, absl::Duration within);
  absl::Status RevokeLease(int64_t lease, absl::Duration within);
  // How long the lease lives from when this was sent. NOT_FOUND: it is gone.
  absl::StatusOr<absl::Duration> KeepLeaseAlive(int64_t lease, absl::Duration within);

  // Each member, asked one after another, `within` for each.
  std::vector<EtcdMemberHealth> Health(absl::Duration within);
  absl::StatusOr<std::vector<etcdserverpb::AlarmMember>> Alarms(absl::Duration within);
  // Gives back the space of what was compacted, member by member, and takes the NOSPACE alarms away that are raised.
  // Each member answers nothing while it does so.
  absl::Status RecoverSpace(absl::Duration within);

  const std::vector<std::string>& endpoints() const;

 private:
  friend class EtcdWatch;
  explicit EtcdClient(std::unique_ptr<EtcdChannels> channels);
  const std::unique_ptr<EtcdChannels> channels_;
};

// For a range request: everything that begins with `prefix`.
std::string EtcdRangeEnd(absl::string_view prefix);

// Whether `version` ("3.4.23") is older than the first that Muster advises for production. Those lose watch events
// after a compaction, end leases on the word of a leader that was replaced, and may count revisions backwards when a
// member dies while it compacts (etcd's changelogs of 3.5.13 and 3.5.14).
bool IsEtcdTooOld(absl::string_view version);
inline constexpr char kEtcdVersionMin[] = "3.5.14";

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_ETCD_CLIENT_H_
