// Whether two activities conflict, and the facts of the conflict: rules C2 and C9 applied to what agencies entered.
//
// Two activities of the same mode meet in space and time (rule C2) when both have a window and a verified location;
// what is not known never counts as near or far (rule C5). They meet in a target when both name the same normalised
// identifier of the same kind (rule C9), wherever they are, and at most 90 days lie between their windows; an activity
// without a window counts there by the instant at which it was entered.
//
// Threading: pure functions, from any thread.
#ifndef MUSTER_SERVER_STATE_ACTIVITIES_MEETING_H_
#define MUSTER_SERVER_STATE_ACTIVITIES_MEETING_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/v1/activity.pb.h"
#include "server/deconfliction/rules.h"

namespace muster {

// How long before the earlier start a conflict should be resolved, and an activity be entered (rule C8).
inline constexpr absl::Duration kRespondAhead = absl::Minutes(30);
// How far apart in time the same target is still the same matter (rule C9).
inline constexpr absl::Duration kTargetReach = absl::Hours(24 * 90);

// A target's kind and normalised value. Never leaves the broker in this form.
using Identifier = std::pair<v1::TargetKind, std::string>;

struct EnteredActivity {
  // Whole, and with its mode: what the owner sees.
  v1::ActivityRecord record;
  // Those that can be compared; sorted, each once.
  std::vector<Identifier> identifiers;

  const v1::Activity& activity() const { return record.activity(); }
  bool is_sealed() const { return activity().sensitivity() == v1::SENSITIVITY_SEALED; }
};

// One name for an activity of an agency: "agency activity". Names sort as the pairs of both do.
std::string ActivityName(absl::string_view agency_id, absl::string_view activity_id);
std::string ActivityName(const v1::ActivityRecord& record);

struct ReadTargets {
  std::vector<Identifier> identifiers;
  // Some target cannot be compared as it stands, such as a plate without its state.
  bool incomplete = false;
};

// Errors: MALFORMED (rule C9), naming the target by its place in the list and never by its value.
absl::StatusOr<ReadTargets> ReadTargetsOf(const v1::Activity& activity);

// `record`, whose targets have been found readable, with its identifiers.
EnteredActivity Entered(v1::ActivityRecord record);

// What is missing for an answer (rule C5), in the order of the enum.
std::vector<v1::IndeterminateReason> IndeterminateReasons(const v1::Activity& activity, bool targets_incomplete);

// Nothing unless window and verified location are known.
std::optional<Footprint> FootprintOf(const v1::Activity& activity);

// From when on an activity can meet nothing that is yet to be entered: in space and time, and in a target. The first is
// InfinitePast for an activity without a footprint, the second for one without identifiers.
absl::Time SpaceTimeOver(const EnteredActivity& activity);
absl::Time TargetsOver(const EnteredActivity& activity);

struct Meeting {
  bool in_space_and_time = false;
  // Those that both have; sorted.
  std::vector<Identifier> identifiers;

  bool any() const { return in_space_and_time || !identifiers.empty(); }
};

// Symmetric. Two activities whose windows have both passed at `at` meet no more in space and time, and 90 days later in
// no target. A cancelled activity meets nothing, and none meets itself (rule C1).
Meeting MeetingOf(const EnteredActivity& a, const EnteredActivity& b, absl::Time at);

// The same for both orders of the two; a hash that tells nothing of either and counts nothing (rules C1, P7).
std::string ConflictIdOf(absl::string_view name_a, absl::string_view name_b);

// The conflict of two activities that meet: everything but its life (state, steps, owner, resolution and their times).
v1::ConflictRecord ConflictOf(const EnteredActivity& a, const EnteredActivity& b, const Meeting& meeting,
                              absl::Time at);

// Not RESOLVED, EXPIRED or CANCELLED.
bool IsOpen(const v1::ConflictRecord& conflict);

// At least one of the activities is SEALED.
bool ConcernsSealed(const v1::ConflictRecord& conflict);

// It is open, and its current respond_by has not been escalated yet. Due at respond_by.
bool AwaitsEscalation(const v1::ConflictRecord& conflict);

// When an open conflict expires: with the later window; 90 days after it when the two meet in a target only.
// InfiniteFuture while a window is unknown.
absl::Time ExpiryOf(const v1::ConflictRecord& conflict);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACTIVITIES_MEETING_H_
