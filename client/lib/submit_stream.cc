#include "client/lib/submit_stream.h"

#include <algorithm>
#include <utility>

#include "common/rich_status.h"
#include "common/uuid.h"

namespace muster {
namespace {

// An answer that says "not now": nothing is on the record, and the same submission may succeed a little later. A gap in
// the outbox is one: the numbers before were refused for now, and this one is due once they are decided.
bool Passes(const v1::SubmissionAnswer& result) {
  if (result.outcome().rejected().reason() == v1::ERROR_REASON_OUTBOX_GAP) return true;
  if (!result.has_refusal()) return false;
  const auto code = static_cast<absl::StatusCode>(result.refusal().code());
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted;
}

// Breaks of the stream after which another may work.
bool Passes(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kDataLoss:
      return false;
    default:
      return true;
  }
}

}  // namespace

SubmitStream::SubmitStream(std::shared_ptr<Connection> connection, SubmitStreamOptions options,
                           ResultCallback on_result)
    : connection_(std::move(connection)),
      options_(options),
      on_result_(std::move(on_result)),
      backoff_(connection_->options().retry),
      hold_(absl::ZeroDuration(), connection_->clock()),
      progress_at_(connection_->clock().Monotonic()) {
  writer_ = std::thread([this] { Run(); });
}

SubmitStream::~SubmitStream() {
  Cancel();
  writer_.join();
}

absl::Status SubmitStream::Submit(v1::Submission submission) {
  if (submission.submission_id().empty()) submission.set_submission_id(NewUuidV7(connection_->clock().Now()));
  absl::MutexLock lock(&mu_);
  const auto room = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return done_ || cancelled_ || pending_.size() < options_.in_flight_max;
  };
  mu_.Await(absl::Condition(&room));
  if (!end_.ok()) return end_;
  if (cancelled_) return absl::CancelledError("the submit stream was cancelled");
  if (finishing_) return absl::FailedPreconditionError("the submit stream is finished; open another one");
  if (pending_.empty()) progress_at_ = connection_->clock().Monotonic();
  const uint64_t number = next_number_++;
  numbers_by_id_[submission.submission_id()].push_back(number);
  pending_.emplace(number, std::move(submission));
  to_send_.insert(number);
  return absl::OkStatus();
}

absl::Status SubmitStream::Finish() {
  absl::MutexLock lock(&mu_);
  finishing_ = true;
  mu_.Await(absl::Condition(&done_));
  return end_;
}

void SubmitStream::Cancel() {
  {
    absl::MutexLock lock(&mu_);
    cancelled_ = true;
    if (wire_ != nullptr) wire_->Cancel();
  }
  ended_.Bump();
}

size_t SubmitStream::in_flight() const {
  absl::MutexLock lock(&mu_);
  return pending_.size();
}

bool SubmitStream::over() const {
  absl::MutexLock lock(&mu_);
  return done_;
}

int SubmitStream::reconnects() const {
  absl::MutexLock lock(&mu_);
  return reconnects_;
}

absl::Duration SubmitStream::SinceProgress() const { return connection_->clock().Monotonic() - progress_at_; }

bool SubmitStream::Over() const { return cancelled_ || (finishing_ && pending_.empty()); }

void SubmitStream::Run() {
  while (true) {
    {
      // No stream is opened before there is something to send.
      absl::MutexLock lock(&mu_);
      const auto needed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return Over() || !to_send_.empty(); };
      mu_.Await(absl::Condition(&needed));
      if (Over()) break;
    }
    const size_t broker = connection_->broker();
    std::unique_ptr<SubmitWire> wire = connection_->OpenSubmit();
    {
      absl::MutexLock lock(&mu_);
      wire_ = wire.get();
      stream_ended_ = false;
      if (cancelled_) wire->Cancel();
    }
    absl::Status ended;
    std::thread reader([&] {
      ReadResults(*wire);
      ended = wire->Finish();
    });
    WriteAll(*wire);
    reader.join();
    {
      absl::MutexLock lock(&mu_);
      wire_ = nullptr;
      if (Over()) break;
    }
    connection_->MoveOnFrom(broker);
    if (!Recover(ended)) break;
  }
  absl::MutexLock lock(&mu_);
  if (end_.ok() && cancelled_) end_ = absl::CancelledError("the submit stream was cancelled");
  done_ = true;
}

void SubmitStream::WriteAll(SubmitWire& wire) {
  while (true) {
    v1::StreamSubmitRequest batch;
    absl::Duration hold;
    {
      absl::MutexLock lock(&mu_);
      const auto turn = [this]()
                            ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return Over() || stream_ended_ || !to_send_.empty(); };
      mu_.Await(absl::Condition(&turn));
      hold = hold_.left();
    }
    // What was refused for now waits; what comes in meanwhile waits behind it.
    ended_.Await(hold, [this] {
      absl::MutexLock lock(&mu_);
      return cancelled_ || stream_ended_;
    });
    {
      absl::MutexLock lock(&mu_);
      if (Over() || stream_ended_) break;
      batch = NextBatch();
    }
    if (!wire.Write(batch)) break;
  }
  wire.WritesDone();
}

v1::StreamSubmitRequest SubmitStream::NextBatch() {
  v1::StreamSubmitRequest batch;
  size_t bytes = 0;
  while (!to_send_.empty() && static_cast<size_t>(batch.submissions_size()) < options_.batch_max) {
    const v1::Submission& submission = pending_.at(*to_send_.begin());
    bytes += submission.ByteSizeLong();
    if (batch.submissions_size() > 0 && bytes > options_.batch_bytes_max) break;
    *batch.add_submissions() = submission;
    to_send_.erase(to_send_.begin());
  }
  return batch;
}

void SubmitStream::ReadResults(SubmitWire& wire) {
  v1::StreamSubmitResponse response;
  while (wire.Read(&response)) {
    for (const v1::SubmissionAnswer& result : response.results()) Take(result);
    response.Clear();
  }
  {
    absl::MutexLock lock(&mu_);
    stream_ended_ = true;
  }
  ended_.Bump();
}

void SubmitStream::Take(const v1::SubmissionAnswer& result) {
  {
    absl::MutexLock lock(&mu_);
    const auto numbers = numbers_by_id_.find(result.submission_id());
    if (numbers == numbers_by_id_.end()) return;  // A second answer, to what was resent.
    const uint64_t number = numbers->second.front();
    if (Passes(result) && SinceProgress() < connection_->options().deadline) {
      // Kept, at the end of those with the same id.
      to_send_.insert(number);
      std::rotate(numbers->second.begin(), numbers->second.begin() + 1, numbers->second.end());
      hold_ = Deadline(connection_->options().retry.initial_backoff, connection_->clock());
      return;
    }
    progress_at_ = connection_->clock().Monotonic();
  }
  // The callback comes before the submission counts as answered, so that Finish returns after the last one.
  on_result_(result);
  absl::MutexLock lock(&mu_);
  const auto numbers = numbers_by_id_.find(result.submission_id());
  pending_.erase(numbers->second.front());
  to_send_.erase(numbers->second.front());
  numbers->second.pop_front();
  if (numbers->second.empty()) numbers_by_id_.erase(numbers);
}

bool SubmitStream::Recover(const absl::Status& why) {
  absl::Duration pause;
  {
    absl::MutexLock lock(&mu_);
    if (!Passes(why) || SinceProgress() >= connection_->options().deadline) {
      end_ = why.ok() ? absl::UnavailableError(
                            "the broker ended the stream before it had answered everything; "
                            "submit what has no result again with the same ids")
                      : why;
      return false;
    }
    if (SinceProgress() < absl::Seconds(1)) backoff_.Reset();
    pause = backoff_.Next(RetryDelayOf(why).value_or(absl::ZeroDuration()));
  }
  const auto cancelled = [this] {
    absl::MutexLock lock(&mu_);
    return cancelled_;
  };
  if (ended_.Await(pause, cancelled)) return false;
  absl::MutexLock lock(&mu_);
  for (const auto& [number, submission] : pending_) to_send_.insert(number);
  ++reconnects_;
  return true;
}

}  // namespace muster
