#include "server/etcd/etcd_channels.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace muster {
namespace {

// One answer may hold a few dozen batches of the log.
constexpr int kReceiveBytesMax = 64 << 20;
// gRPC's own waits between attempts to connect would otherwise grow to two minutes.
constexpr int kReconnectInitialMs = 100;
constexpr int kReconnectMaxMs = 1'000;
// How long an attempt goes on in the background. What a call waits for it is EtcdOptions::connect_timeout.
constexpr int kConnectAttemptMs = 5'000;
// etcd closes connections that ping more often than every 5 s, or while no call is under way.
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 3'000;

// How gRPC says that a call found no connection to be sent on.
constexpr char kNotSent[] = "failed to connect to all addresses";
// What etcd's own errors begin with, unlike those that gRPC makes up.
constexpr char kOfEtcd[] = "etcdserver: ";

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectInitialMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectAttemptMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // A retry that gRPC makes by itself could be done twice.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Two clients, such as two brokers under test, must not share a connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

}  // namespace

absl::Status FromEtcd(const grpc::Status& status, absl::string_view endpoint) {
  if (status.ok()) return absl::OkStatus();
  const std::string& said = status.error_message();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const absl::Status answer(code, absl::StrCat("etcd at ", endpoint, ": ", said));
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kDataLoss:
      return answer;
    case absl::StatusCode::kResourceExhausted:
      // gRPC says so too, of an answer that is too large to be received.
      if (absl::StartsWith(said, kOfEtcd)) return answer;
      break;
    case absl::StatusCode::kUnavailable:
      // etcd says UNAVAILABLE as well, when it has no leader or took too long. That may have been done.
      if (absl::StartsWith(said, kNotSent)) return answer;
      break;
    default:
      break;
  }
  return absl::UnknownError(
      absl::StrCat(answer.message(), " (", absl::StatusCodeToString(code), "): whether it was done is unknown"));
}

GrpcPoller::~GrpcPoller() {
  queue_.Shutdown();
  thread_.join();
}

void GrpcPoller::Run() {
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

EtcdChannels::EtcdChannels(EtcdOptions options, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : options_(std::move(options)) {
  for (const std::string& endpoint : options_.endpoints) {
    const auto channel = grpc::CreateCustomChannel(endpoint, credentials, Arguments());
    members_.push_back({endpoint, channel, etcdserverpb::KV::NewStub(channel), etcdserverpb::Watch::NewStub(channel),
                        etcdserverpb::Lease::NewStub(channel), etcdserverpb::Maintenance::NewStub(channel)});
  }
}

bool EtcdChannels::Connect(const Member& member, absl::Duration within) const {
  const gpr_timespec until = GrpcDeadline(within);
  while (true) {
    const grpc_connectivity_state state = member.channel->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return true;
    // gRPC tries again by itself in a moment; this call has other members to try.
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) return false;
    if (!member.channel->WaitForStateChange(state, until)) return false;
  }
}

absl::StatusOr<size_t> EtcdChannels::Reach(const Deadline& deadline) {
  const size_t first = next_.load();
  for (size_t i = 0; i < members_.size(); ++i) {
    const size_t at = (first + i) % members_.size();
    // One that does not answer at all leaves time for the others, and for the call itself.
    const absl::Duration share = deadline.left() / static_cast<int64_t>(members_.size() - i + 1);
    if (!Connect(members_[at], std::min(share, options_.connect_timeout))) continue;
    next_.store(at);
    return at;
  }
  std::string names;
  for (const Member& member : members_) absl::StrAppend(&names, names.empty() ? "" : ", ", member.endpoint);
  return absl::UnavailableError(absl::StrCat(
      "no member of etcd can be reached (", names,
      "): check that etcd runs, and that its certificates and ours are signed by the authorities configured"));
}

void EtcdChannels::Avoid(size_t member) {
  size_t expected = member;
  next_.compare_exchange_strong(expected, (member + 1) % members_.size());
}

}  // namespace muster
