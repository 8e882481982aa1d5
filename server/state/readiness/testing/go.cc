#include "server/state/readiness/testing/go.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/sha256.h"
#include "gtest/gtest.h"
#include "server/state/access/visibility.h"
#include "server/state/readiness/readiness_view.h"

namespace muster {
namespace {

// Fills in what CallHold, LiftHold and CallAbort have in common.
template <typename Body>
void FillStop(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id, Body* body) {
  body->set_operation_id(std::string(operation_id));
  body->set_site_id(std::string(site_id));
  body->set_epoch(epoch);
  body->set_reason("exercise");
}

void BeginEpoch(World* world, const OperationRecord& operation) {
  const std::string& lead = operation.lead_agency_id();
  world->MustSubmit(kRegistrar, RegisterOperator(lead, absl::StrCat(lead, "-first-officer"), {1}));
  world->MustSubmit(kRegistrar, RegisterOperator(lead, absl::StrCat(lead, "-second-officer"), {2}));
  world->MustSubmit(lead, SetHHour(world->clock().Now() + absl::Hours(1), operation.id()));
}

void ApproveTwice(World* world, const OperationRecord& operation) {
  const v1::Submission approval = ApproveGo(operation.readiness().epoch(), operation.plan().version(), operation.id());
  for (const int number : {1, 2}) {
    const v1::Outcome outcome = world->SubmitAs(OperatorPrincipal(operation.lead_agency_id(), number), approval);
    EXPECT_EQ(outcome.accepted().go_given(), number == 2) << outcome.ShortDebugString();
  }
}

}  // namespace

v1::Submission SetHHour(absl::Time at, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_set_h_hour()->set_operation_id(std::string(operation_id));
  *submission.mutable_set_h_hour()->mutable_h_hour() = ToProto(at);
  return submission;
}

v1::Submission ReportReadiness(absl::string_view site_id, v1::ReadinessStatus status, uint32_t epoch,
                               absl::string_view operation_id) {
  v1::Submission submission;
  v1::ReportReadiness* report = submission.mutable_report_readiness();
  report->set_operation_id(std::string(operation_id));
  report->set_site_id(std::string(site_id));
  report->set_status(status);
  report->set_epoch(epoch);
  if (status == v1::READINESS_STATUS_NOT_READY) report->set_reason("no vehicles");
  return submission;
}

v1::Submission ReportReady(const World& world, absl::string_view agency_id, absl::string_view site_id,
                           absl::string_view operation_id) {
  const OperationRecord& operation = world.operation(operation_id);
  v1::Submission submission =
      ReportReadiness(site_id, v1::READINESS_STATUS_READY, operation.readiness().epoch(), operation_id);
  const PlanBook::Reach reach = operation.plan().ReachOf(world.participant(agency_id, operation_id));
  submission.mutable_report_readiness()->set_plan_version(reach.version);
  submission.mutable_report_readiness()->set_plan_content_sha256(reach.content_sha256);
  return submission;
}

v1::Submission WaiveReadiness(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id) {
  v1::Submission submission;
  v1::WaiveReadiness* waiver = submission.mutable_waive_readiness();
  waiver->set_operation_id(std::string(operation_id));
  waiver->set_site_id(std::string(site_id));
  waiver->set_epoch(epoch);
  waiver->set_approver_name("Duty Commander");
  waiver->set_reason("exercise");
  return submission;
}

v1::Submission ApproveGo(uint32_t epoch, uint32_t plan_version, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_approve_go()->set_operation_id(std::string(operation_id));
  submission.mutable_approve_go()->set_epoch(epoch);
  submission.mutable_approve_go()->set_plan_version(plan_version);
  return submission;
}

v1::Submission CallHold(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id) {
  v1::Submission submission;
  FillStop(site_id, epoch, operation_id, submission.mutable_call_hold());
  return submission;
}

v1::Submission LiftHold(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id) {
  v1::Submission submission;
  FillStop(site_id, epoch, operation_id, submission.mutable_lift_hold());
  return submission;
}

v1::Submission CallAbort(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id) {
  v1::Submission submission;
  FillStop(site_id, epoch, operation_id, submission.mutable_call_abort());
  return submission;
}

v1::Submission AcknowledgeGo(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id) {
  v1::Submission submission;
  submission.mutable_acknowledge_go()->set_operation_id(std::string(operation_id));
  submission.mutable_acknowledge_go()->set_site_id(std::string(site_id));
  submission.mutable_acknowledge_go()->set_epoch(epoch);
  return submission;
}

v1::Principal OperatorPrincipal(absl::string_view agency_id, int number) {
  v1::Principal principal = PrincipalOf(agency_id, absl::StrCat("officer-", number));
  principal.set_key_sha256(Sha256Hex(absl::StrCat(agency_id, " officer ", number)));
  return principal;
}

v1::Submission RegisterOperator(absl::string_view agency_id, absl::string_view operator_id,
                                const std::vector<int>& certificates) {
  v1::Submission submission;
  v1::RegisterOperator* registration = submission.mutable_register_operator();
  registration->set_agency_id(std::string(agency_id));
  registration->mutable_person()->set_operator_id(std::string(operator_id));
  registration->mutable_person()->set_name(absl::StrCat("Holder of ", operator_id));
  for (const int number : certificates) {
    registration->mutable_person()->add_key_sha256s(OperatorPrincipal(agency_id, number).key_sha256());
  }
  return submission;
}

v1::ReadinessBoard BoardOf(const World& world, absl::string_view agency_id, absl::string_view operation_id) {
  return ViewBoard(world.state().roster(), world.operation(operation_id), world.participant(agency_id, operation_id));
}

v1::ReadinessStatus SiteStatusOf(const World& world, absl::string_view agency_id, absl::string_view site_id,
                                 absl::string_view operation_id) {
  const v1::ReadinessBoard board = BoardOf(world, agency_id, operation_id);
  for (const v1::SiteReadiness& site : board.sites()) {
    if (site.site_id() == site_id) return site.status();
  }
  return v1::READINESS_STATUS_UNSPECIFIED;
}

void MakeReady(World* world, absl::string_view operation_id) {
  const OperationRecord& operation = world->operation(operation_id);
  BeginEpoch(world, operation);
  const uint32_t epoch = operation.readiness().epoch();
  for (const auto& [site_id, site] : operation.sites()) {
    bool reads_no_plan = false;
    for (const v1::Participant* agency : AnsweringFor(operation, site)) {
      const std::string agency_id = agency->agency_id();
      const v1::PlanView plan = operation.plan().ViewFor(*agency);
      reads_no_plan |= plan.version() == 0;
      if (plan.version() == 0) continue;
      if (MustAcknowledge(*agency)) world->MustSubmit(agency_id, AcknowledgePlan(plan));
      world->MustSubmit(agency_id, ReportReady(*world, agency_id, site_id, operation_id));
    }
    if (reads_no_plan) world->MustSubmit(operation.lead_agency_id(), WaiveReadiness(site_id, epoch, operation_id));
  }
}

void GiveGo(World* world, absl::string_view operation_id) {
  MakeReady(world, operation_id);
  ApproveTwice(world, world->operation(operation_id));
}

void GiveGoWithWaivers(World* world, absl::string_view operation_id) {
  const OperationRecord& operation = world->operation(operation_id);
  BeginEpoch(world, operation);
  for (const auto& [site_id, site] : operation.sites()) {
    world->MustSubmit(operation.lead_agency_id(), WaiveReadiness(site_id, operation.readiness().epoch(), operation_id));
  }
  ApproveTwice(world, operation);
}

}  // namespace muster
