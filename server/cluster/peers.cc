#include "server/cluster/peers.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/certificate_chain.h"
#include "common/identity.h"
#include "common/rich_status.h"
#include "common/status_macros.h"
#include "grpcpp/grpcpp.h"
#include "muster/cluster/v1/peer.grpc.pb.h"
#include "server/etcd/grpc_deadline.h"

namespace muster {
namespace {

constexpr int kReceiveBytesMax = 16 << 20;

absl::Status FromGrpc(const grpc::Status& status, const std::string& address) {
  if (status.ok()) return absl::OkStatus();
  return FromRichStatus(static_cast<int>(status.error_code()), absl::StrCat(address, ": ", status.error_message()),
                        status.error_details());
}

}  // namespace

absl::Status CheckBrokerCertificate(const TlsFiles& tls, absl::string_view trust_domain, absl::string_view broker_id,
                                    absl::Time now) {
  MUSTER_ASSIGN_OR_RETURN(const TlsContents contents, ReadTlsFiles(tls));
  MUSTER_ASSIGN_OR_RETURN(const CertificateInfo info,
                          DescribeCertificatePem(contents.certificate, tls.certificate_file));
  const std::string wanted = absl::StrCat("spiffe://", trust_domain, "/broker/", broker_id);
  if (info.uris != std::vector<std::string>{wanted}) {
    return absl::InvalidArgumentError(absl::StrCat(tls.certificate_file, " is of ", absl::StrJoin(info.uris, ", "),
                                                   "; in a cluster this broker needs one whose only URI is ", wanted));
  }
  const absl::Status signed_for_client =
      CheckClientChain(contents.certificate, contents.ca, std::max(now, info.not_before));
  if (signed_for_client.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(tls.certificate_file, ": ", signed_for_client.message(),
                                                 ". A broker of a cluster shows it to the others as a client: it needs "
                                                 "extendedKeyUsage serverAuth and clientAuth"));
}

class Peers::Channel {
 public:
  Channel(const std::string& address, const TlsContents& tls) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = tls.ca;
    options.pem_private_key = tls.key;
    options.pem_cert_chain = tls.certificate;
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
    // A peer that is stopped in the middle of a copy would hold it for ever.
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
    // Channels to one address otherwise share one connection, and with it what went wrong on it.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
    stub_ =
        cluster::v1::PeerService::NewStub(grpc::CreateCustomChannel(address, grpc::SslCredentials(options), arguments));
  }
  cluster::v1::PeerService::Stub& stub() { return *stub_; }

 private:
  std::unique_ptr<cluster::v1::PeerService::Stub> stub_;
};

Peers::Peers(TlsFiles tls) : tls_(std::move(tls)) {}
Peers::~Peers() = default;

absl::StatusOr<std::shared_ptr<Peers::Channel>> Peers::ChannelTo(const std::string& address) {
  {
    absl::MutexLock lock(&mu_);
    const auto it = channels_.find(address);
    if (it != channels_.end()) return it->second;
  }
  MUSTER_ASSIGN_OR_RETURN(const TlsContents tls, ReadTlsFiles(tls_));
  auto channel = std::make_shared<Channel>(address, tls);
  absl::MutexLock lock(&mu_);
  return channels_.try_emplace(address, std::move(channel)).first->second;
}

void Peers::Forget(const std::string& address, const std::shared_ptr<Channel>& channel) {
  absl::MutexLock lock(&mu_);
  const auto it = channels_.find(address);
  if (it != channels_.end() && it->second == channel) channels_.erase(it);
}

template <typename Response, typename Method>
absl::StatusOr<Response> Peers::Call(const std::string& address, absl::Duration within, const Method& call) {
  MUSTER_ASSIGN_OR_RETURN(const std::shared_ptr<Channel> channel, ChannelTo(address));
  grpc::ClientContext context;
  context.set_deadline(GrpcDeadline(within));
  Response response;
  const grpc::Status status = call(channel->stub(), &context, &response);
  if (status.ok()) return response;
  Forget(address, channel);
  return FromGrpc(status, address);
}

absl::StatusOr<cluster::v1::ForwardResponse> Peers::Forward(const std::string& address,
                                                            const cluster::v1::ForwardRequest& request,
                                                            absl::Duration within) {
  return Call<cluster::v1::ForwardResponse>(address, within, [&](auto& stub, auto* context, auto* response) {
    return stub.Forward(context, request, response);
  });
}

absl::StatusOr<cluster::v1::ListPeerPresenceResponse> Peers::ListPresence(const std::string& address,
                                                                          absl::Duration within) {
  return Call<cluster::v1::ListPeerPresenceResponse>(address, within, [](auto& stub, auto* context, auto* response) {
    return stub.ListPeerPresence(context, {}, response);
  });
}

absl::Status Peers::FetchCopy(const std::string& address, const Piece& take) {
  MUSTER_ASSIGN_OR_RETURN(const std::shared_ptr<Channel> channel, ChannelTo(address));
  grpc::ClientContext context;
  const std::unique_ptr<grpc::ClientReader<cluster::v1::FetchCopyResponse>> reader =
      channel->stub().FetchCopy(&context, {});
  cluster::v1::FetchCopyResponse piece;
  absl::Status taken;
  while (taken.ok() && reader->Read(&piece)) taken = take(piece);
  if (!taken.ok()) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (!taken.ok()) return taken;
  if (!status.ok()) Forget(address, channel);
  return FromGrpc(status, address);
}

bool Peers::RefusesConnections(const std::string& address, absl::Duration within) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return false;
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string host = address.substr(0, colon);
  if (getaddrinfo(host.c_str(), address.substr(colon + 1).c_str(), &hints, &found) != 0) return false;
  const absl::Cleanup free_found = [found] { freeaddrinfo(found); };
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const absl::Cleanup close_fd = [fd] { close(fd); };
  if (connect(fd, found->ai_addr, found->ai_addrlen) == 0) return false;
  if (errno == ECONNREFUSED) return true;
  if (errno != EINPROGRESS) return false;
  pollfd waits = {fd, POLLOUT, 0};
  if (poll(&waits, 1, static_cast<int>(absl::ToInt64Milliseconds(within))) != 1) return false;
  int error = 0;
  socklen_t size = sizeof(error);
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == ECONNREFUSED;
}

}  // namespace muster
