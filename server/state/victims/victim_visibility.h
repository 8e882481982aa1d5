// Who sees what of the victim services: the rows "readiness notice" and "victim counts" of section 7, and rule V2. The
// same predicates decide who is told and what GetVictimServices answers.
#ifndef MUSTER_SERVER_STATE_VICTIMS_VICTIM_VISIBILITY_H_
#define MUSTER_SERVER_STATE_VICTIMS_VICTIM_VISIBILITY_H_

#include "absl/strings/string_view.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/victims.pb.h"

namespace muster {

bool ReadsReadinessNotice(const v1::Participant& viewer);

// The lead and the auditor of every partner, a partner of itself.
bool SeesCapacityOf(const v1::Participant& viewer, absl::string_view agency_id);

// Who sees victim counts of the whole operation, and a partner its own.
bool SeesServicesOf(const v1::Participant& viewer, absl::string_view agency_id);

// The requester and the partner; everyone else sees at most how many there are.
bool SeesReferral(const v1::Participant& viewer, const v1::Referral& referral);
bool CountsEveryReferral(const v1::Participant& viewer);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_VICTIMS_VICTIM_VISIBILITY_H_
