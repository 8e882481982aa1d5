// What each step of a random history submits. Test code only.
#ifndef MUSTER_TESTS_NONINTERFERENCE_STEP_SUBMISSIONS_H_
#define MUSTER_TESTS_NONINTERFERENCE_STEP_SUBMISSIONS_H_

#include <string>

#include "tests/noninterference/steps.h"

namespace muster {

// For the state that `world` is in: versions, epochs and hashes are the actor's current ones. All that is random comes
// from `salt`. Steps that touch a conflict touch one that `viewer` sees.
v1::Submission SubmissionFor(const World& world, const Step& step, uint64_t salt, const std::string& viewer);

}  // namespace muster

#endif  // MUSTER_TESTS_NONINTERFERENCE_STEP_SUBMISSIONS_H_
