#include "server/rpc/submission_stream.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "common/field_violation.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "google/protobuf/unknown_field_set.h"

namespace muster {
namespace {

constexpr int kSubmissionsPerMessageMax = 1024;

// The message around the submissions: what is unknown in it would be lost with it.
absl::Status CheckEnvelope(const v1::StreamSubmitRequest& request) {
  const google::protobuf::UnknownFieldSet& unknown = request.GetReflection()->GetUnknownFields(request);
  if (!unknown.empty()) {
    const FieldViolation violation{
        absl::StrCat("#", unknown.field(0).number()),
        "is the number of a field that this build does not know; leave it out, or update Muster"};
    return MalformedStatus(absl::MakeConstSpan(&violation, 1));
  }
  const int count = request.submissions_size();
  if (0 < count && count <= kSubmissionsPerMessageMax) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_MALFORMED, absl::StrCat("submissions: has ", count, " items, 1 to ",
                                                          kSubmissionsPerMessageMax, " are allowed in one message"));
}

}  // namespace

v1::SubmissionAnswer AnswerOf(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome) {
  v1::SubmissionAnswer result;
  result.set_submission_id(submission_id);
  if (outcome.ok()) {
    *result.mutable_outcome() = *std::move(outcome);
  } else {
    result.mutable_refusal()->set_code(outcome.status().raw_code());
    *result.mutable_refusal()->mutable_why() = RejectedOf(outcome.status());
  }
  return result;
}

bool IsForTheLeaderToSay(const Broker& broker, const absl::Status& refused) {
  return absl::IsPermissionDenied(refused) && broker.follows();
}

absl::Status AdmitSubmission(const Guard& guard, const State& state, const Caller& caller,
                             const v1::Submission& submission) {
  MUSTER_RETURN_IF_ERROR(guard.CheckStanding(state, caller));
  // A body that this build does not know is for ValidateSubmission to explain.
  if (submission.body_case() == v1::Submission::BODY_NOT_SET) return absl::OkStatus();
  return Authorize(state, caller.principal.agency_id(), FindRule(submission.body_case()), SubjectOf(submission));
}

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
  v1::StreamSubmitRequest request;
  absl::Status status = ParseBuffer(read_buffer_, &request);
  if (status.ok()) status = CheckEnvelope(request);
  if (!status.ok()) {
    End(status);
    return;
  }
  Take(std::move(request));
  {
    // Only now: another thread would read the next message into read_buffer_, and have it decided before this one.
    absl::MutexLock lock(&mu_);
    reading_ = false;
  }
  ReadOn();
}

void SubmissionStream::Take(v1::StreamSubmitRequest request) {
  presence_->Heard(caller().principal.agency_id());
  const int count = request.submissions_size();
  {
    absl::MutexLock lock(&mu_);
    in_flight_ += static_cast<size_t>(count);
  }
  std::vector<absl::Status> checks(static_cast<size_t>(count));
  broker_->WithState([&](const State& state) {
    for (int i = 0; i < count; ++i) {
      checks[static_cast<size_t>(i)] = AdmitSubmission(*guard_, state, caller(), request.submissions(i));
    }
  });
  const auto self = std::static_pointer_cast<SubmissionStream>(shared_from_this());
  std::vector<PendingSubmission> passed;
  passed.reserve(checks.size());
  for (int i = 0; i < count; ++i) {
    v1::Submission& submission = *request.mutable_submissions(i);
    std::string id = submission.submission_id();
    absl::Status check = std::move(checks[static_cast<size_t>(i)]);
    if (check.ok() || IsForTheLeaderToSay(*broker_, check)) check = ValidateSubmission(submission);
    if (check.ok()) {
      PendingSubmission& pending = passed.emplace_back();
      pending.principal = caller().principal;
      pending.submission = std::move(submission);
      pending.certificate = caller().certificate;
      pending.done = [self, id = std::move(id)](absl::StatusOr<v1::Outcome> outcome) {
        self->OnDecided(id, std::move(outcome));
      };
    } else {
      OnDecided(id, std::move(check));
    }
  }
  broker_->SubmitAll(std::move(passed));
}

void SubmissionStream::OnDecided(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome) {
  v1::SubmissionAnswer result = AnswerOf(submission_id, std::move(outcome));
  bool first = false;
  {
    absl::MutexLock lock(&mu_);
    first = results_.results().empty();
    *results_.add_results() = std::move(result);
  }
  if (first) streams()->Wake(weak_from_this());
}

SubmissionStream::Next SubmissionStream::TakeNext() {
  if (!results_.results().empty()) {
    in_flight_ -= static_cast<size_t>(results_.results_size());
    Next next{results_.SerializeAsString(), {}};
    results_.clear_results();
    return next;
  }
  if (reads_done_ && in_flight_ == 0) return {{}, absl::OkStatus()};
  return {};
}

}  // namespace muster
