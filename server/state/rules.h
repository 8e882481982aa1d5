// Which decisions an event gets: rules never change retroactively, so every event is decided by the version it carries.
#ifndef MUSTER_SERVER_STATE_RULES_H_
#define MUSTER_SERVER_STATE_RULES_H_

#include <cstdint>

namespace muster {

// The decision rules this build applies to new events.
//
//   1  agencies, operations, plans, tallies
//   2  the whole domain: only GO brings an operation to EXECUTING; victim services hear of readiness notices, referrals
//      and nothing else; what is disclosed is recorded; what falls due happens
inline constexpr uint32_t kRulesVersion = 2;

struct Rules {
  explicit constexpr Rules(uint32_t version)
      : only_go_executes(version >= 2),
        victim_services_see_no_operation(version >= 2),
        sites_need_an_assignment(version >= 2),
        disclosures_are_recorded(version >= 2) {}

  bool only_go_executes;
  bool victim_services_see_no_operation;
  // Whom section 7 gives no site assignments is not shown the sites that it was assigned to all the same.
  bool sites_need_an_assignment;
  bool disclosures_are_recorded;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_RULES_H_
