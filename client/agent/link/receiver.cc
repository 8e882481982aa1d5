#include "client/agent/link/receiver.h"

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/agent/link/projections.h"
#include "common/error_reason.h"
#include "common/failpoint.h"
#include "common/logging.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

std::string Name(const std::string& cursor) {
  return cursor.empty() ? "the beginning" : absl::BytesToHexString(cursor);
}

absl::StatusOr<std::string> PresentCursor(Connection& connection) {
  muster::v1::GetFeedCursorResponse position;
  MUSTER_RETURN_IF_ERROR(
      connection.Call("/muster.v1.FeedService/GetFeedCursor", muster::v1::GetFeedCursorRequest(), &position));
  return position.cursor();
}

}  // namespace

Receiver::Receiver(Link* link, Inbox* inbox, Mirror* mirror, const Clock* clock, const RetryPolicy& retry, Hooks hooks)
    : link_(link), inbox_(inbox), mirror_(mirror), clock_(clock), hooks_(std::move(hooks)), backoff_(retry) {
  link_->OnChange([this] { OnLinkChange(); });
}

Receiver::~Receiver() { Stop(); }

void Receiver::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Receiver::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    if (feed_ != nullptr) feed_->Cancel();
  }
  changed_.Bump();
  if (thread_.joinable()) thread_.join();
}

bool Receiver::Stopping() const {
  absl::MutexLock lock(&mu_);
  return stopping_;
}

void Receiver::OnLinkChange() {
  const Link::Current current = link_->current();
  const bool accepted_again = link_->status().state() == v1::LINK_STATE_CONNECTING;
  {
    absl::MutexLock lock(&mu_);
    const bool replaced = current.generation != generation_;
    // A new identity is used from now on, not only after the next break.
    if (replaced && feed_ != nullptr) feed_->Cancel();
    wake_ |= replaced || accepted_again;
  }
  changed_.Bump();
}

bool Receiver::WaitFor(absl::Duration duration) {
  changed_.Await(duration, [this] {
    absl::MutexLock lock(&mu_);
    return stopping_ || wake_;
  });
  return !Stopping();
}

void Receiver::Run() {
  while (true) {
    const Link::Current current = link_->current();
    {
      absl::MutexLock lock(&mu_);
      if (stopping_) return;
      generation_ = current.generation;
      wake_ = false;
    }
    // An enrolment between the two lines above is seen here.
    if (link_->current().generation != current.generation) continue;
    if (current.connection == nullptr) {
      if (!WaitFor(absl::InfiniteDuration())) return;
      continue;
    }
    const absl::Status ended = Follow(current);
    if (Stopping()) return;
    if (link_->current().generation == current.generation) Handle(ended, current);
  }
}

absl::Status Receiver::Follow(const Link::Current& current) {
  Subscription feed(current.connection, {.after_cursor = inbox_->cursor()});
  {
    absl::MutexLock lock(&mu_);
    feed_ = &feed;
    if (stopping_) feed.Cancel();
  }
  // Enrolled anew while the subscription was being made: nobody cancelled it.
  if (link_->current().generation != current.generation) feed.Cancel();
  absl::Status status;
  bool told_present = false;
  while (status.ok()) status = Drain(feed, &told_present);
  absl::MutexLock lock(&mu_);
  feed_ = nullptr;
  gap_until_ = feed.gap_until();
  return status;
}

absl::Status Receiver::Drain(Subscription& feed, bool* told_present) {
  Batch batch;
  absl::Status ended;
  while (batch.size() < kBatchMax) {
    absl::StatusOr<std::optional<muster::v1::Delivery>> next =
        feed.Next(batch.empty() ? absl::InfiniteDuration() : absl::ZeroDuration());
    ended = next.status();
    if (!ended.ok() || !next->has_value()) break;
    batch.push_back(**std::move(next));
  }
  if (!batch.empty()) {
    MUSTER_RETURN_IF_ERROR(Save(batch, told_present));
    backoff_.Reset();
    same_break_ = 0;
  }
  MUSTER_RETURN_IF_ERROR(ended);
  if (feed.at_present()) {
    // Said for every delivery that arrives at the present, too: a broker has been heard of.
    if (*told_present) {
      link_->Answered();
    } else {
      link_->FeedCaughtUp();
    }
    backoff_.Reset();
  } else {
    absl::Status trouble = feed.trouble();
    // It may be over already: there was a break all the same.
    if (trouble.ok() && *told_present) trouble = absl::UnavailableError("the stream broke and was opened anew");
    if (!trouble.ok()) link_->FeedBroke(trouble);
  }
  *told_present = feed.at_present();
  return absl::OkStatus();
}

absl::Status Receiver::Save(const Batch& batch, bool* told_present) {
  Backoff backoff({.initial_backoff = absl::Milliseconds(500), .max_backoff = absl::Seconds(10)});
  while (true) {
    const absl::Status saved = SaveOnce(batch);
    if (saved.ok()) {
      if (hooks_.arrived) hooks_.arrived(batch);
      return saved;
    }
    if (!absl::IsResourceExhausted(saved)) return saved;
    // What is here is not the present, whatever the brokers say.
    *told_present = false;
    link_->FeedBroke(absl::UnavailableError(
        absl::StrCat(batch.size(), " deliveries or more have arrived and cannot be stored: make room on the disk (",
                     saved.message(), ")")));
    LogError("deliveries wait: they cannot be stored; make room on the disk",
             {{"deliveries", batch.size()}, {"why", saved.message()}});
    if (changed_.Await(backoff.Next(), [this] { return Stopping(); })) return absl::CancelledError("stopping");
  }
}

absl::Status Receiver::SaveOnce(const Batch& batch) {
  const absl::Time now = clock_->Now();
  const std::vector<MirrorAnswer> answers = ProjectionsOf(batch, inbox_->last_row() + 1, *mirror_, now);
  MUSTER_FAILPOINT("agent.receiver.before_append");
  MUSTER_RETURN_IF_ERROR(inbox_->Append(batch, answers, now));
  MUSTER_FAILPOINT("agent.receiver.after_append");
  return absl::OkStatus();
}

void Receiver::Handle(const absl::Status& ended, const Link::Current& current) {
  if (absl::IsUnknown(ended)) {
    if (hooks_.failed) hooks_.failed(ended);
    (void)WaitFor(absl::InfiniteDuration());
    return;
  }
  if (absl::IsCancelled(ended)) return;
  link_->FeedBroke(ended);
  if (absl::IsDataLoss(ended) || absl::IsOutOfRange(ended)) {
    HandleBreak(ended, current);
  } else {
    LogWarn("the feed ended", {{"why", ended.ToString()}});
  }
  (void)WaitFor(backoff_.Next());
}

void Receiver::HandleBreak(const absl::Status& ended, const Link::Current& current) {
  const std::string after = inbox_->cursor();
  same_break_ = after == broken_after_ ? same_break_ + 1 : 1;
  broken_after_ = after;
  LogError("the feed has a break: deliveries may be missing",
           {{"after_cursor", Name(after)}, {"times_seen", same_break_}, {"why", ended.message()}});
  if (absl::IsDataLoss(ended) && same_break_ < kSameBreakMax) return;
  const absl::Status passed = PassOver(ended, current);
  if (passed.ok()) {
    same_break_ = 0;
    return;
  }
  if (absl::IsUnknown(passed) && hooks_.failed) hooks_.failed(passed);
  LogError("the break could not be passed over yet", {{"why", passed.message()}});
}

absl::Status Receiver::PassOver(const absl::Status& ended, const Link::Current& current) {
  v1::FeedGap gap;
  *gap.mutable_at() = ToProto(clock_->Now());
  gap.set_after_cursor(broken_after_);
  // Where the feed itself says that it goes on; else the present.
  std::string next = gap_until_;
  const bool to_present = absl::IsOutOfRange(ended) || next.empty();
  if (to_present) {
    MUSTER_ASSIGN_OR_RETURN(next, PresentCursor(*current.connection));
  }
  gap.set_next_cursor(next);
  gap.set_message(absl::StrCat(absl::IsOutOfRange(ended) ? "history was trimmed before this daemon had read it: "
                                                         : "brokers could not supply what is missing: ",
                               ended.message()));
  MUSTER_RETURN_IF_ERROR(inbox_->NoteGap(gap));
  LogError("the feed goes on after a gap, which stays on record",
           {{"after_cursor", Name(broken_after_)}, {"next_cursor", Name(next)}});
  if (hooks_.missed) hooks_.missed();
  return absl::OkStatus();
}

}  // namespace muster::agent
