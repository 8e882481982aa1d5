#include "server/rpc/submission_stream.h"

#include <utility>

#include "server/rpc/wire.h"

namespace muster {

void SubmissionStream::ReadOn() {
  {
    absl::MutexLock lock(&mu_);
    if (IsEnding() || reading_ || reads_done_ || in_flight_ >= in_flight_max_) return;
    reading_ = true;
  }
  StartRead(&read_buffer_);
}

void SubmissionStream::OnReadDone(bool ok) {
  if (!ok) {
    {
      absl::MutexLock lock(&mu_);
      reads_done_ = true;
    }
    Pump();
    return;
  }
  absl::StatusOr<std::vector<PendingSubmission>> submissions = SubmissionIntake::Parse(ToBytes(read_buffer_));
  if (!submissions.ok()) {
    End(submissions.status());
    return;
  }
  Take(*std::move(submissions));
  {
    // Only now: another thread would read the next message into read_buffer_, and have it decided before this one.
    absl::MutexLock lock(&mu_);
    reading_ = false;
  }
  ReadOn();
}

void SubmissionStream::Take(std::vector<PendingSubmission> submissions) {
  presence_->Heard(caller().principal().agency_id());
  {
    absl::MutexLock lock(&mu_);
    in_flight_ += submissions.size();
  }
  intake_.Take(caller(), std::move(submissions),
               [self = std::static_pointer_cast<SubmissionStream>(shared_from_this())](
                   const v1::Submission& submission, absl::StatusOr<v1::Outcome> outcome, Beside beside) {
                 self->OnDecided(submission, std::move(outcome), beside);
               });
}

void SubmissionStream::OnDecided(const v1::Submission& submission, absl::StatusOr<v1::Outcome> outcome, Beside beside) {
  {
    absl::MutexLock lock(&mu_);
    ++answered_;
    AppendAnswer(submission.submission_id(), std::move(outcome), &answers_);
  }
  if (beside.more) return;
  // Where one sender waits for one answer, a hand-over to another thread is most of what it waits for. Where several
  // do, the sequencer has better things to do than to write.
  if (beside.alone) {
    Pump();
  } else {
    streams()->Wake(weak_from_this());
  }
}

SubmissionStream::Next SubmissionStream::TakeNext() {
  if (answered_ > 0) {
    in_flight_ -= answered_;
    answered_ = 0;
    Next next{ToBuffer(answers_), {}};
    answers_.clear();
    return next;
  }
  if (reads_done_ && in_flight_ == 0) return {{}, absl::OkStatus()};
  return {};
}

}  // namespace muster
