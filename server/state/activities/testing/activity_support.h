// Activities, what is submitted about them, and what an agency gets to see: for tests of deconfliction. Test code only.
#ifndef MUSTER_SERVER_STATE_ACTIVITIES_TESTING_ACTIVITY_SUPPORT_H_
#define MUSTER_SERVER_STATE_ACTIVITIES_TESTING_ACTIVITY_SUPPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "muster/v1/deconfliction.pb.h"
#include "server/state/testing/test_support.h"

namespace muster {

// A search warrant in Louisville, verified, default radius, 07:00 to 09:00 UTC on 27 August 2021 (the world starts at
// 03:00). The contact and its phone are a function of `salt`, the id is EntryId(salt).
v1::Activity MakeActivity(uint64_t salt);
// `hours` after the world's start.
void SetWindow(v1::Activity* activity, double from_hours, double to_hours);
// Moves it to the north.
void MoveNorth(v1::Activity* activity, double meters);
// With a reference, "ref-" and the activity's id, unless there is one.
void AddTarget(v1::Activity* activity, v1::TargetKind kind, absl::string_view value, absl::string_view state = "",
               const std::vector<std::string>& granted_agency_ids = {});

v1::Submission EnterActivity(const v1::Activity& activity, absl::string_view late_entry_reason = "");
v1::Submission AmendActivity(const v1::Activity& activity, absl::string_view agency_id = "");
v1::Submission CancelActivity(const v1::Activity& activity, absl::string_view agency_id = "");
v1::Submission AdvanceConflict(absl::string_view conflict_id, v1::ConflictState state);
v1::Submission ResolveConflict(absl::string_view conflict_id,
                               v1::ConflictResolution resolution = v1::CONFLICT_RESOLUTION_PROCEED);

// alpha, bravo and charlie (police of MO, KY and ND) and desk, a registered watch desk; `desk` may be left out.
void SetUpAgencies(World* world, bool with_desk = true);

const v1::DeconflictionAnswer& AnswerOf(const v1::Outcome& outcome);

// The notices of one kind on an agency's feed.
std::vector<v1::Alert> AlertsTo(const World& world, absl::string_view agency_id);
std::vector<v1::ConflictRecord> ConflictsTo(const World& world, absl::string_view agency_id);
std::vector<v1::ActivityRecord> ActivitiesTo(const World& world, absl::string_view agency_id);
std::vector<v1::Escalation> EscalationsTo(const World& world, absl::string_view agency_id);

// The one conflict there is; fails the test when there is none or more.
v1::ConflictRecord OnlyConflict(const World& world);

// A read, through policy and validation.
absl::Status Ask(const World& world, absl::string_view agency_id, absl::string_view method,
                 const google::protobuf::Message& request, google::protobuf::Message* response);

// All that an agency ever receives as one string: its feed and the answer, or the refusal, to every read of activities
// and conflicts, about everything there is.
std::string EverythingOf(const World& world, absl::string_view agency_id,
                         const std::vector<v1::ActivityRecord>& ask_about_activities,
                         const std::vector<std::string>& ask_about_conflicts);

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACTIVITIES_TESTING_ACTIVITY_SUPPORT_H_
