#include "client/agent/link/sender.h"

#include <algorithm>
#include <utility>

#include "common/error_reason.h"
#include "common/failpoint.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

// How often a pass looks at what nobody tells it: whether its stream has given up, and whether READY has waited long
// enough for the clock to be measured.
constexpr absl::Duration kLookAgain = absl::Seconds(1);
constexpr size_t kReadAtOnce = 128;

bool IsReady(const muster::v1::Submission& submission) {
  return submission.has_report_readiness() &&
         submission.report_readiness().status() == muster::v1::READINESS_STATUS_READY;
}

}  // namespace

// What has been answered and not yet been taken. Thread-safe.
class Sender::Answers {
 public:
  void Add(const muster::v1::SubmissionAnswer& answer) {
    absl::MutexLock lock(&mu_);
    answers_.push_back(answer);
  }
  std::vector<muster::v1::SubmissionAnswer> TakeAll() {
    absl::MutexLock lock(&mu_);
    return std::exchange(answers_, {});
  }

 private:
  absl::Mutex mu_;
  std::vector<muster::v1::SubmissionAnswer> answers_ ABSL_GUARDED_BY(mu_);
};

Sender::Sender(Link* link, Outbox* outbox, const Clock* clock, const RetryPolicy& retry,
               std::function<void(const absl::Status&)> failed)
    : link_(link), outbox_(outbox), clock_(clock), failed_(std::move(failed)), backoff_(retry) {
  link_->OnChange([this] { OnLinkChange(); });
}

Sender::~Sender() { Stop(); }

void Sender::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Sender::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  outbox_->Wake();
  if (thread_.joinable()) thread_.join();
}

void Sender::SendNow() {
  {
    absl::MutexLock lock(&mu_);
    send_now_ = true;
  }
  outbox_->Wake();
}

void Sender::OnLinkChange() {
  if (link_->connected()) {
    SendNow();
  } else {
    outbox_->Wake();
  }
}

bool Sender::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

bool Sender::Interrupted(const Link::Current& current) {
  {
    absl::MutexLock lock(&mu_);
    if (stopping_ || send_now_) return true;
  }
  return !link_->connected() || link_->current().generation != current.generation;
}

void Sender::Pause(absl::Duration duration) {
  // What is saved meanwhile bumps the revision too, and waits with the rest.
  outbox_->revision().Await(duration, [this] {
    absl::MutexLock lock(&mu_);
    return stopping_ || send_now_;
  });
}

void Sender::Run() {
  while (!Stopping()) {
    // Before looking: what changes afterwards ends the wait at once.
    const uint64_t seen = outbox_->revision().now();
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) return;
      send_now_ = false;
    }
    const Link::Current current = link_->current();
    absl::Status status;
    if (link_->connected() && current.connection != nullptr) {
      const absl::StatusOr<std::vector<Outbox::Due>> first = outbox_->ToSend(0, 1);
      status = first.status();
      if (first.ok() && !first->empty()) {
        status = Pass(current);
        if (status.ok()) continue;
      }
    }
    if (status.ok()) {
      outbox_->revision().WaitBeyond(seen, absl::InfiniteDuration());
      continue;
    }
    if (absl::IsUnknown(status)) {
      if (failed_) failed_(status);
      return;
    }
    LogWarn("sending is interrupted", {{"why", status.message()}});
    Pause(backoff_.Next());
  }
}

absl::Status Sender::Pass(const Link::Current& current) {
  Answers answers;
  SubmitStreamOptions options;
  options.in_flight_max = kInFlightMax;
  options.batch_bytes_max = kMessageBytesMax;
  SubmitStream stream(current.connection, options, [this, &answers](const muster::v1::SubmissionAnswer& answer) {
    answers.Add(answer);
    outbox_->Wake();
  });
  Sent sent;
  while (true) {
    const uint64_t seen = outbox_->revision().now();
    // Before the interruption counts: what has been answered is not asked for again.
    MUSTER_ASSIGN_OR_RETURN(const Verdict verdict, Take(answers.TakeAll(), sent));
    if (verdict == Verdict::kBeginAnew || Interrupted(current)) return absl::OkStatus();
    if (verdict == Verdict::kWait) return absl::UnavailableError("a broker cannot decide what was sent, for now");
    if (stream.over()) {
      // One that ends while it has nothing to do is opened anew when it has.
      return stream.in_flight() == 0 ? absl::OkStatus() : absl::UnavailableError("the stream to the broker ended");
    }
    MUSTER_RETURN_IF_ERROR(Feed(stream, &sent));
    const bool look_again = stream.in_flight() > 0 || sent.waits_for_clock;
    outbox_->revision().WaitBeyond(seen, look_again ? kLookAgain : absl::InfiniteDuration());
  }
}

absl::Status Sender::Feed(SubmitStream& stream, Sent* sent) {
  while (true) {
    const size_t in_flight = stream.in_flight();
    if (in_flight >= kInFlightMax) return absl::OkStatus();
    MUSTER_ASSIGN_OR_RETURN(std::vector<Outbox::Due> due,
                            outbox_->ToSend(sent->through, std::min(kReadAtOnce, kInFlightMax - in_flight)));
    if (due.empty()) return absl::OkStatus();
    for (Outbox::Due& item : due) {
      MUSTER_ASSIGN_OR_RETURN(const Leave leave, MaySend(item));
      sent->waits_for_clock = leave == Leave::kWait;
      if (leave == Leave::kWait) return absl::OkStatus();
      if (leave == Leave::kReadAgain) break;
      MUSTER_FAILPOINT("agent.sender.before_submit");
      if (item.submission.has_withdraw_submission()) sent->withdrawn_ids.insert(item.submission.submission_id());
      MUSTER_RETURN_IF_ERROR(stream.Submit(std::move(item.submission)));
      sent->through = item.number;
    }
  }
}

absl::StatusOr<Sender::Leave> Sender::MaySend(const Outbox::Due& item) {
  if (!IsReady(item.submission)) return Leave::kSend;
  if (!link_->clock_checked()) return Leave::kWait;
  const absl::Status clock = link_->CheckClockForReady();
  if (clock.ok()) return Leave::kSend;
  LogWarn("READY is not reported", {{"number", item.number}, {"why", clock.message()}});
  MUSTER_RETURN_IF_ERROR(outbox_->Refuse(item.number, RejectedOf(clock), clock_->Now()));
  return Leave::kReadAgain;
}

absl::StatusOr<Sender::Verdict> Sender::Take(const std::vector<muster::v1::SubmissionAnswer>& answers,
                                             const Sent& sent) {
  if (answers.empty()) return Verdict::kGoOn;
  link_->Answered();
  MUSTER_FAILPOINT("agent.sender.after_answer");
  MUSTER_RETURN_IF_ERROR(outbox_->Take(answers, clock_->Now()));
  Verdict worst = Verdict::kGoOn;
  for (const muster::v1::SubmissionAnswer& answer : answers) {
    MUSTER_ASSIGN_OR_RETURN(const Verdict verdict, Judge(answer, sent));
    if (verdict == Verdict::kGoOn) backoff_.Reset();
    worst = std::max(worst, verdict);
  }
  return worst;
}

absl::StatusOr<Sender::Verdict> Sender::Judge(const muster::v1::SubmissionAnswer& answer, const Sent& sent) const {
  if (answer.outcome().has_accepted()) return Verdict::kGoOn;
  v1::OutboxItemName name;
  name.set_submission_id(answer.submission_id());
  const absl::StatusOr<v1::OutboxItem> item = outbox_->Get(name);
  if (absl::IsNotFound(item.status())) return Verdict::kGoOn;
  MUSTER_RETURN_IF_ERROR(item.status());
  if (item->state() != v1::DELIVERY_STATE_SAVED_HERE) return Verdict::kGoOn;
  const bool to_be_withdrawn = item->has_refusal() || !item->drop_reason().empty();
  // A withdrawal that was not decided either waits like anything else.
  return to_be_withdrawn && !sent.withdrawn_ids.contains(answer.submission_id()) ? Verdict::kBeginAnew : Verdict::kWait;
}

}  // namespace muster::agent
