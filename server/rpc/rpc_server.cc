#include "server/rpc/rpc_server.h"

#include <grpc/support/time.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/logging.h"
#include "common/status_macros.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/server_builder.h"
#include "muster/v1/access.pb.h"
#include "server/rpc/copy_stream.h"
#include "server/rpc/foreign_rpc_guard.h"

namespace muster {
namespace {

constexpr int kHandshakeTimeoutMs = 5000;
constexpr int kKeepaliveMs = 20000;
constexpr int kStreamsPerConnectionMax = 64;
constexpr int kMetadataBytesMax = 16 << 10;
constexpr int kForwardedBytesMore = 128 << 10;
// gRPC keeps a buffer of one TLS record for each connection; a bulk reader pays for smaller ones in records.
constexpr int kTlsRecordBytes = 4 << 10;

// OpenSSL keeps its own buffers for each connection as well, unless it is told to give them back between records. gRPC
// has no setting for that, so every connection of the process is told when it is made.
void GiveBuffersBackBetweenRecords() {
  static const int kIndex = SSL_get_ex_new_index(
      0, nullptr,
      [](void* connection, void*, CRYPTO_EX_DATA*, int, long, void*) {  // NOLINT(google-runtime-int): OpenSSL's type.
        SSL_set_mode(static_cast<SSL*>(connection), SSL_MODE_RELEASE_BUFFERS);
      },
      nullptr, nullptr);
  if (kIndex < 0) LogWarn("connections keep their TLS buffers: OpenSSL takes no more callbacks");
}

std::shared_ptr<grpc::ServerCredentials> MutualTls(const TlsFiles& files, absl::Duration reload_interval) {
  const auto seconds = static_cast<unsigned int>(std::max<int64_t>(1, absl::ToInt64Seconds(reload_interval)));
  auto provider = std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.key_file, files.certificate_file, files.ca_file, seconds);
  grpc::experimental::TlsServerCredentialsOptions options(std::move(provider));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

// The services without streams.
std::vector<const google::protobuf::ServiceDescriptor*> UnaryServices() {
  std::vector<const google::protobuf::ServiceDescriptor*> services;
  for (const google::protobuf::FileDescriptor* file :
       {v1::Agency::descriptor()->file(), v1::Operation::descriptor()->file(), v1::PublishPlan::descriptor()->file(),
        v1::TallyEntry::descriptor()->file(), v1::Claim::descriptor()->file(), v1::EnterActivity::descriptor()->file(),
        v1::ReadinessBoard::descriptor()->file(), v1::Release::descriptor()->file(),
        v1::ReadinessNotice::descriptor()->file(), v1::Disclosure::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
  }
  return services;
}

std::string HostOf(const std::string& address) { return address.substr(0, address.rfind(':')); }

}  // namespace

RpcServer::RpcServer(Options options, Broker* broker, const Clock* clock)
    : options_(std::move(options)),
      broker_(broker),
      guard_(options_.trust_domain, clock),
      presence_(clock),
      waiting_reads_(options_.everywhere == nullptr ? nullptr : std::make_unique<WaitingReads>(broker, clock)),
      calls_(broker, &guard_, &presence_, options_.everywhere == nullptr ? &presence_ : options_.everywhere,
             waiting_reads_.get()),
      streams_([this](const Caller& caller) {
        return broker_->WithState([&](const State& state) { return guard_.CheckStanding(state, caller); });
      }) {
  for (const google::protobuf::ServiceDescriptor* service : UnaryServices()) {
    services_.push_back(std::make_unique<UnaryService>(service, &calls_));
  }
  services_.push_back(std::make_unique<SubmissionService>(broker, &calls_, &streams_, options_.stream_in_flight_max));
  services_.push_back(std::make_unique<FeedService>(broker, &calls_, &streams_));
  auto health = std::make_unique<HealthService>(&guard_, &streams_);
  health_ = health.get();
  services_.push_back(std::move(health));
}

RpcServer::~RpcServer() { Shutdown(absl::ZeroDuration()); }

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(Options options, Broker* broker, const Clock* clock) {
  std::unique_ptr<RpcServer> server(new RpcServer(std::move(options), broker, clock));
  MUSTER_ASSIGN_OR_RETURN(server->tls_files_,
                          LiveTlsFiles::Open(server->options_.tls, server->options_.tls_live_dir, clock));
  if (server->waiting_reads_ != nullptr) {
    RemoveCopies(broker->data_dir());
    server->waiting_reads_->Start();
    server->peer_service_ =
        std::make_unique<PeerService>(server->options_.broker_id, broker, &server->guard_, &server->presence_,
                                      [files = server->tls_files_->live()]() -> absl::StatusOr<std::string> {
                                        MUSTER_ASSIGN_OR_RETURN(TlsContents contents, ReadTlsFiles(files));
                                        return std::move(contents.ca);
                                      });
  }
  MUSTER_RETURN_IF_ERROR(server->Listen());
  server->streams_.Start();
  server->reload_thread_ = std::thread([self = server.get()] { self->ReloadLoop(); });
  return server;
}

absl::Status RpcServer::Listen() {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  const std::shared_ptr<grpc::ServerCredentials> credentials =
      MutualTls(tls_files_->live(), options_.tls_reload_interval);
  GiveBuffersBackBetweenRecords();
  credentials->SetAuthMetadataProcessor(std::make_shared<ForeignRpcGuard>(broker_, &guard_));

  grpc::ServerBuilder builder;
  MUSTER_ASSIGN_OR_RETURN(acceptor_, Acceptor::Listen(options_.address));
  connections_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  // What another broker forwards has certificates with it.
  builder.SetMaxReceiveMessageSize(options_.message_bytes_max + (peer_service_ == nullptr ? 0 : kForwardedBytesMore));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kKeepaliveMs / 4);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_TSI_MAX_FRAME_SIZE, kTlsRecordBytes);
  for (const std::unique_ptr<QueuedService>& service : services_) builder.RegisterService(service.get());
  if (peer_service_ != nullptr) builder.RegisterService(peer_service_.get());
  network_ = std::make_unique<Network>(builder.AddCompletionQueue());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) return absl::UnavailableError("gRPC does not start; its messages are above");
  for (const std::unique_ptr<QueuedService>& service : services_) service->Start(network_.get());
  network_->Start();
  address_ = absl::StrCat(HostOf(options_.address), ":", acceptor_->port());
  acceptor_->Start([this](int fd) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = -1;
    connection.fd = fd;
    connections_->HandleNewConnection(&connection);
  });
  return absl::OkStatus();
}

void RpcServer::ReloadLoop() {
  pthread_setname_np(pthread_self(), "tls-reload");
  while (stopped_.WaitBeyond(0, options_.tls_reload_interval) == 0) {
    const absl::StatusOr<bool> swapped = tls_files_->RefreshIfChanged();
    if (!swapped.ok()) {
      LogError("the new TLS files are not usable; the old ones stay in force", {{"why", swapped.status().message()}});
    } else if (*swapped) {
      LogInfo("new TLS files are in force for new connections");
    }
  }
}

void RpcServer::SetServing(bool serving) {
  health_->SetServing(serving);
  calls_.SetServing(serving);
  if (serving) return streams_.LetIn();
  streams_.EndAll(Refusal(v1::ERROR_REASON_NO_LEADER,
                          "this broker is cut off from the others, and what it shows grows old; connect to another"));
}

void RpcServer::BeginDrain() {
  if (server_ == nullptr) return;
  health_->SetServing(false);
  streams_.EndAll(Refusal(v1::ERROR_REASON_DRAINING, "the broker is shutting down; connect again in a moment"));
}

void RpcServer::Shutdown(absl::Duration grace) {
  stopped_.Bump();
  if (reload_thread_.joinable()) reload_thread_.join();
  if (server_ != nullptr) {
    BeginDrain();
    if (waiting_reads_ != nullptr) waiting_reads_->Stop();
    acceptor_->Stop();  // gRPC takes no connection once it shuts down.
    server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                   gpr_time_from_millis(absl::ToInt64Milliseconds(grace), GPR_TIMESPAN)));
    server_->Wait();
    network_->Stop();
  }
  streams_.Stop();
  server_ = nullptr;
}

}  // namespace muster
