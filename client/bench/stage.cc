#include "client/bench/stage.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "client/lib/submit_stream.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster::bench {
namespace {

constexpr char kSite[] = "bench-site";

absl::Status Arm(Client& client, const std::string& operation_id) {
  v1::PublishPlan plan;
  plan.set_operation_id(operation_id);
  v1::Section* section = plan.add_sections();
  section->set_section_id("situation");
  section->set_kind(v1::SECTION_KIND_SITUATION);
  section->set_title("A load test");
  section->set_body("Nothing of this is real.");
  section->mutable_audience()->add_roles(v1::ROLE_PARTICIPANT);
  section->mutable_audience()->add_roles(v1::ROLE_PROSECUTOR);
  MUSTER_RETURN_IF_ERROR(client.PublishPlan(std::move(plan)).status());
  v1::SetOperationPhase phase;
  phase.set_operation_id(operation_id);
  phase.set_phase(v1::OPERATION_PHASE_ARMED);
  return client.SetOperationPhase(std::move(phase)).status();
}

absl::Status CreateStage(Client& client, Stage* stage) {
  const absl::Time now = SystemClock()->Now();
  stage->operation_id = absl::StrCat("bench-", absl::ToUnixMillis(now));
  stage->site_id = kSite;
  v1::CreateOperation creation;
  v1::Operation& operation = *creation.mutable_operation();
  operation.set_operation_id(stage->operation_id);
  operation.set_code_name("Load test");
  operation.set_mode(stage->mode);
  operation.set_description("Made by `muster bench`: every figure in it is invented.");
  *operation.mutable_window()->mutable_start() = ToProto(now - absl::Hours(1));
  *operation.mutable_window()->mutable_end() = ToProto(now + absl::Hours(24));
  v1::Site* site = creation.add_sites();
  site->set_site_id(kSite);
  site->set_name("Load test");
  site->set_state(stage->state);
  site->set_optional_for_go(true);  // GO does not wait for reports that nobody makes.
  MUSTER_RETURN_IF_ERROR(client.CreateOperation(std::move(creation)).status());
  return Arm(client, stage->operation_id);
}

absl::Status TakeStage(Client& client, Stage* stage) {
  v1::GetOperationRequest request;
  request.set_operation_id(stage->operation_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::GetOperationResponse response, client.GetOperation(request));
  const v1::OperationView& view = response.operation();
  if (view.operation().mode() != v1::OPERATION_MODE_EXERCISE && view.operation().mode() != v1::OPERATION_MODE_TEST) {
    return absl::FailedPreconditionError(
        absl::StrCat("operation ", stage->operation_id,
                     " is ACTUAL: a load test would put invented figures into a real operation. Leave out --operation, "
                     "and it makes an EXERCISE of its own"));
  }
  if (view.sites().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("operation ", stage->operation_id, " has no site that this agency may report for"));
  }
  stage->mode = view.operation().mode();
  stage->site_id = view.sites(0).site_id();
  stage->state = view.sites(0).state();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Stage> SetStage(Client& client, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(const v1::WhoAmIResponse self, client.WhoAmI());
  Stage stage;
  stage.agency_id = self.principal().agency_id();
  stage.state = self.agency().agency().state();
  if (stage.state.empty()) stage.state = "DC";  // A federal agency's.
  stage.operation_id = operation_id;
  MUSTER_RETURN_IF_ERROR(operation_id.empty() ? CreateStage(client, &stage) : TakeStage(client, &stage));
  return stage;
}

v1::Submission TallyEntryOf(const Stage& stage, const std::string& entry_id, size_t submission_bytes) {
  const absl::Time now = SystemClock()->Now();
  v1::Submission submission;
  submission.set_submission_id(NewUuidV7(now));
  v1::RecordTally& record = *submission.mutable_record_tally();
  record.set_operation_id(stage.operation_id);
  v1::TallyEntry& entry = *record.mutable_entry();
  entry.set_entry_id(entry_id);
  entry.set_site_id(stage.site_id);
  entry.set_category(v1::TALLY_CATEGORY_ARREST_BUYER);
  entry.set_count(1);
  entry.set_primary_agency_id(stage.agency_id);
  *entry.mutable_occurred_at() = ToProto(absl::FromUnixSeconds(absl::ToUnixSeconds(now)));
  entry.set_status(v1::TALLY_STATUS_CONFIRMED);
  entry.set_source("booking log");
  // The note makes up the size, but for its own tag and length.
  const size_t bare = submission.ByteSizeLong() + 3;
  if (bare < submission_bytes) entry.set_note(std::string(std::min<size_t>(submission_bytes - bare, 1000), 'n'));
  return submission;
}

absl::Status SubmitAll(Client& client, std::vector<v1::Submission> submissions) {
  absl::Mutex mu;
  absl::Status first_error;
  SubmitStream stream(client.connection(), {}, [&](const v1::SubmissionAnswer& answer) {
    if (answer.outcome().has_accepted()) return;
    const v1::Rejected& why = answer.has_refusal() ? answer.refusal().why() : answer.outcome().rejected();
    absl::MutexLock lock(&mu);
    first_error.Update(absl::FailedPreconditionError(absl::StrCat(why.message(), " (", ReasonName(why.reason()), ")")));
  });
  for (v1::Submission& submission : submissions) MUSTER_RETURN_IF_ERROR(stream.Submit(std::move(submission)));
  MUSTER_RETURN_IF_ERROR(stream.Finish());
  absl::MutexLock lock(&mu);
  return first_error;
}

}  // namespace muster::bench
