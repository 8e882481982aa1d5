// Random histories for the test of non-interference (rule P7): a cast of agencies, the steps they may take, and which
// of these a viewer may not learn of. Test code only.
#ifndef MUSTER_TESTS_NONINTERFERENCE_STEPS_H_
#define MUSTER_TESTS_NONINTERFERENCE_STEPS_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "server/state/testing/test_support.h"

namespace muster {

inline constexpr char kOperation[] = "front";
inline constexpr char kOtherOperation[] = "elsewhere";

// kOperation: `lead`; participants `pa` (site s-a, KY), `pb` (s-b, TN) and `pc` (s-c, ND); `prosecutor` (KY),
// `observer`, `auditor`, `public-info`, `watch-desk`, `victims`. kOtherOperation: `lead-2`, participant `pd` (site
// o-d), `desk-2`, and `victims`. `outsider` is in neither; `fusion` keeps the watch over activities of no operation;
// `late-1` to `late-3` join and leave. Armed, with a plan, an H-hour and registered operators of both leads.
void SetUpCast(World* world);

enum class StepKind {
  kAmendPlan,
  kAcknowledge,
  kRecordTally,
  kCorrectTally,
  kEnterActivity,
  kAmendActivity,
  kCancelActivity,
  kTouchConflict,
  kJoin,
  kLeave,
  kAddSite,
  kReportReadiness,
  kSetHHour,
  kWaive,
  kHold,
  kLift,
  kAbortSite,
  kApproveGo,
  kAcknowledgeGo,
  kClaim,
  kDraftRelease,
  kReadinessNotice,
  kCapacity,
  kServiceCounts,
  kReferral,
  kAnswerReferral,
  kRegisterAgency,
  kRegisterOperator,
  kRevoke,
  kTime,
};
inline constexpr int kStepKinds = static_cast<int>(StepKind::kTime) + 1;

struct Step {
  StepKind kind = StepKind::kTime;
  size_t number = 0;  // From 1; names what the step makes.
  std::string actor;
  std::string operation = kOperation;
  // What the step is about, as its kind needs: a site, an agency that joins, a section's audience.
  std::string object;
  bool sealed = false;
  bool remote = false;          // An activity where nobody else ever is.
  const Step* about = nullptr;  // The step whose entry or activity this one corrects, amends or cancels.
  uint64_t salt = 0;            // For everything that may differ when the step is secret.
};

// A random step after `earlier`, of which every element stays where it is.
Step RandomStep(std::mt19937_64& random, const std::vector<const Step*>& earlier, size_t number);

// True only when the rules say that `viewer` learns nothing of it: neither that it was taken nor what it says.
bool IsHiddenFrom(const std::string& viewer, const Step& step);

// Takes the step; `salt` instead of the step's own makes another one of it. `viewer`: steps that touch a conflict touch
// one that the viewer sees. Returns whether it was accepted (true for time).
bool TakeStep(World* world, const Step& step, uint64_t salt, const std::string& viewer);

}  // namespace muster

#endif  // MUSTER_TESTS_NONINTERFERENCE_STEPS_H_
