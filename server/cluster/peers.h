// Calls to the other brokers of the cluster, each over its own mutual-TLS channel.
//
// Threading: thread-safe; calls block.
#ifndef MUSTER_SERVER_CLUSTER_PEERS_H_
#define MUSTER_SERVER_CLUSTER_PEERS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/tls_files.h"
#include "muster/cluster/v1/peer.pb.h"

namespace muster {

// Whether the other brokers will speak to one with these files: the certificate is that of the broker `broker_id`,
// signed by the authority for a client, and valid at `now`. Errors: INVALID_ARGUMENT, or as of ReadTlsFiles.
absl::Status CheckBrokerCertificate(const TlsFiles& tls, absl::string_view trust_domain, absl::string_view broker_id,
                                    absl::Time now);

class Peers {
 public:
  // `tls`: this broker's own certificate, which names it as a broker, and the authority that signs the others'. Read
  // anew for every new connection.
  explicit Peers(TlsFiles tls);
  ~Peers();

  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;

  absl::StatusOr<cluster::v1::ForwardResponse> Forward(const std::string& address,
                                                       const cluster::v1::ForwardRequest& request,
                                                       absl::Duration within);
  absl::StatusOr<cluster::v1::ListPeerPresenceResponse> ListPresence(const std::string& address, absl::Duration within);

  // Takes a copy of a broker's files, piece by piece.
  using Piece = std::function<absl::Status(const cluster::v1::FetchCopyResponse&)>;
  absl::Status FetchCopy(const std::string& address, const Piece& take);

  // Whether nothing listens at `address` while its machine answers: the broker there is gone, not merely slow. Looks
  // its name up, which may take longer than `within`.
  static bool RefusesConnections(const std::string& address, absl::Duration within);

 private:
  class Channel;
  absl::StatusOr<std::shared_ptr<Channel>> ChannelTo(const std::string& address);
  // One call, `call(stub, context, response)`; of peers.cc.
  template <typename Response, typename Method>
  absl::StatusOr<Response> Call(const std::string& address, absl::Duration within, const Method& call);
  // After a call failed: the next one connects anew.
  void Forget(const std::string& address, const std::shared_ptr<Channel>& channel);

  const TlsFiles tls_;
  absl::Mutex mu_;  // A leaf.
  std::map<std::string, std::shared_ptr<Channel>> channels_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster

#endif  // MUSTER_SERVER_CLUSTER_PEERS_H_
