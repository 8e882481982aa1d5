// What decisions change: the domain, without how submissions reach it.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_MODEL_H_
#define MUSTER_SERVER_STATE_MODEL_H_

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "server/state/access/disclosure_log.h"
#include "server/state/activities/activity_book.h"
#include "server/state/agencies/roster.h"
#include "server/state/operations/operation_record.h"
#include "server/state/timers.h"

namespace muster {

struct Model {
  Roster roster;
  absl::btree_map<std::string, OperationRecord> operations;
  // The ids of those that have changed since the last snapshot, each once.
  std::vector<std::string> changed_operations;
  // Of every operation and of none: deconfliction looks across operations.
  ActivityBook activities;
  // Of what belongs to no operation; the others are in their operation's record.
  DisclosureLog disclosures;
  // Of SEALED activities and their conflicts. Kept apart because no list of disclosures may show them: that an agency's
  // contact was told to somebody would tell the agency of an activity that it must not know of (rule C7).
  DisclosureLog sealed_disclosures;
  Timers timers;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_MODEL_H_
