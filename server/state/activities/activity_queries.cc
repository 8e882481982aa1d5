#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "common/error_reason.h"
#include "server/state/activities/activity_view.h"
#include "server/state/paging.h"
#include "server/state/queries.h"

namespace muster {
namespace {

absl::Status GetActivity(const Viewer& viewer, const v1::GetActivityRequest& request,
                         v1::GetActivityResponse* response) {
  const std::string& owner = request.agency_id().empty() ? viewer.agency_id() : request.agency_id();
  const EnteredActivity* activity = viewer.state.activities().FindActivity(ActivityName(owner, request.activity_id()));
  std::optional<v1::ActivityRecord> view;
  if (activity != nullptr) view = ViewActivity(viewer.state, activity->record, viewer.agency_id());
  if (!view.has_value()) {
    return Refusal(v1::ERROR_REASON_NOT_FOUND,
                   "there is no such activity of which this agency may see something; look at the list");
  }
  *response->mutable_activity() = *std::move(view);
  for (v1::Alert& alert : AlertsOf(viewer.state, *activity, viewer.agency_id())) {
    *response->add_alerts() = std::move(alert);
  }
  return absl::OkStatus();
}

absl::Status ListActivities(const Viewer& viewer, const v1::ListActivitiesRequest& request,
                            v1::ListActivitiesResponse* response) {
  std::optional<v1::ActivityRecord> view;  // Of the row that is being looked at.
  return ShowPage(
      viewer.state.activities().activities(), request.page(),
      [&](const std::string&, const EnteredActivity& activity) {
        view = ViewActivity(viewer.state, activity.record, viewer.agency_id());
        // By what the viewer sees: one that is not shown the operation must not learn it by asking.
        return view.has_value() &&
               (request.operation_id().empty() || view->activity().operation_id() == request.operation_id());
      },
      [&](const std::string&, const EnteredActivity&) { *response->add_activities() = *std::move(view); },
      response->mutable_next_page_token());
}

absl::Status GetConflict(const Viewer& viewer, const v1::GetConflictRequest& request,
                         v1::GetConflictResponse* response) {
  const v1::ConflictRecord* conflict = viewer.state.activities().FindConflict(request.conflict_id());
  if (conflict != nullptr) {
    for (v1::ConflictView& view : ViewsOfConflict(viewer.state, *conflict, viewer.agency_id())) {
      *response->add_views() = std::move(view);
    }
  }
  if (!response->views().empty()) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_NOT_FOUND,
                 "there is no conflict of that id of which this agency is told; look at the list");
}

// By what the viewer sees, as for activities.
bool IsOf(const v1::ConflictView& view, const std::string& operation_id) {
  if (operation_id.empty()) return true;
  if (view.has_alert()) return view.alert().operation_id() == operation_id;
  return absl::c_any_of(view.conflict().parties(),
                        [&](const v1::ConflictParty& party) { return party.operation_id() == operation_id; });
}

absl::Status ListConflicts(const Viewer& viewer, const v1::ListConflictsRequest& request,
                           v1::ListConflictsResponse* response) {
  std::vector<v1::ConflictView> views;  // Of the conflict that is being looked at.
  return ShowPage(
      viewer.state.activities().conflicts(), request.page(),
      [&](const std::string&, const v1::ConflictRecord& conflict) {
        views.clear();
        if (request.open_only() && !IsOpen(conflict)) return false;
        views = ViewsOfConflict(viewer.state, conflict, viewer.agency_id());
        std::erase_if(views, [&](const v1::ConflictView& view) { return !IsOf(view, request.operation_id()); });
        return !views.empty();
      },
      [&](const std::string&, const v1::ConflictRecord&) {
        for (v1::ConflictView& view : views) *response->add_conflicts() = std::move(view);
      },
      response->mutable_next_page_token());
}

}  // namespace

void AddActivityQueries(QueryTable* table) {
  table->Add("muster.v1.DeconflictionService/GetActivity", &GetActivity);
  table->Add("muster.v1.DeconflictionService/ListActivities", &ListActivities);
  table->Add("muster.v1.DeconflictionService/GetConflict", &GetConflict);
  table->Add("muster.v1.DeconflictionService/ListConflicts", &ListConflicts);
}

}  // namespace muster
