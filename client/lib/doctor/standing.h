// How a broker takes us: who it says that we are, and what its clock says.
#ifndef MUSTER_CLIENT_LIB_DOCTOR_STANDING_H_
#define MUSTER_CLIENT_LIB_DOCTOR_STANDING_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/lib/doctor/doctor.h"
#include "client/lib/doctor/finding.h"
#include "common/clock.h"

namespace muster::doctor {

// clock and revocation: asks the broker WhoAmI. Blocks for at most link.timeout twice.
void CheckStanding(const LinkToCheck& link, const std::string& broker, const Clock& clock,
                   std::vector<Finding>* findings);

// What is said of an offset (the broker's clock minus ours), known to within `uncertainty`.
Finding JudgeClock(const std::string& broker, absl::Duration offset, absl::Duration uncertainty);

// What is said of a broker that answers WhoAmI with `refused`.
Finding JudgeRefusal(const std::string& broker, const absl::Status& refused, const std::string& renew);

}  // namespace muster::doctor

#endif  // MUSTER_CLIENT_LIB_DOCTOR_STANDING_H_
