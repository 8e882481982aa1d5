// Reads and submissions for the tests of tallies, claims and releases. Test code only.
#ifndef MUSTER_SERVER_STATE_TALLIES_TESTING_TALLY_SUPPORT_H_
#define MUSTER_SERVER_STATE_TALLIES_TESTING_TALLY_SUPPORT_H_

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "server/state/queries.h"
#include "server/state/testing/test_support.h"

namespace muster {

// What `agency_id` is answered; fails the test unless it is.
template <typename Response, typename Request>
Response Ask(const World& world, absl::string_view agency_id, absl::string_view rpc, Request request) {
  request.set_operation_id(kTestOperation);
  const v1::Principal principal = PrincipalOf(agency_id);
  Response response;
  const absl::Status status = AnswerQuery({world.state(), principal, world.Now(), absl::InfiniteFuture()},
                                          absl::StrCat("muster.v1.", rpc), request, &response);
  EXPECT_TRUE(status.ok()) << rpc << ": " << status.message();
  return response;
}

// Why `agency_id` is refused.
template <typename Response, typename Request>
absl::Status Refused(const World& world, absl::string_view agency_id, absl::string_view rpc, Request request) {
  request.set_operation_id(kTestOperation);
  const v1::Principal principal = PrincipalOf(agency_id);
  Response response;
  return AnswerQuery({world.state(), principal, world.Now(), absl::InfiniteFuture()}, absl::StrCat("muster.v1.", rpc),
                     request, &response);
}

inline v1::Submission ResolveDuplicate(absl::string_view entry_id, absl::string_view other_entry_id,
                                       v1::DuplicateDecision decision, absl::string_view reason = "seen both files") {
  v1::Submission submission;
  v1::ResolveDuplicate* body = submission.mutable_resolve_duplicate();
  body->set_operation_id(kTestOperation);
  body->set_entry_id(std::string(entry_id));
  body->set_other_entry_id(std::string(other_entry_id));
  body->set_decision(decision);
  body->set_reason(std::string(reason));
  return submission;
}

// Brings an ARMED operation to REPORTING, by the rules of a time when that took no GO.
inline void StartReporting(World* world) {
  world->set_rules_version(1);
  world->MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_EXECUTING));
  world->set_rules_version(kRulesVersion);
  world->MustSubmit("lead", SetPhase(v1::OPERATION_PHASE_REPORTING));
}

// Whether a state restored from its image is the same, and stays so.
inline void ExpectRestoresTheSame(const World& world) {
  State restored;
  restored.FromImage(world.state().ToImage());
  EXPECT_EQ(restored.Digest(), world.state().Digest());
}

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_TESTING_TALLY_SUPPORT_H_
