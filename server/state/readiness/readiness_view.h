// What the readiness of an operation means to whom: which reports still count, where each site stands, and the board as
// one reader may see it.
//
// A reader that may not see all of the plan must not learn of a hidden change from another agency's READY falling back
// (rule P7): to it, such a READY stands until its own plan has changed as well.
//
// Threading: pure functions of what the caller holds still.
#ifndef MUSTER_SERVER_STATE_READINESS_READINESS_VIEW_H_
#define MUSTER_SERVER_STATE_READINESS_READINESS_VIEW_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/v1/readiness.pb.h"
#include "server/state/agencies/roster.h"
#include "server/state/operations/operation_record.h"

namespace muster {

// The lead, the auditor and the participants.
bool SeesBoard(const v1::Participant& viewer);

// Whether the site exists for the viewer: not when it excludes the viewer by name.
bool SeesSite(const v1::Participant& viewer, const v1::Site& site);

// Whether the participant works at the site and so answers for it.
bool WorksAt(const v1::Participant& participant, const v1::Site& site);

// Who answers for the site: the participants that work there; where none does, the lead.
std::vector<const v1::Participant*> AnsweringFor(const OperationRecord& operation, const v1::Site& site);

// Where `agency` stands at the site by its own report; stops aside. READY and GO_RECEIVED count only for the plan as
// the agency reads it now, acknowledged and not withdrawn (rules P4, P5).
v1::ReadinessStatus StatusAt(const OperationRecord& operation, const v1::Site& site, const v1::Participant& agency);

// Where the site stands: ABORTED or HOLD when anyone has stopped it, else the least of its agencies' statuses.
v1::ReadinessStatus StatusOf(const OperationRecord& operation, const v1::Site& site);

// Forgets what agencies said of sites that they answer for no more, and lets every READY lapse that is no longer for
// the plan as its agency reads it: neither comes back to life with a later change. To be called after a change of the
// participants, the plan or its acknowledgements.
void ReviewReadiness(OperationRecord* operation);

// The waiver of the site, if it still counts: for this epoch, and no material change of the plan since.
const ReadinessBoard::Waiver* ValidWaiver(const OperationRecord& operation, absl::string_view site_id);

// The approvals that count: of the current plan version, by keys that are not revoked and that still are the
// operator's.
std::vector<ReadinessBoard::Approval> ValidApprovals(const Roster& roster, const OperationRecord& operation);

// The participant's own version of the plan that the lead counts as `lead_version`.
uint32_t OwnVersion(const OperationRecord& operation, const v1::Participant& participant, uint32_t lead_version);

// The board as `viewer` may see it; `site_ids` confines it to some sites.
v1::ReadinessBoard ViewBoard(const Roster& roster, const OperationRecord& operation, const v1::Participant& viewer,
                             const std::optional<std::set<std::string>>& site_ids = std::nullopt);

// Every reader's board, to be told afterwards what a change has changed of it. Of no operation before its first H-hour:
// until then the board is not told.
class BoardsBefore {
 public:
  // `site_ids`: the sites that the change can touch; all when unset.
  BoardsBefore(const Roster& roster, const OperationRecord& operation,
               std::optional<std::set<std::string>> site_ids = std::nullopt);

  // What is different on the reader's board now; nothing when nothing is, or when it reads no board.
  std::optional<v1::ReadinessBoard> ChangesFor(const Roster& roster, const OperationRecord& operation,
                                               const v1::Participant& reader) const;

 private:
  std::optional<std::set<std::string>> site_ids_;
  std::map<std::string, v1::ReadinessBoard> boards_;  // By agency.
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_READINESS_READINESS_VIEW_H_
