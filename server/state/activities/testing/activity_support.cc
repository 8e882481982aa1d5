#include "server/state/activities/testing/activity_support.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/clock.h"
#include "gtest/gtest.h"
#include "server/state/queries.h"

namespace muster {
namespace {

absl::Time WorldStart() { return absl::FromCivil(absl::CivilSecond(2021, 8, 27, 3, 0, 0), absl::UTCTimeZone()); }

}  // namespace

v1::Activity MakeActivity(uint64_t salt) {
  v1::Activity activity;
  activity.set_activity_id(EntryId(salt));
  activity.set_kind(v1::ACTIVITY_KIND_SEARCH_WARRANT);
  SetWindow(&activity, 4, 6);
  activity.mutable_center()->set_latitude(38.2527);
  activity.mutable_center()->set_longitude(-85.7585);
  activity.set_location_verified(true);
  activity.set_contact_name(absl::StrCat("Sergeant ", salt));
  activity.set_contact_phone_24h(absl::StrFormat("+1502555%04d", salt % 10000));
  activity.set_sensitivity(v1::SENSITIVITY_NORMAL);
  return activity;
}

void SetWindow(v1::Activity* activity, double from_hours, double to_hours) {
  *activity->mutable_window()->mutable_start() = ToProto(WorldStart() + absl::Hours(1) * from_hours);
  *activity->mutable_window()->mutable_end() = ToProto(WorldStart() + absl::Hours(1) * to_hours);
}

void MoveNorth(v1::Activity* activity, double meters) {
  activity->mutable_center()->set_latitude(activity->center().latitude() + meters / 111'000);
}

void AddTarget(v1::Activity* activity, v1::TargetKind kind, absl::string_view value, absl::string_view state,
               const std::vector<std::string>& granted_agency_ids) {
  v1::Target* target = activity->add_targets();
  target->set_kind(kind);
  target->set_value(std::string(value));
  target->set_state(std::string(state));
  for (const std::string& agency_id : granted_agency_ids) target->add_granted_agency_ids(agency_id);
  if (!activity->reasonable_suspicion_reference().empty()) return;
  activity->set_reasonable_suspicion_reference(absl::StrCat("ref-", activity->activity_id()));
}

v1::Submission EnterActivity(const v1::Activity& activity, absl::string_view late_entry_reason) {
  v1::Submission submission;
  *submission.mutable_enter_activity()->mutable_activity() = activity;
  submission.mutable_enter_activity()->set_late_entry_reason(std::string(late_entry_reason));
  return submission;
}

v1::Submission AmendActivity(const v1::Activity& activity, absl::string_view agency_id) {
  v1::Submission submission;
  *submission.mutable_amend_activity()->mutable_activity() = activity;
  submission.mutable_amend_activity()->set_reason("the informant changed the hour");
  submission.mutable_amend_activity()->set_agency_id(std::string(agency_id));
  return submission;
}

v1::Submission CancelActivity(const v1::Activity& activity, absl::string_view agency_id) {
  v1::Submission submission;
  submission.mutable_cancel_activity()->set_activity_id(activity.activity_id());
  submission.mutable_cancel_activity()->set_reason("the warrant was not signed");
  submission.mutable_cancel_activity()->set_agency_id(std::string(agency_id));
  return submission;
}

v1::Submission AdvanceConflict(absl::string_view conflict_id, v1::ConflictState state) {
  v1::Submission submission;
  submission.mutable_advance_conflict()->set_conflict_id(std::string(conflict_id));
  submission.mutable_advance_conflict()->set_state(state);
  submission.mutable_advance_conflict()->set_text("by phone");
  return submission;
}

v1::Submission ResolveConflict(absl::string_view conflict_id, v1::ConflictResolution resolution) {
  v1::Submission submission;
  submission.mutable_resolve_conflict()->set_conflict_id(std::string(conflict_id));
  submission.mutable_resolve_conflict()->set_resolution(resolution);
  submission.mutable_resolve_conflict()->set_text("both sergeants agree");
  return submission;
}

void SetUpAgencies(World* world, bool with_desk) {
  world->MustSubmit(kRegistrar, RegisterAgency("alpha", "MO"));
  world->MustSubmit(kRegistrar, RegisterAgency("bravo", "KY"));
  world->MustSubmit(kRegistrar, RegisterAgency("charlie", "ND"));
  if (!with_desk) return;
  v1::Submission desk = RegisterAgency("desk");
  desk.mutable_register_agency()->mutable_agency()->set_watch_desk(true);
  world->MustSubmit(kRegistrar, desk);
}

const v1::DeconflictionAnswer& AnswerOf(const v1::Outcome& outcome) { return outcome.accepted().deconfliction(); }

std::vector<v1::Alert> AlertsTo(const World& world, absl::string_view agency_id) {
  std::vector<v1::Alert> alerts;
  for (const FeedItem& item : world.FeedOf(agency_id)) {
    if (item.notice.has_alert()) alerts.push_back(item.notice.alert());
  }
  return alerts;
}

std::vector<v1::ConflictRecord> ConflictsTo(const World& world, absl::string_view agency_id) {
  std::vector<v1::ConflictRecord> conflicts;
  for (const FeedItem& item : world.FeedOf(agency_id)) {
    if (item.notice.has_conflict()) conflicts.push_back(item.notice.conflict());
  }
  return conflicts;
}

std::vector<v1::ActivityRecord> ActivitiesTo(const World& world, absl::string_view agency_id) {
  std::vector<v1::ActivityRecord> activities;
  for (const FeedItem& item : world.FeedOf(agency_id)) {
    if (item.notice.has_activity()) activities.push_back(item.notice.activity());
  }
  return activities;
}

std::vector<v1::Escalation> EscalationsTo(const World& world, absl::string_view agency_id) {
  std::vector<v1::Escalation> escalations;
  for (const FeedItem& item : world.FeedOf(agency_id)) {
    if (item.notice.has_escalation()) escalations.push_back(item.notice.escalation());
  }
  return escalations;
}

v1::ConflictRecord OnlyConflict(const World& world) {
  const auto& conflicts = world.state().activities().conflicts();
  EXPECT_EQ(conflicts.size(), 1);
  return conflicts.empty() ? v1::ConflictRecord() : conflicts.begin()->second;
}

absl::Status Ask(const World& world, absl::string_view agency_id, absl::string_view method,
                 const google::protobuf::Message& request, google::protobuf::Message* response) {
  const v1::Principal principal = PrincipalOf(agency_id);
  const Viewer viewer{world.state(), principal, WorldStart(), absl::InfiniteFuture()};
  return AnswerQuery(viewer, absl::StrCat("muster.v1.DeconflictionService/", method), request, response);
}

std::string EverythingOf(const World& world, absl::string_view agency_id,
                         const std::vector<v1::ActivityRecord>& ask_about_activities,
                         const std::vector<std::string>& ask_about_conflicts) {
  std::string everything = world.FeedBytes(agency_id);
  const auto add = [&](const char* method, const google::protobuf::Message& request,
                       google::protobuf::Message&& response) {
    const absl::Status status = Ask(world, agency_id, method, request, &response);
    absl::StrAppend(&everything, method, ": ", status.ToString(), response.ShortDebugString(), "\n");
  };
  for (const v1::ActivityRecord& activity : ask_about_activities) {
    v1::GetActivityRequest request;
    request.set_agency_id(activity.agency_id());
    request.set_activity_id(activity.activity().activity_id());
    add("GetActivity", request, v1::GetActivityResponse());
  }
  for (const std::string& conflict_id : ask_about_conflicts) {
    v1::GetConflictRequest request;
    request.set_conflict_id(conflict_id);
    add("GetConflict", request, v1::GetConflictResponse());
  }
  for (const uint32_t page_size : {1u, 100u}) {
    v1::ListActivitiesRequest activities;
    activities.mutable_page()->set_page_size(page_size);
    add("ListActivities", activities, v1::ListActivitiesResponse());
    v1::ListConflictsRequest conflicts;
    conflicts.mutable_page()->set_page_size(page_size);
    add("ListConflicts", conflicts, v1::ListConflictsResponse());
  }
  return everything;
}

}  // namespace muster
