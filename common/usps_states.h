// The names of the states, for sentences that people read.
//
// Threading: pure functions.
#ifndef MUSTER_COMMON_USPS_STATES_H_
#define MUSTER_COMMON_USPS_STATES_H_

#include "absl/strings/string_view.h"

namespace muster {

// "Kentucky" for KY: the 50 states, the District of Columbia and the territories (USPS Publication 28, appendix B).
// Anything else is given back as it is. Lives as long as `abbreviation`.
absl::string_view UspsStateName(absl::string_view abbreviation);

}  // namespace muster

#endif  // MUSTER_COMMON_USPS_STATES_H_
