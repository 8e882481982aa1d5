#include "client/lib/subscription.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/rich_status.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// Breaks that pass: a broker that restarts, drains, or is too busy to hold our stream.
bool Passes(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:  // The broker ended the stream without a reason.
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:  // What gRPC makes of a connection reset in mid-frame.
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kCancelled:  // By the broker; when it is ours, nothing waits for us any more.
      return true;
    default:
      return false;
  }
}

std::string Name(const std::string& cursor) {
  return cursor.empty() ? "the beginning" : absl::BytesToHexString(cursor);
}

}  // namespace

Subscription::Subscription(std::shared_ptr<Connection> connection, SubscriptionOptions options)
    : connection_(std::move(connection)),
      options_(std::move(options)),
      from_now_(options_.from_now),
      last_read_cursor_(options_.after_cursor),
      backoff_(connection_->options().retry),
      cursor_(options_.after_cursor) {
  reader_ = std::thread([this] { Run(); });
}

Subscription::~Subscription() {
  Cancel();
  reader_.join();
}

absl::StatusOr<std::optional<v1::Delivery>> Subscription::Next(absl::Duration patience) {
  const bool ready = changed_.Await(patience, [this] {
    absl::MutexLock lock(&mu_);
    return cancelled_ || done_ || !queue_.empty();
  });
  if (!ready) return std::optional<v1::Delivery>();
  absl::MutexLock lock(&mu_);
  if (cancelled_) return absl::CancelledError("the subscription was cancelled");
  if (queue_.empty()) return end_;
  Item item = std::move(queue_.front());
  queue_.pop_front();
  if (item.delivery.has_value()) cursor_ = item.delivery->cursor();
  if (item.caught_up) caught_up_ = at_present_ = true;
  if (item.broke) at_present_ = false;
  return std::move(item.delivery);
}

std::string Subscription::cursor() const {
  absl::MutexLock lock(&mu_);
  return cursor_;
}

bool Subscription::caught_up() const {
  absl::MutexLock lock(&mu_);
  return caught_up_;
}

bool Subscription::at_present() const {
  absl::MutexLock lock(&mu_);
  return at_present_;
}

std::string Subscription::gap_until() const {
  absl::MutexLock lock(&mu_);
  return gap_until_;
}

int Subscription::reconnects() const {
  absl::MutexLock lock(&mu_);
  return reconnects_;
}

absl::Status Subscription::trouble() const {
  absl::MutexLock lock(&mu_);
  return trouble_;
}

void Subscription::Cancel() {
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    if (stream_ != nullptr) stream_->Cancel();
  }
  changed_.Bump();
}

void Subscription::Run() {
  while (true) {
    const size_t broker = connection_->broker();
    const absl::Status ended = ReadStream();
    if (!Passes(ended)) {
      {
        absl::MutexLock lock(&mu_);
        end_ = ended;
        done_ = true;
      }
      changed_.Bump();
      return;
    }
    connection_->MoveOnFrom(broker);
    {
      absl::MutexLock lock(&mu_);
      trouble_ = ended.ok() ? absl::UnavailableError("the broker ended the stream") : ended;
    }
    if (!Push({.delivery = std::nullopt, .broke = true})) return;
    if (!WaitFor(backoff_.Next(RetryDelayOf(ended).value_or(absl::ZeroDuration())))) return;
    absl::MutexLock lock(&mu_);
    ++reconnects_;
  }
}

absl::Status Subscription::ReadStream() {
  MUSTER_RETURN_IF_ERROR(FindStart());
  v1::SubscribeRequest request;
  request.set_after_cursor(last_read_cursor_);
  request.set_from_now(from_now_);
  std::unique_ptr<FeedStream> opened = connection_->OpenFeed(request);
  FeedStream* const stream = opened.get();
  {
    absl::MutexLock lock(&mu_);
    if (cancelled_) stream->Cancel();
    stream_ = std::move(opened);
  }
  absl::Status bad;
  v1::SubscribeResponse response;
  while (stream->Read(&response)) {
    backoff_.Reset();
    bad = Accept(response);
    if (!bad.ok()) break;
    response.Clear();
  }
  if (!bad.ok()) {
    stream->Cancel();
    while (stream->Read(&response)) {
    }
  }
  const absl::Status finished = stream->Finish();
  absl::MutexLock lock(&mu_);
  stream_.reset();
  return bad.ok() ? finished : bad;
}

absl::Status Subscription::Accept(v1::SubscribeResponse& response) {
  {
    absl::MutexLock lock(&mu_);
    trouble_ = absl::OkStatus();
  }
  for (v1::Delivery& delivery : *response.mutable_deliveries()) {
    // With no cursor of our own there is nothing yet that this could fail to follow.
    if (!last_read_cursor_.empty() && delivery.previous_cursor() != last_read_cursor_) {
      absl::MutexLock lock(&mu_);
      gap_until_ = delivery.previous_cursor();
      return absl::DataLossError(absl::StrCat(
          "the feed has a gap: the last delivery read was ", Name(last_read_cursor_), ", but delivery ",
          Name(delivery.cursor()), " says that it follows ", Name(delivery.previous_cursor()),
          "; stop relying on this feed, read the current state again, and report this to the broker's operator"));
    }
    last_read_cursor_ = delivery.cursor();
    from_now_ = false;
    if (!Push({.delivery = std::move(delivery)})) return absl::CancelledError("the subscription was cancelled");
  }
  if (response.caught_up() && !Push({.delivery = std::nullopt, .caught_up = true})) {
    return absl::CancelledError("the subscription was cancelled");
  }
  return absl::OkStatus();
}

absl::Status Subscription::FindStart() {
  if (!from_now_) return absl::OkStatus();
  v1::GetFeedCursorResponse position;
  MUSTER_RETURN_IF_ERROR(
      connection_->Call("/muster.v1.FeedService/GetFeedCursor", v1::GetFeedCursorRequest(), &position));
  last_read_cursor_ = position.cursor();
  // A feed on which nothing has happened yet has no position; from its beginning is from now.
  from_now_ = false;
  absl::MutexLock lock(&mu_);
  cursor_ = last_read_cursor_;
  return absl::OkStatus();
}

bool Subscription::Push(Item item) {
  {
    absl::MutexLock lock(&mu_);
    const auto room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      return cancelled_ || queue_.size() < options_.queue_max;
    };
    mu_.Await(absl::Condition(&room));
    if (cancelled_) return false;
    queue_.push_back(std::move(item));
  }
  changed_.Bump();
  return true;
}

bool Subscription::WaitFor(absl::Duration duration) {
  return !changed_.Await(duration, [this] {
    absl::MutexLock lock(&mu_);
    return cancelled_;
  });
}

}  // namespace muster
