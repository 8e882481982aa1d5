#include "server/state/victims/victim_visibility.h"

#include "server/state/access/access_matrix.h"
#include "server/state/access/visibility.h"

namespace muster {
namespace {

bool SeesEveryVictimCount(const v1::Participant& viewer) {
  const AccessCell& cell = CellOf(v1::OBJECT_CLASS_VICTIM_COUNT, viewer.role());
  return cell.form == v1::ACCESS_FORM_COUNTS && cell.scope == AccessScope::kAll;
}

}  // namespace

bool ReadsReadinessNotice(const v1::Participant& viewer) {
  return (ReadersOf(v1::OBJECT_CLASS_READINESS_NOTICE) & Roles(viewer.role())) != 0;
}

bool SeesCapacityOf(const v1::Participant& viewer, absl::string_view agency_id) {
  return SeesWholeRoster(viewer) || (viewer.agency_id() == agency_id && viewer.role() == v1::ROLE_VICTIM_SERVICES);
}

bool SeesServicesOf(const v1::Participant& viewer, absl::string_view agency_id) {
  return SeesEveryVictimCount(viewer) || (viewer.agency_id() == agency_id && viewer.role() == v1::ROLE_VICTIM_SERVICES);
}

bool SeesReferral(const v1::Participant& viewer, const v1::Referral& referral) {
  if (viewer.role() == v1::ROLE_VICTIM_SERVICES) return viewer.agency_id() == referral.to_agency_id();
  const bool may_request = (WritersOf(v1::OBJECT_CLASS_VICTIM_COUNT) & Roles(viewer.role())) != 0;
  return may_request && viewer.agency_id() == referral.from_agency_id();
}

bool CountsEveryReferral(const v1::Participant& viewer) { return SeesEveryVictimCount(viewer); }

}  // namespace muster
