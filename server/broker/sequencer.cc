#include "server/broker/sequencer.h"

#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/failpoint.h"
#include "common/random.h"
#include "server/broker/event_encoding.h"

namespace muster {
namespace {

// Of what an event may draw: a referral's ticket.
constexpr size_t kEntropyBytes = 16;

absl::Status Draining() {
  return Refusal(v1::ERROR_REASON_DRAINING,
                 "the broker is shutting down; send it again, with the same submission_id, to where it comes back");
}

absl::Status FateUnknown(const absl::Status& cause) {
  return Refusal(v1::ERROR_REASON_FATE_UNKNOWN,
                 absl::StrCat("the broker could not learn whether its disk has the submission (", cause.message(),
                              "); send it again with the same submission_id"));
}

absl::Status NothingWritten(const absl::Status& cause) {
  return Refusal(v1::ERROR_REASON_STORAGE_FULL,
                 absl::StrCat("the broker could not store the submission (", cause.message(),
                              "); nothing was stored; send it again later"));
}

// Whether `outcome` says only that the numbers before `submission`'s are missing, while they are in `earlier`, the
// events of the same commit: then Apply, which sees those first, decides.
bool GapMayClose(const v1::Outcome& outcome, const PendingSubmission& pending,
                 const std::vector<const v1::Event*>& earlier) {
  if (outcome.rejected().reason() != v1::ERROR_REASON_OUTBOX_GAP) return false;
  return std::any_of(earlier.rbegin(), earlier.rend(), [&pending](const v1::Event* event) {
    return event->submission().outbox_number().outbox_id() == pending.submission->outbox_number().outbox_id() &&
           event->principal().agency_id() == pending.sender->principal.agency_id();
  });
}

v1::Event* NewEvent(const PendingSubmission& pending) {
  return google::protobuf::Arena::CreateMessage<v1::Event>(&pending.arrival->arena);
}

// The parts of an event on an arena are borrowed, not owned: they stay where they are, and it only points at them.
v1::Event* EventOf(const PendingSubmission& pending) {
  v1::Event* const event = NewEvent(pending);
  event->unsafe_arena_set_allocated_principal(const_cast<v1::Principal*>(&pending.sender->principal));
  event->unsafe_arena_set_allocated_submission(pending.submission);
  return event;
}

}  // namespace

Sequencer::Sequencer(const Options& options, Hooks hooks, EventLog* log, Applier* applier, const Clock* clock)
    : options_(options), hooks_(std::move(hooks)), log_(log), applier_(applier), clock_(clock), refusal_(Draining()) {}

Sequencer::~Sequencer() { Stop(); }

void Sequencer::Start() {
  {
    absl::MutexLock lock(&queue_mu_);
    refusal_ = absl::OkStatus();
  }
  thread_ = std::thread([this] { Run(); });
}

void Sequencer::Stop() {
  {
    absl::MutexLock lock(&queue_mu_);
    if (refusal_.ok()) refusal_ = Draining();
  }
  if (thread_.joinable()) thread_.join();
}

void Sequencer::Submit(PendingSubmission pending) {
  std::vector<PendingSubmission> one;
  one.push_back(std::move(pending));
  SubmitAll(std::move(one));
}

void Sequencer::SubmitAll(std::vector<PendingSubmission> pending) {
  size_t taken = 0;
  absl::Status refusal;
  {
    absl::MutexLock lock(&queue_mu_);
    refusal = refusal_;
    if (refusal.ok()) {
      taken = std::min(pending.size(), options_.queue_max - std::min(options_.queue_max, queue_.size()));
      for (size_t i = 0; i < taken; ++i) queue_.push_back(std::move(pending[i]));
    }
  }
  if (!refusal.ok()) return TurnAway(std::move(pending), refusal);
  refusal = Refusal(v1::ERROR_REASON_QUEUE_FULL, "the broker has too much to do; send it again in a moment");
  for (size_t i = taken; i < pending.size(); ++i) pending[i].Answer(refusal);
}

void Sequencer::TurnAway(std::vector<PendingSubmission> pending, const absl::Status& refusal) {
  if (pending.empty()) return;
  if (hooks_.hand_over) return hooks_.hand_over(std::move(pending));
  for (const PendingSubmission& one : pending) one.Answer(refusal);
}

void Sequencer::Run() {
  pthread_setname_np(pthread_self(), "sequencer");
  while (WaitForWork()) {
    CommitBatch(TakeQueued());
    if (hooks_.committed) hooks_.committed();
    const bool nothing_waits = [this] {
      absl::MutexLock lock(&queue_mu_);
      return queue_.empty();
    }();
    if (nothing_waits && hooks_.idle) hooks_.idle();
  }
}

// False when stopped and everything queued has been taken. Only the sequencer thread changes the state, so it asks it
// freely for what falls due.
bool Sequencer::WaitForWork() {
  // The clock may be set while we wait for what falls due: look at it again.
  constexpr absl::Duration kLookAgain = absl::Seconds(1);
  const absl::Time due = applier_->state().NextDue();
  absl::MutexLock lock(&queue_mu_);
  const absl::Condition has_news(
      +[](Sequencer* self) { return !self->queue_.empty() || !self->refusal_.ok(); }, this);
  while (!has_news.Eval()) {
    if (due == absl::InfiniteFuture()) {
      queue_mu_.Await(has_news);
      break;
    }
    const absl::Duration left = timers_refused_ ? kLookAgain : due - clock_->Now();
    if (left <= absl::ZeroDuration()) return true;
    queue_mu_.AwaitWithTimeout(has_news, std::min(left, kLookAgain));
    timers_refused_ = false;
  }
  return !queue_.empty();
}

std::vector<PendingSubmission> Sequencer::TakeQueued() {
  absl::MutexLock lock(&queue_mu_);
  const size_t events_max = std::min(options_.batch_events_max, log_->limits().batch_events_max);
  size_t bytes_left = log_->limits().batch_bytes_max;
  std::vector<PendingSubmission> taken;
  while (!queue_.empty() && taken.size() < events_max) {
    // The event adds its sequence, time and principal to the submission.
    constexpr size_t kEnvelopeBytesMax = 1024;
    const size_t bytes = queue_.front().bytes() + kEnvelopeBytesMax;
    if (bytes > bytes_left && !taken.empty()) break;
    bytes_left -= std::min(bytes, bytes_left);
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return taken;
}

// The path of every change to Muster, in order. What comes before it (authenticate, authorize, validate) is in
// server/rpc/; the readers' side of Publish is in publisher.h.
void Sequencer::CommitBatch(std::vector<PendingSubmission> submissions) {
  Batch batch = Sequence(std::move(submissions));  // Answers repeats; assigns sequence and accepted_at; encodes once.
  if (batch.events.empty()) return;
  MUSTER_FAILPOINT("commit.before_append");
  if (absl::Status appended = log_->Append(batch.encoded); !appended.ok()) {  // One fsync, or one etcd transaction.
    FailBatch(std::move(batch), appended);  // Nothing written: refuse. Fate unknown: stop.
    return;
  }
  MUSTER_FAILPOINT("commit.after_append");
  std::vector<Applied> applied = applier_->Apply(batch.events);  // Holds state_mu_; no I/O, cannot fail.
  MUSTER_FAILPOINT("commit.after_apply");
  const absl::Status published = applier_->Publish(batch.events.front()->sequence(), applied);  // Waits for no reader.
  MUSTER_FAILPOINT("commit.after_publish");
  Acknowledge(std::move(batch), std::move(applied));
  MUSTER_FAILPOINT("commit.after_acknowledge");
  if (!published.ok()) TurnAway(StopAccepting(published, hooks_.failed), FateUnknown(published));
}

Sequencer::Batch Sequencer::Sequence(std::vector<PendingSubmission> submissions) {
  // Time never runs backwards in the log, whatever the clock does. Only this thread changes the state, so it reads it
  // freely.
  const absl::Time accepted_at = std::max(clock_->Now(), applier_->state().last_accepted_at());
  Batch batch;
  for (PendingSubmission& pending : submissions) {
    std::optional<v1::Outcome> decided =
        applier_->state().FindDecided(pending.sender->principal.agency_id(), *pending.submission, accepted_at);
    if (decided.has_value() && !GapMayClose(*decided, pending, batch.events)) {
      ++repeats_;
      pending.Answer(*std::move(decided));
      continue;
    }
    v1::Event* const event = EventOf(pending);
    // What is drawn here and not by the caller holds no message of the caller's (rule V1).
    if (pending.submission->has_request_referral()) event->set_entropy(RandomBytes(kEntropyBytes));
    Stamp(std::move(pending), event, accepted_at, &batch);
  }
  if (batch.events.empty() && applier_->state().NextDue() <= accepted_at) {
    PendingSubmission nobodys = TimersDue();
    v1::Event* const event = NewEvent(nobodys);
    event->mutable_timers_due();
    Stamp(std::move(nobodys), event, accepted_at, &batch);
  }
  return batch;
}

PendingSubmission Sequencer::TimersDue() {
  PendingSubmission nobodys;
  nobodys.arrival = std::make_shared<Arrival>();
  return nobodys;
}

void Sequencer::Stamp(PendingSubmission pending, v1::Event* event, absl::Time accepted_at, Batch* batch) const {
  event->set_sequence(log_->last_sequence() + batch->events.size() + 1);
  *event->mutable_accepted_at() = ToProto(accepted_at);
  event->set_rules_version(rules_version_);
  batch->encoded.push_back(
      {event->sequence(), pending.encoded.empty()
                              ? event->SerializeAsString()
                              : EncodeEvent(*event, pending.sender->encoded_principal, pending.encoded)});
  batch->events.push_back(event);
  batch->pending.push_back(std::move(pending));
}

void Sequencer::Acknowledge(Batch batch, std::vector<Applied> applied) {
  events_ += batch.events.size();
  ++commits_;
  for (const Applied& one : applied) {
    if (one.outcome.has_rejected()) ++rejected_;
  }
  for (size_t i = 0; i < applied.size(); ++i) {
    if (!batch.events[i]->has_submission()) continue;
    const bool more = i + 1 < applied.size() && batch.pending[i + 1].done == batch.pending[i].done;
    batch.pending[i].Answer(std::move(applied[i].outcome), {more, applied.size() == 1});
  }
}

void Sequencer::FailBatch(Batch batch, const absl::Status& why) {
  timers_refused_ = batch.events.front()->has_timers_due();  // Not again and again while the disk is full.
  // What fell due has no sender: whoever leads next lets it happen.
  if (timers_refused_) batch.pending.clear();
  if (absl::IsResourceExhausted(why) || absl::IsInvalidArgument(why)) {
    const absl::Status nothing_written = NothingWritten(why);
    for (const PendingSubmission& pending : batch.pending) pending.Answer(nothing_written);
    return;
  }
  // ABORTED: nothing was written, another broker leads. UNKNOWN: it may have been.
  std::vector<PendingSubmission> queued = StopAccepting(why, hooks_.deposed ? hooks_.deposed : hooks_.failed);
  std::vector<PendingSubmission> all = std::move(batch.pending);
  // In the order in which they came.
  std::move(queued.begin(), queued.end(), std::back_inserter(all));
  TurnAway(std::move(all), FateUnknown(why));
}

std::vector<PendingSubmission> Sequencer::StopAccepting(const absl::Status& why,
                                                        const std::function<void(const absl::Status&)>& tell) {
  std::vector<PendingSubmission> queued;
  {
    absl::MutexLock lock(&queue_mu_);
    refusal_ = FateUnknown(why);
    queued.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(queue_.end()));
    queue_.clear();
  }
  if (tell) tell(why);
  return queued;
}

SequencerStats Sequencer::Stats() const {
  SequencerStats stats;
  stats.events = events_;
  stats.commits = commits_;
  stats.repeats = repeats_;
  stats.rejected = rejected_;
  absl::MutexLock lock(&queue_mu_);
  stats.queued = queue_.size();
  return stats;
}

}  // namespace muster
