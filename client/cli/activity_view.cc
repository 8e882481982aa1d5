#include "client/cli/activity_view.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/conflict_view.h"
#include "client/cli/text.h"

namespace muster::cli {
namespace {

std::string PlaceText(const v1::Activity& activity) {
  if (!activity.has_center()) return "";
  return absl::StrFormat("%.6f,%.6f", activity.center().latitude(), activity.center().longitude());
}

std::string RadiusText(const v1::Activity& activity) {
  return activity.radius_m() > 0 ? absl::StrFormat("%.2f", activity.radius_m()) : "";
}

std::string TargetText(const v1::Target& target) {
  std::string text = Label(target.kind());
  if (!target.value().empty()) absl::StrAppend(&text, "=", target.value());
  if (!target.state().empty()) absl::StrAppend(&text, "@", target.state());
  if (target.granted_agency_ids_size() > 0) {
    absl::StrAppend(&text, " (also for ", absl::StrJoin(target.granted_agency_ids(), ", "), ")");
  }
  return text;
}

std::string Targets(const v1::Activity& activity) {
  return absl::StrJoin(activity.targets(), "; ",
                       [](std::string* out, const v1::Target& target) { out->append(TargetText(target)); });
}

std::string Missing(const v1::ActivityRecord& record) {
  return absl::StrJoin(record.indeterminate(), ", ", [](std::string* out, int reason) {
    out->append(EnumLabel(v1::IndeterminateReason_descriptor(), reason));
  });
}

Table ActivityTable() {
  return {.columns = {{"activity"},
                      {"agency"},
                      {"state"},
                      {"kind"},
                      {"start"},
                      {"end"},
                      {"place"},
                      {"radius m", /*right=*/true},
                      {"verified"},
                      {"sensitivity"},
                      {"operation"},
                      {"site"},
                      {"contact"},
                      {"phone 24h"},
                      {"missing"},
                      {"mode"}},
          .rows = {}};
}

// What is left out of a redacted record shows empty.
std::vector<std::string> Row(const v1::ActivityRecord& record) {
  const v1::Activity& activity = record.activity();
  return {activity.activity_id(),
          record.agency_id(),
          LabelIfSet(record.state()),
          LabelIfSet(activity.kind()),
          TimeText(activity.window().start()),
          TimeText(activity.window().end()),
          PlaceText(activity),
          RadiusText(activity),
          activity.has_center() ? (activity.location_verified() ? "yes" : "no") : "",
          LabelIfSet(activity.sensitivity()),
          activity.operation_id(),
          activity.site_id(),
          activity.contact_name(),
          activity.contact_phone_24h(),
          Missing(record),
          LabelIfSet(activity.mode())};
}

}  // namespace

std::string ActivityText(const v1::ActivityRecord& record) {
  const v1::Activity& activity = record.activity();
  std::string text = absl::StrCat("activity ", activity.activity_id(), ": ", LabelIfSet(activity.kind()), " of ",
                                  record.agency_id(), " ", LabelIfSet(record.state()));
  if (activity.window().has_start()) {
    absl::StrAppend(&text, ", ", TimeText(activity.window().start()), " to ", TimeText(activity.window().end()));
  }
  if (record.indeterminate_size() > 0) absl::StrAppend(&text, ", INDETERMINATE: ", Missing(record));
  if (!record.reason().empty()) absl::StrAppend(&text, ": ", record.reason());
  return text;
}

View ActivitiesView(const v1::ListActivitiesResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.table = ActivityTable();
  for (const v1::ActivityRecord& record : response.activities()) {
    view.items.push_back(&record);
    view.table.rows.push_back(Row(record));
    view.TakeMode(record.activity().mode());
  }
  return view;
}

View ActivityDetailView(const v1::GetActivityResponse& response) {
  const v1::ActivityRecord& record = response.activity();
  View view;
  view.object = &response;
  view.mode = record.activity().mode();
  view.heading = AlertLines(response.alerts());
  if (!view.heading.empty()) view.heading += "\n";
  view.csv = ActivityTable();
  view.csv.rows.push_back(Row(record));
  view.table.columns = {{"field"}, {"value"}};
  for (size_t i = 0; i < view.csv.columns.size(); ++i) {
    view.table.rows.push_back({view.csv.columns[i].title, view.csv.rows[0][i]});
  }
  for (const v1::Target& target : record.activity().targets()) {
    view.table.rows.push_back({"target", TargetText(target)});
  }
  const std::string& reference = record.activity().reasonable_suspicion_reference();
  if (!reference.empty()) view.table.rows.push_back({"suspicion reference", reference});
  view.table.rows.push_back({"entered", TimeText(record.entered_at())});
  view.table.rows.push_back({"amended", TimeText(record.amended_at())});
  view.table.rows.push_back({"reason", record.reason()});
  view.table.rows.push_back({"redacted", record.redacted() ? "yes: its agency may see more" : "no"});
  view.csv.columns.push_back({"targets"});
  view.csv.rows[0].push_back(Targets(record.activity()));
  return view;
}

}  // namespace muster::cli
