#include "server/etcd/etcd_watch.h"

#include <pthread.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "server/etcd/etcd_channels.h"

namespace muster {
namespace {

constexpr absl::Duration kConnectWait = absl::Seconds(1);
constexpr absl::Duration kPauseMin = absl::Milliseconds(50);
constexpr absl::Duration kPauseMax = absl::Seconds(1);

}  // namespace

class EtcdWatch::Impl {
 public:
  Impl(EtcdChannels* channels, std::string prefix, Revision* changed)
      : channels_(channels), prefix_(std::move(prefix)), changed_(changed), thread_([this] { Run(); }) {}

  ~Impl() {
    {
      absl::MutexLock lock(&mu_);
      stopping_ = true;
      if (call_ != nullptr) call_->TryCancel();
    }
    stopped_.Bump();
    thread_.join();
  }

 private:
  using Stream = grpc::ClientReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>;

  void Run();
  // From the opening of one stream to its end. Whether it ever said anything.
  bool WatchOnce();
  bool ReadToTheEnd(Stream* stream);
  // False: the destructor has begun, and `context` is not to be used.
  bool SetCall(grpc::ClientContext* context);

  EtcdChannels* const channels_;
  const std::string prefix_;
  Revision* const changed_;
  Revision stopped_;  // Bumped once.
  absl::Mutex mu_;    // A leaf.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mu_) = nullptr;
  std::thread thread_;  // Begins last, when the rest is there.
};

void EtcdWatch::Impl::Run() {
  pthread_setname_np(pthread_self(), "etcd-watch");
  absl::Duration pause = kPauseMin;
  do {
    pause = WatchOnce() ? kPauseMin : std::min(2 * pause, kPauseMax);
  } while (stopped_.WaitBeyond(0, pause) == 0);
}

bool EtcdWatch::Impl::WatchOnce() {
  const absl::StatusOr<size_t> member = channels_->Reach(Deadline(kConnectWait));
  if (!member.ok()) return false;
  grpc::ClientContext context;
  // Else a member that is cut off from the others keeps the stream open and says nothing.
  context.AddMetadata("hasleader", "true");
  if (!SetCall(&context)) return false;
  const std::unique_ptr<Stream> stream = channels_->members()[*member].watch->Watch(&context);
  etcdserverpb::WatchRequest request;
  request.mutable_create_request()->set_key(prefix_);
  request.mutable_create_request()->set_range_end(EtcdRangeEnd(prefix_));
  const bool spoke = stream->Write(request) && ReadToTheEnd(stream.get());
  context.TryCancel();
  (void)stream->Finish();
  SetCall(nullptr);
  channels_->Avoid(*member);
  return spoke;
}

bool EtcdWatch::Impl::ReadToTheEnd(Stream* stream) {
  bool spoke = false;
  etcdserverpb::WatchResponse response;
  while (stream->Read(&response) && !response.canceled()) {
    spoke = true;
    // When the watch has been created, too: what changed before was watched by nobody.
    if (response.created() || !response.events().empty()) changed_->Bump();
  }
  return spoke;
}

bool EtcdWatch::Impl::SetCall(grpc::ClientContext* context) {
  absl::MutexLock lock(&mu_);
  call_ = context;
  return !stopping_;
}

EtcdWatch::EtcdWatch(EtcdClient* client, std::string prefix, Revision* changed)
    : impl_(std::make_unique<Impl>(client->channels_.get(), std::move(prefix), changed)) {}

EtcdWatch::~EtcdWatch() = default;

}  // namespace muster
