#include "client/agent/serve/local_server.h"

#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/serve/agent_service.h"
#include "client/agent/serve/change_methods.h"
#include "client/agent/serve/feed_service.h"
#include "client/agent/serve/local_access.h"
#include "client/agent/serve/open_calls.h"
#include "client/agent/serve/submission_service.h"
#include "client/agent/serve/unary_service.h"
#include "client/agent/socket.h"
#include "client/lib/grpc_deadline.h"
#include "common/acceptor.h"
#include "common/status_macros.h"
#include "common/tls_files.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"

namespace muster::agent {
namespace {

constexpr int kMessageBytesMax = 4 << 20;
constexpr int kMetadataBytesMax = 16 << 10;
constexpr int kStreamsPerConnectionMax = 64;
constexpr int kHandshakeTimeoutMs = 5000;
// How often a caller may prove that the connection is alive.
constexpr int kPingIntervalMinMs = 5000;
// Threads beyond those that OpenCalls counts: they answer that there are too many, and poll.
constexpr int kSpareThreads = 32;

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MutualTls(const config::v1::AgentTcpConfig& config,
                                                                   Agent* agent) {
  const TlsFiles files = {
      .certificate_file = config.certificate_file(), .key_file = config.key_file(), .ca_file = config.ca_file()};
  absl::StatusOr<TlsContents> contents = ReadTlsFiles(files);
  absl::Status status = contents.status();
  absl::StatusOr<CertificateInfo> certificate;
  if (status.ok()) {
    certificate = DescribeCertificatePem(contents->certificate, files.certificate_file);
    status = certificate.status();
  }
  // A clock that was set back must not keep the daemon from starting; callers are checked by themselves.
  if (status.ok()) {
    status =
        CheckTlsContents(*contents, files, std::max(agent->clock().Now(), certificate->not_before + absl::Seconds(1)));
  }
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("listen.tcp: ", status.message()));
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = contents->ca;
  options.pem_key_cert_pairs.push_back({contents->key, contents->certificate});
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::SslServerCredentials(options);
  credentials->SetAuthMetadataProcessor(std::make_shared<LocalAccess>(agent));
  return credentials;
}

void SetLimits(grpc::ServerBuilder* builder) {
  grpc::ResourceQuota quota("muster-agent");
  quota.SetMaxThreads(OpenCalls::kShortMax + OpenCalls::kLongMax + kSpareThreads);
  builder->SetResourceQuota(quota);
  builder->SetMaxReceiveMessageSize(kMessageBytesMax);
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kPingIntervalMinMs);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
}

}  // namespace

class LocalServer::Impl {
 public:
  explicit Impl(Agent* agent)
      : agent_(agent),
        agent_service_(agent, &calls_),
        submission_service_(agent, &calls_),
        feed_service_(agent, &calls_) {
    for (const google::protobuf::ServiceDescriptor* service : UnaryServices()) {
      unary_services_.push_back(std::make_unique<UnaryService>(service, agent, &calls_));
    }
  }

  absl::Status Listen() {
    const config::v1::AgentListenConfig& listen = agent_->config().listen();
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    grpc::ServerBuilder builder;
    SetLimits(&builder);
    for (const std::unique_ptr<UnaryService>& service : unary_services_) builder.RegisterService(service.get());
    builder.RegisterService(&agent_service_);
    builder.RegisterService(&submission_service_);
    builder.RegisterService(&feed_service_);
    if (listen.has_tcp()) MUSTER_RETURN_IF_ERROR(ListenOnTcp(listen.tcp(), &builder));
    MUSTER_RETURN_IF_ERROR(ListenOnSocket(listen, &builder));
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) return absl::UnavailableError("gRPC does not start; its messages are above");
    for (Listener& listener : listeners_) {
      listener.acceptor->Start([connections = listener.connections.get()](int fd) {
        grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
        connection.listener_fd = -1;
        connection.fd = fd;
        connections->HandleNewConnection(&connection);
      });
    }
    return absl::OkStatus();
  }

  void Stop(absl::Duration grace) {
    // While it still listens, so that nobody takes the file for one that was left behind and puts its own there.
    if (std::exchange(bound_, false)) unlink(socket_path_.c_str());
    // gRPC takes no connection once it shuts down.
    for (Listener& listener : listeners_) listener.acceptor->Stop();
    if (server_ == nullptr) return;
    if (auto* health = server_->GetHealthCheckService()) health->SetServingStatus(false);
    calls_.Stop();
    // Those who wait look up.
    agent_->store().outbox().Wake();
    agent_->store().inbox().Wake();
    server_->Shutdown(GrpcDeadline(grace));
    server_->Wait();
    server_ = nullptr;
  }

  const std::string& socket_path() const { return socket_path_; }
  const std::string& tcp_address() const { return tcp_address_; }

 private:
  struct Listener {
    std::unique_ptr<Acceptor> acceptor;
    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections;
  };

  absl::Status ListenOnTcp(const config::v1::AgentTcpConfig& tcp, grpc::ServerBuilder* builder) {
    MUSTER_ASSIGN_OR_RETURN(const std::string address, LoopbackAddress(tcp.address()));
    MUSTER_ASSIGN_OR_RETURN(const std::shared_ptr<grpc::ServerCredentials> credentials, MutualTls(tcp, agent_));
    absl::StatusOr<std::unique_ptr<Acceptor>> acceptor = Acceptor::Listen(address);
    if (!acceptor.ok()) {
      return absl::UnavailableError(absl::StrCat("listen.tcp.address: ", acceptor.status().message()));
    }
    tcp_address_ = absl::StrCat(address.substr(0, address.rfind(':')), ":", (*acceptor)->port());
    Add(*std::move(acceptor), credentials, builder);
    return absl::OkStatus();
  }

  absl::Status ListenOnSocket(const config::v1::AgentListenConfig& listen, grpc::ServerBuilder* builder) {
    MUSTER_ASSIGN_OR_RETURN(const mode_t mode, ParseSocketMode(listen.socket_mode()));
    MUSTER_RETURN_IF_ERROR(PrepareSocket(listen.socket()));
    absl::StatusOr<std::unique_ptr<Acceptor>> acceptor = Acceptor::ListenUnix(listen.socket(), mode);
    if (!acceptor.ok()) return absl::UnavailableError(absl::StrCat("listen.socket: ", acceptor.status().message()));
    socket_path_ = listen.socket();
    bound_ = true;
    Add(*std::move(acceptor), grpc::InsecureServerCredentials(), builder);
    return absl::OkStatus();
  }

  void Add(std::unique_ptr<Acceptor> acceptor, const std::shared_ptr<grpc::ServerCredentials>& credentials,
           grpc::ServerBuilder* builder) {
    auto connections = builder->experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
    listeners_.push_back({std::move(acceptor), std::move(connections)});
  }

  Agent* const agent_;
  OpenCalls calls_;
  std::vector<std::unique_ptr<UnaryService>> unary_services_;
  AgentService agent_service_;
  SubmissionService submission_service_;
  FeedService feed_service_;
  std::vector<Listener> listeners_;
  std::unique_ptr<grpc::Server> server_;
  std::string socket_path_;
  bool bound_ = false;  // Our socket lies at socket_path_.
  std::string tcp_address_;
};

LocalServer::LocalServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<std::unique_ptr<LocalServer>> LocalServer::Start(Agent* agent) {
  auto impl = std::make_unique<Impl>(agent);
  std::unique_ptr<LocalServer> server(new LocalServer(std::move(impl)));
  MUSTER_RETURN_IF_ERROR(server->impl_->Listen());
  return server;
}

LocalServer::~LocalServer() { impl_->Stop(absl::ZeroDuration()); }

void LocalServer::Stop(absl::Duration grace) { impl_->Stop(grace); }

const std::string& LocalServer::socket_path() const { return impl_->socket_path(); }
const std::string& LocalServer::tcp_address() const { return impl_->tcp_address(); }

}  // namespace muster::agent
