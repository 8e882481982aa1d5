// Who sees what of activities and conflicts: the rows "targets", "activities" and "conflict alerts" of the need-to-know
// matrix. The same functions make answers, lists and notices, so that they cannot differ.
//
// What a viewer receives depends on its own place and on what it may see, never on what is left out (rule P7): it
// cannot tell whether an activity has targets, nor that a SEALED one exists.
//
//   owner          everything
//   watch desk     everything but the targets: of those the kinds
//   lead           of its operation's: neither targets nor the suspicion reference
//   auditor        of its operation's: who, when and what kind
//   prosecutor     of its operation's, where the site is in its own state and there are targets: those, and the contact
//   granted        agencies that a target names: that target, and the contact
//
// A SEALED activity is shown to its owner and its own watch desks, to nobody else.
//
// Threading: pure functions of the state, which the caller holds still.
#ifndef MUSTER_SERVER_STATE_ACTIVITIES_ACTIVITY_VIEW_H_
#define MUSTER_SERVER_STATE_ACTIVITIES_ACTIVITY_VIEW_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "muster/v1/deconfliction.pb.h"
#include "server/state/state.h"

namespace muster {

// Whether `agency_id` keeps the watch over activities of `operation_id`: has the role WATCH_DESK there or, where it is
// empty, is registered as a watch desk. A suspended agency keeps none.
bool KeepsWatch(const State& state, absl::string_view operation_id, absl::string_view agency_id);

// Whether anyone does (rule C10).
bool HasWatchDesk(const State& state, absl::string_view operation_id);

// The activity as the viewer may see it; nothing when it may see nothing. `redacted` for everyone but the owner,
// whatever was left out.
std::optional<v1::ActivityRecord> ViewActivity(const State& state, const v1::ActivityRecord& record,
                                               absl::string_view viewer_agency_id);

// Whether the viewer is shown a target's value: reading it is a disclosure under the suspicion reference (rule V4).
bool SeesTargetValues(const State& state, const v1::ActivityRecord& record, absl::string_view viewer_agency_id);

// Every agency that ViewActivity shows something. Sorted.
std::vector<std::string> ReadersOfActivity(const State& state, const v1::ActivityRecord& record);

// A watch desk of the conflict: of either side. When exactly one side is SEALED only that side's, as the other side's
// must not know; when both are, somebody must know, and that is the desks of both.
bool KeepsWatchOver(const State& state, const v1::ConflictRecord& conflict, absl::string_view agency_id);

// The conflict as a watch desk sees it, and without target kinds as the lead and the auditor do: the lead when both
// activities are its operation's and none its own, the auditor of either operation; neither when one is SEALED. A
// party's operation is shown to those who take part in it.
std::optional<v1::ConflictRecord> ViewConflict(const State& state, const v1::ConflictRecord& conflict,
                                               absl::string_view viewer_agency_id);

// Every agency that ViewConflict shows something. Sorted.
std::vector<std::string> ReadersOfConflict(const State& state, const v1::ConflictRecord& conflict);

// What parties(side) is told, if told: the other's contact.
v1::Alert AlertFor(const v1::ConflictRecord& conflict, int side);

// The sides of the conflict, 0 and 1, that are the agency's and told of it.
std::vector<int> ToldSides(const v1::ConflictRecord& conflict, absl::string_view agency_id);

// What an answer to a read holds: a watch desk's view, else the alerts of a party, else the view of lead or auditor.
std::vector<v1::ConflictView> ViewsOfConflict(const State& state, const v1::ConflictRecord& conflict,
                                              absl::string_view viewer_agency_id);

// The alerts of an activity's conflicts that are neither EXPIRED nor CANCELLED, as far as the viewer is told of them:
// as the owner, or as a watch desk. In order of conflict id.
std::vector<v1::Alert> AlertsOf(const State& state, const EnteredActivity& activity,
                                absl::string_view viewer_agency_id);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACTIVITIES_ACTIVITY_VIEW_H_
