#include "tests/bench/publish_path.h"

#include "absl/strings/str_cat.h"
#include "server/rpc/feed_buffer.h"
#include "tests/bench/must.h"

namespace muster::bench {
namespace {

constexpr size_t kNoticeBytes = 256;

}  // namespace

size_t TakeWaiting(Subscriber* reader) {
  size_t bytes = 0;
  while (true) {
    std::vector<DeliveryRun> runs;
    bool caught_up = false;
    if (reader->Drain(512, 1 << 20, &runs, &caught_up) == 0 && !caught_up) return bytes;
    bytes += ToFeedBuffer(runs, caught_up).Length();
  }
}

PublishPath::PublishPath(const std::string& dir, size_t agencies) {
  for (size_t i = 0; i < agencies; ++i) agency_ids_.push_back(absl::StrCat("agency-", i));
  store_ = Must(FeedStore::Open(dir));
  publisher_ = Must(Publisher::Create(store_.get(), audiences_, "12345678", Publisher::Options()));
  publisher_->Start();
}

PublishPath::~PublishPath() {
  for (const auto& reader : readers_) reader->Cancel();
}

void PublishPath::Publish(Audiences::Address* next, size_t notices) {
  std::vector<Applied> batch(notices);
  for (Applied& applied : batch) {
    applied.notices.push_back({*next, std::string(kNoticeBytes, '.')});
    ++next->rank;
  }
  Must(publisher_->Publish(next_sequence_, batch, audiences_));
  next_sequence_ += notices;
}

void PublishPath::Listen(const std::string& agency_id, std::optional<uint64_t> after) {
  readers_.push_back(publisher_->Subscribe(agency_id, after, [] {}));
  TakeWaiting(readers_.back().get());
}

size_t PublishPath::TakeAll() {
  size_t bytes = 0;
  for (const auto& reader : readers_) bytes += TakeWaiting(reader.get());
  return bytes;
}

}  // namespace muster::bench
