// What an admitted caller sees of each object: section 7 of the rules, in one file.
//
// The same predicates decide answers to queries, the audience of each notice and the scope of totals, so that live,
// replayed and listed data cannot differ.
#ifndef MUSTER_SERVER_STATE_ACCESS_VISIBILITY_H_
#define MUSTER_SERVER_STATE_ACCESS_VISIBILITY_H_

#include "absl/strings/string_view.h"
#include "muster/v1/agency.pb.h"
#include "muster/v1/operation.pb.h"
#include "muster/v1/tally.pb.h"
#include "server/state/operations/operation_record.h"
#include "server/state/rules.h"
#include "server/state/state.h"

namespace muster {

// Everyone but victim services, who are told of the readiness notice instead (rule V2).
bool SeesOperation(const v1::Participant& viewer);

// The lead and the auditor see the whole roster and every site of an operation; others their own.
bool SeesWholeRoster(const v1::Participant& viewer);

// The lead and the auditor see every participant's acknowledgement; others their own.
bool SeesAcknowledgementOf(const v1::Participant& viewer, absl::string_view agency_id);

// Participants and prosecutors are asked to acknowledge what they may read of a plan.
bool MustAcknowledge(const v1::Participant& participant);

// All of a tally entry that decides who sees it. Borrowed from its record.
struct EntryFacts {
  absl::string_view booked_by;
  absl::string_view filed_by;
  absl::string_view site_id;
};
EntryFacts FactsOf(const v1::TallyEntryRecord& record);

// The lead and the auditor see every entry, a prosecutor its own state's, a participant what it booked or filed.
// Decided by the roster, the operation's sites and participants, and the entry's facts; nothing else may decide, since
// who reads entries of the same facts is remembered (tallies/entry_audiences.h).
bool SeesEntry(const State& state, const OperationRecord& operation, const v1::Participant& viewer,
               const EntryFacts& entry);
bool SeesEntry(const State& state, const OperationRecord& operation, const v1::Participant& viewer,
               const v1::TallyEntryRecord& record);

// Whether a viewer's totals add up every entry though it may see none of them singly.
bool SeesCountsOnly(const v1::Participant& viewer);

// A registrar sees every agency, anyone itself, a lead those who take part in its operations.
bool SeesAgency(const State& state, absl::string_view viewer_agency_id, absl::string_view agency_id);

v1::OperationView ViewOperation(const OperationRecord& operation, const v1::Participant& viewer,
                                const Rules& rules = Rules(kRulesVersion));

// Without sites and participants: what every participant may see.
v1::OperationView ViewOperationHeader(const OperationRecord& operation);

// Revocations and operators are shown to registrars and the agency itself only.
v1::AgencyRecord ViewAgency(const State& state, absl::string_view viewer_agency_id, const v1::AgencyRecord& record);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_VISIBILITY_H_
