#include "client/bench/feed_reader.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/bench/meter.h"
#include "common/deadline.h"
#include "common/status_macros.h"
#include "muster/v1/submission.pb.h"

namespace muster::bench {
namespace {

constexpr char kMethod[] = "/muster.v1.FeedService/Subscribe";
constexpr size_t kConnectingMax = 64;
constexpr size_t kReadingAheadMax = 200;
// Beside the readers' sockets.
constexpr size_t kOtherFiles = 100;
constexpr absl::Duration kConnectPatience = absl::Seconds(30);
constexpr absl::Duration kPoll = absl::Milliseconds(20);

absl::Status AllowSockets(size_t count) {
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t wanted = count + kOtherFiles;
  if (limit.rlim_cur >= wanted) return absl::OkStatus();
  if (limit.rlim_max < wanted) {
    return absl::ResourceExhaustedError(absl::StrCat(count, " connections are more than this process may have files (",
                                                     limit.rlim_max, "): raise the limit with `ulimit -n`"));
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return absl::OkStatus();
}

}  // namespace

FeedReader::FeedReader(EpollLoop* loop, const Route* route, const Identity* identity, Listener* listener, size_t index)
    : listener_(listener), index_(index), stream_(loop, route, identity, kMethod, this) {}

absl::Status FeedReader::Start(bool from_now, bool reads_ahead) {
  v1::SubscribeRequest request;
  request.set_from_now(from_now);
  const std::string bytes = request.SerializeAsString();
  return stream_.Start(reads_ahead, &bytes);
}

void FeedReader::OnMessage(GrpcStream&, absl::string_view message) {
  const int64_t now_ns = NowNs();
  const bool read = ForEachDelivery(message, &caught_up_, [&](const DeliveryView& delivery) {
    ++deliveries_;
    chain_.Take(delivery);
    listener_->OnDelivery(*this, delivery, now_ns);
  });
  if (!read) ++unreadable_;
}

void FeedReader::OnEnd(GrpcStream&, const absl::Status& status) {
  broken_ = status.ok() ? absl::UnavailableError("the broker ended the stream") : status;
  listener_->OnBroken(*this);
}

FeedReaders::FeedReaders(EpollLoop* loop, const Route* route, const std::vector<Identity>& identities, size_t count,
                         FeedReader::Listener* listener)
    : loop_(loop) {
  for (size_t i = 0; i < (identities.empty() ? count : identities.size()); ++i) {
    const Identity* identity = identities.empty() ? nullptr : &identities[i];
    readers_.push_back(std::make_unique<FeedReader>(loop, route, identity, listener, i));
  }
}

absl::Status FeedReaders::OpenAll() {
  MUSTER_RETURN_IF_ERROR(AllowSockets(readers_.size()));
  std::vector<FeedReader*> connecting;
  size_t started = 0;
  Deadline progress(kConnectPatience);
  while (started < readers_.size() || !connecting.empty()) {
    for (; started < readers_.size() && connecting.size() < kConnectingMax; ++started) {
      MUSTER_RETURN_IF_ERROR(readers_[started]->Start(/*from_now=*/true, readers_.size() <= kReadingAheadMax));
      connecting.push_back(readers_[started].get());
    }
    loop_->Poll(kPoll);
    for (FeedReader* reader : connecting) MUSTER_RETURN_IF_ERROR(reader->broken());
    if (std::erase_if(connecting, [](FeedReader* reader) { return reader->caught_up(); }) > 0) {
      progress = Deadline(kConnectPatience);
    }
    if (progress.passed()) return absl::DeadlineExceededError("the broker does not take readers");
  }
  return absl::OkStatus();
}

bool FeedReaders::PollUntil(absl::FunctionRef<bool()> done, absl::Duration patience) {
  for (const Deadline deadline(patience); !done();) {
    if (deadline.passed()) return false;
    loop_->Poll(std::min(kPoll, deadline.left()));
  }
  return true;
}

uint64_t FeedReaders::gaps() const {
  uint64_t gaps = 0;
  for (const auto& reader : readers_) gaps += reader->gaps();
  return gaps;
}

absl::Status FeedReaders::broken() const {
  for (const auto& reader : readers_) MUSTER_RETURN_IF_ERROR(reader->broken());
  return absl::OkStatus();
}

}  // namespace muster::bench
