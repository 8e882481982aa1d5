#include "server/rpc/submission_intake.h"

#include <utility>

#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/submission_checks.h"
#include "common/wire_check.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "server/rpc/wire.h"

namespace muster {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

// The bytes of each submission of a message that is known to hold nothing else, if it says so in the usual way;
// nothing otherwise.
std::vector<absl::string_view> Split(absl::string_view message) {
  constexpr uint32_t kTag = WireFormatLite::MakeTag(v1::StreamSubmitRequest::kSubmissionsFieldNumber,
                                                    WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  std::vector<absl::string_view> submissions;
  CodedInputStream stream(reinterpret_cast<const uint8_t*>(message.data()), static_cast<int>(message.size()));
  while (stream.CurrentPosition() < static_cast<int>(message.size())) {
    uint32_t length = 0;
    if (stream.ReadTagNoLastTag() != kTag || !stream.ReadVarint32(&length)) return {};
    submissions.push_back(message.substr(static_cast<size_t>(stream.CurrentPosition()), length));
    if (!stream.Skip(static_cast<int>(length))) return {};
  }
  return submissions;
}

uint8_t* WriteHeader(int field, size_t bytes, uint8_t* to) {
  to = WireFormatLite::WriteTagToArray(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, to);
  return CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(bytes), to);
}

size_t FieldBytes(size_t bytes) { return 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(bytes)) + bytes; }

// Makes room for an answer of `bytes` at the end of `response`, behind its header.
uint8_t* AddAnswer(size_t bytes, std::string* response) {
  const size_t before = response->size();
  response->resize(before + FieldBytes(bytes));
  return WriteHeader(v1::StreamSubmitResponse::kResultsFieldNumber, bytes,
                     reinterpret_cast<uint8_t*>(response->data()) + before);
}

}  // namespace

void AppendAnswer(const std::string& submission_id, absl::StatusOr<v1::Outcome> outcome, std::string* response) {
  static_assert(v1::StreamSubmitResponse::kResultsFieldNumber < 16 &&
                    v1::SubmissionAnswer::kSubmissionIdFieldNumber < v1::SubmissionAnswer::kOutcomeFieldNumber &&
                    v1::SubmissionAnswer::kOutcomeFieldNumber < 16,
                "tags are taken to be one byte long, and written in order");
  if (!outcome.ok()) {
    const v1::SubmissionAnswer answer = AnswerOf(submission_id, std::move(outcome));
    answer.SerializeWithCachedSizesToArray(AddAnswer(answer.ByteSizeLong(), response));
    return;
  }
  const size_t outcome_bytes = outcome->ByteSizeLong();
  uint8_t* to = AddAnswer(FieldBytes(submission_id.size()) + FieldBytes(outcome_bytes), response);
  to = WriteHeader(v1::SubmissionAnswer::kSubmissionIdFieldNumber, submission_id.size(), to);
  to = CodedOutputStream::WriteStringToArray(submission_id, to);
  to = WriteHeader(v1::SubmissionAnswer::kOutcomeFieldNumber, outcome_bytes, to);
  outcome->SerializeWithCachedSizesToArray(to);
}

bool IsForTheLeaderToSay(const Broker& broker, const absl::Status& refused) {
  return absl::IsPermissionDenied(refused) && broker.follows();
}

absl::Status AuthorizeSubmission(const State& state, absl::string_view agency_id, const v1::Submission& submission) {
  // A body that this build does not know is for ValidateSubmission to explain.
  if (submission.body_case() == v1::Submission::BODY_NOT_SET) return absl::OkStatus();
  return Authorize(state, agency_id, FindRule(submission.body_case()), SubjectOf(submission));
}

absl::StatusOr<std::vector<PendingSubmission>> SubmissionIntake::Parse(std::string message) {
  const auto arrival = std::make_shared<Arrival>();
  arrival->bytes = std::move(message);
  auto* const request = google::protobuf::Arena::CreateMessage<v1::StreamSubmitRequest>(&arrival->arena);
  MUSTER_RETURN_IF_ERROR(ParseBytes(arrival->bytes, request));
  MUSTER_RETURN_IF_ERROR(CheckStreamSubmit(*request));
  const std::vector<absl::string_view> encoded = Split(arrival->bytes);
  std::vector<PendingSubmission> submissions(static_cast<size_t>(request->submissions_size()));
  for (size_t i = 0; i < submissions.size(); ++i) {
    submissions[i].arrival = arrival;
    submissions[i].submission = request->mutable_submissions(static_cast<int>(i));
    if (encoded.size() == submissions.size()) submissions[i].encoded = encoded[i];
  }
  return submissions;
}

void SubmissionIntake::Take(const Caller& caller, std::vector<PendingSubmission> submissions,
                            PendingSubmission::Done done) const {
  std::vector<absl::Status> admitted;
  admitted.reserve(submissions.size());
  broker_->WithState([&](const State& state) {
    const absl::Status standing = guard_->CheckStanding(state, caller);
    for (const PendingSubmission& pending : submissions) {
      admitted.push_back(standing.ok() ? AuthorizeSubmission(state, caller.principal().agency_id(), *pending.submission)
                                       : standing);
    }
  });
  const auto shared_done = std::make_shared<const PendingSubmission::Done>(std::move(done));
  std::vector<PendingSubmission> passed;
  passed.reserve(submissions.size());
  for (size_t i = 0; i < submissions.size(); ++i) {
    PendingSubmission& pending = submissions[i];
    pending.done = shared_done;
    if (absl::Status refused = Check(&pending, std::move(admitted[i])); !refused.ok()) {
      pending.Answer(std::move(refused));
      continue;
    }
    pending.sender = caller.sender;
    passed.push_back(std::move(pending));
  }
  broker_->SubmitAll(std::move(passed));
}

absl::Status SubmissionIntake::Check(PendingSubmission* pending, absl::Status admitted) const {
  if (!admitted.ok() && !IsForTheLeaderToSay(*broker_, admitted)) return admitted;
  static const WireTable& kTable = WireTableOf(v1::Submission::descriptor());
  if (!pending->encoded.empty() && WireIsSound(kTable, pending->encoded))
    return CheckBetweenFields(*pending->submission);
  // Whatever else its bytes hold is not for the log.
  pending->encoded = {};
  return ValidateSubmission(*pending->submission);
}

}  // namespace muster
