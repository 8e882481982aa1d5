// Submissions of readiness and GO, and a way to GO, for tests of the state. Test code only.
//
// Threading: one thread.
#ifndef MUSTER_SERVER_STATE_READINESS_TESTING_GO_H_
#define MUSTER_SERVER_STATE_READINESS_TESTING_GO_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/state/testing/test_support.h"

namespace muster {

v1::Submission SetHHour(absl::Time at, absl::string_view operation_id = kTestOperation);
// A NOT_READY has the reason "no vehicles".
v1::Submission ReportReadiness(absl::string_view site_id, v1::ReadinessStatus status, uint32_t epoch,
                               absl::string_view operation_id = kTestOperation);
// READY for the plan as `agency_id` reads it now.
v1::Submission ReportReady(const World& world, absl::string_view agency_id, absl::string_view site_id,
                           absl::string_view operation_id = kTestOperation);
v1::Submission WaiveReadiness(absl::string_view site_id, uint32_t epoch,
                              absl::string_view operation_id = kTestOperation);
v1::Submission ApproveGo(uint32_t epoch, uint32_t plan_version, absl::string_view operation_id = kTestOperation);
// An empty site_id: the whole operation.
v1::Submission CallHold(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id = kTestOperation);
v1::Submission LiftHold(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id = kTestOperation);
v1::Submission CallAbort(absl::string_view site_id, uint32_t epoch, absl::string_view operation_id = kTestOperation);
v1::Submission AcknowledgeGo(absl::string_view site_id, uint32_t epoch,
                             absl::string_view operation_id = kTestOperation);

// The certificate `number` of an agency's operators, and the registration of its holder under it.
v1::Principal OperatorPrincipal(absl::string_view agency_id, int number);
v1::Submission RegisterOperator(absl::string_view agency_id, absl::string_view operator_id,
                                const std::vector<int>& certificates);

// The board as `agency_id` reads it.
v1::ReadinessBoard BoardOf(const World& world, absl::string_view agency_id,
                           absl::string_view operation_id = kTestOperation);
// The status of a site on that board; unspecified when it is not there.
v1::ReadinessStatus SiteStatusOf(const World& world, absl::string_view agency_id, absl::string_view site_id,
                                 absl::string_view operation_id = kTestOperation);

// Brings an ARMED operation to GO in a new epoch, with its H-hour an hour from now: registers operators first-officer
// and second-officer of its lead, lets every agency that answers for a site acknowledge the plan and report READY,
// waives the sites of agencies that read no plan, and approves twice. Fails the test when something is refused.
void GiveGo(World* world, absl::string_view operation_id = kTestOperation);
// The same with a waiver for every site instead: no agency but the lead does anything, and none is READY.
void GiveGoWithWaivers(World* world, absl::string_view operation_id = kTestOperation);
// Everything of GiveGo but the approvals.
void MakeReady(World* world, absl::string_view operation_id = kTestOperation);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_READINESS_TESTING_GO_H_
