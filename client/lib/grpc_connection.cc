// Connect(): the Connection that speaks gRPC with mutual TLS. The only file of the client that knows gRPC.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "client/lib/connection.h"
#include "client/lib/grpc_deadline.h"
#include "common/error_reason.h"
#include "common/identity.h"
#include "common/rich_status.h"
#include "common/status_macros.h"
#include "common/tls_files.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "muster/v1/submission.grpc.pb.h"

namespace muster {
namespace {

// A plan of 200 sections may be large; nothing else comes near.
constexpr int kReceiveBytesMax = 16 << 20;
// gRPC's own waits between attempts to connect would otherwise grow to two minutes.
constexpr int kReconnectInitialMs = 100;
constexpr int kReconnectMaxMs = 2'000;
constexpr int kConnectTimeoutMs = 5'000;

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return FromRichStatus(static_cast<int>(status.error_code()), status.error_message(), status.error_details());
}

// What is wrong with local files is wrong input, whatever the code says.
absl::Status AsInput(const absl::Status& status) {
  return status.ok() ? status : absl::InvalidArgumentError(status.message());
}

int Milliseconds(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

// Tells `on_copy` when the answer came from what a daemon holds.
void NoteFreshness(const grpc::ClientContext& context, const std::function<void(const Freshness&)>& on_copy) {
  if (!on_copy) return;
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto as_of = metadata.find(kAsOfMetadata);
  if (as_of == metadata.end()) return;
  Freshness freshness;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, absl::string_view(as_of->second.data(), as_of->second.size()),
                       &freshness.as_of, &error)) {
    freshness.as_of = absl::InfinitePast();
  }
  freshness.superseded = metadata.find(kSupersededMetadata) != metadata.end();
  on_copy(freshness);
}

// The calls that wait for the network and that nobody else can end. Thread-safe.
class CallRegistry {
 public:
  // A call that is made after CancelAll is cancelled before it begins.
  void Add(grpc::ClientContext* call) {
    absl::MutexLock lock(&mu_);
    calls_.insert(call);
    if (cancelled_) call->TryCancel();
  }
  void Remove(grpc::ClientContext* call) {
    absl::MutexLock lock(&mu_);
    calls_.erase(call);
  }
  void CancelAll() {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    for (grpc::ClientContext* const call : calls_) call->TryCancel();
  }

 private:
  absl::Mutex mu_;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  std::set<grpc::ClientContext*> calls_ ABSL_GUARDED_BY(mu_);
};

// Opens a stream. gRPC blocks until there is a connection to open it on, and until then its owner cannot cancel it.
template <typename Open>
auto OpenStream(CallRegistry* registry, grpc::ClientContext* context, const Open& open) {
  registry->Add(context);
  auto stream = open(context);
  registry->Remove(context);
  return stream;
}

class GrpcFeedStream : public FeedStream {
 public:
  GrpcFeedStream(v1::FeedService::Stub& stub, const v1::SubscribeRequest& request, CallRegistry* registry)
      : reader_(OpenStream(registry, &context_,
                           [&](grpc::ClientContext* context) { return stub.Subscribe(context, request); })) {}
  bool Read(v1::SubscribeResponse* response) override { return reader_->Read(response); }
  absl::Status Finish() override { return FromGrpc(reader_->Finish()); }
  void Cancel() override { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> reader_;
};

class GrpcSubmitWire : public SubmitWire {
 public:
  GrpcSubmitWire(v1::SubmissionService::Stub& stub, CallRegistry* registry)
      : stream_(OpenStream(registry, &context_,
                           [&](grpc::ClientContext* context) { return stub.StreamSubmit(context); })) {}
  bool Write(const v1::StreamSubmitRequest& request) override { return stream_->Write(request); }
  void WritesDone() override { stream_->WritesDone(); }
  bool Read(v1::StreamSubmitResponse* response) override { return stream_->Read(response); }
  absl::Status Finish() override { return FromGrpc(stream_->Finish()); }
  void Cancel() override { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::StreamSubmitRequest, v1::StreamSubmitResponse>> stream_;
};

// gRPC 1.51 gets on with connecting and with TLS handshakes only while some thread polls, and between two attempts of
// ours none would: a handshake then takes one step per attempt and times out. This thread polls for the whole process.
class Poller {
 public:
  Poller() : thread_([this] { Run(); }) {}
  ~Poller() {
    queue_.Shutdown();
    thread_.join();
  }
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

 private:
  void Run() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  grpc::CompletionQueue queue_;
  std::thread thread_;
};

class GrpcConnection : public Connection {
 public:
  GrpcConnection(ConnectionOptions options, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                 absl::Time certificate_not_after)
      : Connection(std::move(options)), certificate_not_after_(certificate_not_after) {
    for (const std::string& broker : this->options().brokers) brokers_.push_back(Dial(broker, credentials));
  }

  std::unique_ptr<FeedStream> OpenFeed(const v1::SubscribeRequest& request) override {
    return std::make_unique<GrpcFeedStream>(*brokers_[broker()].feed, request, &calls_);
  }
  std::unique_ptr<SubmitWire> OpenSubmit() override {
    return std::make_unique<GrpcSubmitWire>(*brokers_[broker()].submission, &calls_);
  }

 protected:
  absl::Status CallOnce(size_t broker, absl::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* response, absl::Duration within) override;
  void CancelAttempts() override { calls_.CancelAll(); }

 private:
  struct Broker {
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<grpc::GenericStub> generic;
    std::unique_ptr<v1::FeedService::Stub> feed;
    std::unique_ptr<v1::SubmissionService::Stub> submission;
  };

  Broker Dial(const std::string& address, const std::shared_ptr<grpc::ChannelCredentials>& credentials) const;
  // Says what a failure to connect means for the person at the keyboard.
  absl::Status Explain(const absl::Status& status, size_t broker) const;

  const absl::Time certificate_not_after_;
  Poller poller_;
  std::vector<Broker> brokers_;
  CallRegistry calls_;
};

GrpcConnection::Broker GrpcConnection::Dial(const std::string& address,
                                            const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options().keepalive));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, Milliseconds(options().keepalive_timeout));
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectInitialMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  // One retry loop is enough, and this one does not know which calls are safe.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Channels of two identities, or two clients under test, must not share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!options().server_name.empty()) arguments.SetSslTargetNameOverride(options().server_name);
  Broker broker;
  broker.channel = grpc::CreateCustomChannel(address, credentials, arguments);
  broker.generic = std::make_unique<grpc::GenericStub>(broker.channel);
  broker.feed = v1::FeedService::NewStub(broker.channel);
  broker.submission = v1::SubmissionService::NewStub(broker.channel);
  return broker;
}

absl::Status GrpcConnection::CallOnce(size_t broker, absl::string_view method, const google::protobuf::Message& request,
                                      google::protobuf::Message* response, absl::Duration within) {
  grpc::ByteBuffer sent;
  bool own_buffer = false;
  MUSTER_RETURN_IF_ERROR(FromGrpc(
      grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(request, &sent, &own_buffer)));
  grpc::ClientContext context;
  context.set_deadline(GrpcDeadline(within));
  grpc::ByteBuffer received;
  calls_.Add(&context);
  grpc::Status status;
  absl::Notification done;
  brokers_[broker].generic->UnaryCall(&context, std::string(method), grpc::StubOptions(), &sent, &received,
                                      [&](grpc::Status result) {
                                        status = std::move(result);
                                        done.Notify();
                                      });
  done.WaitForNotification();
  calls_.Remove(&context);
  NoteFreshness(context, options().on_copy);
  if (!status.ok()) return Explain(FromGrpc(status), broker);
  return FromGrpc(grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(&received, response));
}

absl::Status GrpcConnection::Explain(const absl::Status& status, size_t broker) const {
  const std::string& address = options().brokers[broker];
  const bool reached = brokers_[broker].channel->GetState(false) == GRPC_CHANNEL_READY;
  if (status.code() == absl::StatusCode::kDeadlineExceeded && !reached) {
    return absl::UnavailableError(absl::StrCat("no connection to ", address, " came about in time"));
  }
  // What Close cancels is told apart by Call; gRPC cancels those that reach a broker while it shuts down.
  if (status.code() == absl::StatusCode::kCancelled) {
    return absl::UnavailableError(absl::StrCat(address, " ended the call, as a broker does that is shutting down"));
  }
  // Answers of the broker's own carry their reason already.
  if (status.code() != absl::StatusCode::kUnavailable || status.GetPayload(kRejectedTypeUrl).has_value()) return status;
  if (clock().Now() >= certificate_not_after_) {
    return Refusal(
        v1::ERROR_REASON_CERTIFICATE_EXPIRED,
        absl::StrCat(address, " ended the connection, and the certificate ", options().certificate_file, " expired on ",
                     absl::FormatTime(absl::RFC3339_sec, certificate_not_after_, absl::UTCTimeZone()),
                     ": ask the authority for a new one"));
  }
  if (absl::StrContains(status.message(), "CERTIFICATE_VERIFY_FAILED") ||
      absl::StrContains(status.message(), "certificate verify failed") ||
      absl::StrContains(status.message(), "is not in peer certificate")) {
    return Refusal(
        v1::ERROR_REASON_CERTIFICATE_UNUSABLE,
        absl::StrCat("the certificate that ", address, " shows is not signed by an authority in ", options().ca_file,
                     " or is not made out to that name: check the address, the CA file and "
                     "the server name (",
                     status.message(), ")"));
  }
  // With TLS 1.3 a client believes in its handshake until the broker, which does not, closes the connection.
  if (absl::StrContains(status.message(), "failed to connect") &&
      absl::StrContains(status.message(), "Socket closed")) {
    absl::Status closed(status.code(), absl::StrCat(address, " closed the connection during the TLS handshake"));
    SetClosedInHandshake(closed);
    return closed;
  }
  absl::Status explained(status.code(), absl::StrCat(address, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { explained.SetPayload(url, payload); });
  return explained;
}

}  // namespace

bool IsDaemon(absl::string_view broker) { return absl::StartsWith(broker, "unix:"); }

absl::StatusOr<std::shared_ptr<Connection>> Connect(ConnectionOptions options) {
  if (options.brokers.empty()) {
    return absl::InvalidArgumentError("no broker is named: give the host:port of at least one");
  }
  const size_t daemons = static_cast<size_t>(std::count_if(options.brokers.begin(), options.brokers.end(), IsDaemon));
  if (daemons > 0 && daemons < options.brokers.size()) {
    return absl::InvalidArgumentError("brokers and a daemon's socket are named together: name one kind");
  }
  if (daemons > 0) {
    return std::make_shared<GrpcConnection>(std::move(options), grpc::InsecureChannelCredentials(),
                                            absl::InfiniteFuture());
  }
  const TlsFiles files = {
      .certificate_file = options.certificate_file, .key_file = options.key_file, .ca_file = options.ca_file};
  if (!options.tls.has_value()) {
    absl::StatusOr<TlsContents> contents = ReadTlsFiles(files);
    if (!contents.ok()) return AsInput(contents.status());
    options.tls = *std::move(contents);
  }
  const absl::StatusOr<CertificateInfo> certificate =
      DescribeCertificatePem(options.tls->certificate, options.certificate_file);
  if (!certificate.ok()) return AsInput(certificate.status());
  // Whether the certificate is still valid is the broker's to say, by its clock; a wrong clock here must not lock us
  // out.
  MUSTER_RETURN_IF_ERROR(AsInput(CheckTlsContents(*options.tls, files, certificate->not_before + absl::Seconds(1))));
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = options.tls->ca;
  tls.pem_private_key = options.tls->key;
  tls.pem_cert_chain = options.tls->certificate;
  const auto credentials = grpc::SslCredentials(tls);
  return std::make_shared<GrpcConnection>(std::move(options), credentials, certificate->not_after);
}

}  // namespace muster
