// What a participant sees of a release: section 7 of the rules.
#ifndef MUSTER_SERVER_STATE_RELEASES_RELEASE_VIEW_H_
#define MUSTER_SERVER_STATE_RELEASES_RELEASE_VIEW_H_

#include "muster/v1/operation.pb.h"
#include "muster/v1/release.pb.h"

namespace muster {

// The lead, public information and the auditor from the draft on; participants, prosecutors and observers what has been
// issued; others nothing.
bool SeesRelease(const v1::Participant& viewer, const v1::Release& release);

// As the public has it, without how it came about, for who sees it only once it is issued.
v1::Release ViewRelease(const v1::Participant& viewer, const v1::Release& release);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_RELEASES_RELEASE_VIEW_H_
