// The connections behind an EtcdClient: a channel for each endpoint, and the one to use next.
//
// Internal to server/etcd. Threading: thread-safe.
#ifndef MUSTER_SERVER_ETCD_ETCD_CHANNELS_H_
#define MUSTER_SERVER_ETCD_ETCD_CHANNELS_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/deadline.h"
#include "etcd/rpc.grpc.pb.h"
#include "server/etcd/etcd_client.h"
#include "server/etcd/grpc_deadline.h"

namespace muster {

// What the answer of etcd, or of gRPC in its place, means: see EtcdClient. OK for OK.
absl::Status FromEtcd(const grpc::Status& status, absl::string_view endpoint);

// gRPC 1.51 gets on with connecting and with TLS handshakes only while some thread polls, and between two calls of ours
// none would. This thread polls for the whole process.
class GrpcPoller {
 public:
  GrpcPoller() : thread_([this] { Run(); }) {}
  ~GrpcPoller();
  GrpcPoller(const GrpcPoller&) = delete;
  GrpcPoller& operator=(const GrpcPoller&) = delete;

 private:
  void Run();

  grpc::CompletionQueue queue_;
  std::thread thread_;  // Begins last, when the queue is there.
};

class EtcdChannels {
 public:
  struct Member {
    std::string endpoint;
    std::shared_ptr<grpc::Channel> channel;
    std::unique_ptr<etcdserverpb::KV::Stub> kv;
    std::unique_ptr<etcdserverpb::Watch::Stub> watch;
    std::unique_ptr<etcdserverpb::Lease::Stub> lease;
    std::unique_ptr<etcdserverpb::Maintenance::Stub> maintenance;
  };

  EtcdChannels(EtcdOptions options, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

  const EtcdOptions& options() const { return options_; }
  const std::vector<Member>& members() const { return members_; }

  // A member that is connected: the one that answered last, else the next after it that can be reached in time.
  // UNAVAILABLE: none can; nothing was sent.
  absl::StatusOr<size_t> Reach(const Deadline& deadline);
  // Whether `member` is connected, after trying for `within`. Gives up at once when a connection has just failed.
  bool Connect(const Member& member, absl::Duration within) const;
  // Calls begin with the member after this one from now on. It may be stopped, or cut off from the others.
  void Avoid(size_t member);

  // One call to one member, `call(member, context, response)`, with the errors of EtcdClient.
  template <typename Response, typename Method>
  absl::StatusOr<Response> Call(absl::Duration within, const Method& call);
  template <typename Response, typename Method>
  absl::StatusOr<Response> CallMember(const Member& member, absl::Duration within, const Method& call) const;

 private:
  const EtcdOptions options_;
  GrpcPoller poller_;
  std::vector<Member> members_;
  std::atomic<size_t> next_ = 0;
};

template <typename Response, typename Method>
absl::StatusOr<Response> EtcdChannels::CallMember(const Member& member, absl::Duration within,
                                                  const Method& call) const {
  grpc::ClientContext context;
  context.set_deadline(GrpcDeadline(within));
  Response response;
  const absl::Status status = FromEtcd(call(member, &context, &response), member.endpoint);
  if (!status.ok()) return status;
  return response;
}

template <typename Response, typename Method>
absl::StatusOr<Response> EtcdChannels::Call(absl::Duration within, const Method& call) {
  const Deadline deadline(within);
  absl::StatusOr<Response> answer = absl::UnavailableError("");
  // A connection may end between Reach and the call; then nothing was sent, and the next member is asked.
  for (size_t tried = 0; tried < members_.size() && absl::IsUnavailable(answer.status()); ++tried) {
    const absl::StatusOr<size_t> member = Reach(deadline);
    if (!member.ok()) return member.status();
    answer = CallMember<Response>(members_[*member], deadline.left(), call);
    if (absl::IsUnavailable(answer.status()) || absl::IsUnknown(answer.status())) Avoid(*member);
  }
  return answer;
}

}  // namespace muster

#endif  // MUSTER_SERVER_ETCD_ETCD_CHANNELS_H_
