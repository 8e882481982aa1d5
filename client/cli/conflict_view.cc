#include "client/cli/conflict_view.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"

namespace muster::cli {
namespace {

template <typename Enums>
std::string Labels(const google::protobuf::EnumDescriptor* type, const Enums& values) {
  return absl::StrJoin(values, ", ",
                       [type](std::string* out, int value) { absl::StrAppend(out, EnumLabel(type, value)); });
}

std::string SpanText(const v1::TimeWindow& window) {
  if (!window.has_start()) return "";
  return absl::StrCat(TimeText(window.start()), " to ", TimeText(window.end()));
}

// "location not verified", "identifier incomplete".
std::string Missing(const google::protobuf::RepeatedField<int>& reasons) {
  return absl::StrJoin(reasons, ", and ", [](std::string* out, int reason) {
    switch (reason) {
      case v1::INDETERMINATE_REASON_NO_WINDOW:
        out->append("the time is not known");
        break;
      case v1::INDETERMINATE_REASON_NO_LOCATION:
        out->append("the location is not known");
        break;
      case v1::INDETERMINATE_REASON_LOCATION_NOT_VERIFIED:
        out->append("the location is not verified");
        break;
      case v1::INDETERMINATE_REASON_IDENTIFIER_INCOMPLETE:
        out->append("an identifier is incomplete (a plate without its state, or a VIN that is none)");
        break;
      default:
        out->append(EnumLabel(v1::IndeterminateReason_descriptor(), reason));
    }
  });
}

bool IsOver(v1::ConflictState state) {
  return state == v1::CONFLICT_STATE_RESOLVED || state == v1::CONFLICT_STATE_EXPIRED ||
         state == v1::CONFLICT_STATE_CANCELLED;
}

std::string Contact(absl::string_view agency, absl::string_view name, absl::string_view phone) {
  return absl::StrCat(agency, ": ", name, " ", phone);
}

std::string Parties(const v1::ConflictRecord& conflict) {
  return absl::StrJoin(conflict.parties(), "; ", [](std::string* out, const v1::ConflictParty& party) {
    absl::StrAppend(out, Contact(party.agency_id(), party.contact_name(), party.contact_phone_24h()),
                    party.told() ? "" : " (is not told)");
  });
}

// What a conflict and an alert have in common, in the order of ConflictTable's columns.
template <typename Conflict>
std::vector<std::string> Row(const Conflict& one, const std::string& others, const std::string& owner) {
  return {one.conflict_id(),
          LabelIfSet(one.state()),
          LabelIfSet(one.resolution()),
          Labels(v1::ConflictKind_descriptor(), one.kinds()),
          TimeText(one.respond_by()),
          others,
          owner,
          SpanText(one.overlap()),
          LabelIfSet(one.distance()),
          Labels(v1::TargetKind_descriptor(), one.matched_target_kinds()),
          LabelIfSet(one.mode())};
}

Table ConflictTable() {
  return {.columns = {{"conflict"},
                      {"state"},
                      {"outcome"},
                      {"kind"},
                      {"respond by"},
                      {"with"},
                      {"owner"},
                      {"overlap"},
                      {"distance"},
                      {"matched targets"},
                      {"mode"}},
          .rows = {}};
}

std::vector<std::string> Row(const v1::ConflictView& view) {
  if (view.has_conflict()) return Row(view.conflict(), Parties(view.conflict()), view.conflict().owner_agency_id());
  const v1::Alert& alert = view.alert();
  return Row(alert, Contact(alert.other_agency_id(), alert.other_contact_name(), alert.other_contact_phone_24h()), "");
}

v1::OperationMode ModeOf(const v1::ConflictView& view) {
  return view.has_conflict() ? view.conflict().mode() : view.alert().mode();
}

// What happened to it so far.
std::string Steps(const google::protobuf::RepeatedPtrField<v1::ConflictStep>& steps) {
  if (steps.empty()) return "";
  Table table = {.columns = {{"at"}, {"state"}, {"by"}, {"outcome"}, {"text"}}, .rows = {}};
  for (const v1::ConflictStep& step : steps) {
    table.rows.push_back({TimeText(step.at()), Label(step.state()),
                          step.agency_id().empty() ? "" : absl::StrCat(step.agency_id(), "/", step.post()),
                          LabelIfSet(step.resolution()), step.text()});
  }
  return absl::StrCat("\n", RenderTable(table));
}

}  // namespace

std::string AlertText(const v1::Alert& alert) {
  const std::string what =
      absl::StrCat("with ", alert.other_agency_id(), IsOver(alert.state()) ? " is " : "",
                   IsOver(alert.state()) ? Label(alert.state()) : "",
                   alert.resolution() == 0 ? "" : absl::StrCat(" (", Label(alert.resolution()), ")"));
  if (IsOver(alert.state())) return absl::StrCat("conflict ", alert.conflict_id(), " ", what);
  const bool late = alert.state() == v1::CONFLICT_STATE_ESCALATED;
  return absl::StrCat(late ? "ESCALATED CONFLICT " : "CONFLICT ", what, ": call ", alert.other_contact_name(), " ",
                      alert.other_contact_phone_24h(),
                      alert.has_respond_by() ? absl::StrCat(" before ", TimeText(alert.respond_by())) : "",
                      " (conflict ", alert.conflict_id(), ")");
}

std::string ConflictText(const v1::ConflictRecord& conflict) {
  std::vector<std::string> agencies;
  for (const v1::ConflictParty& party : conflict.parties()) agencies.push_back(party.agency_id());
  return absl::StrCat(IsOver(conflict.state()) ? "conflict " : "CONFLICT ", conflict.conflict_id(), " (",
                      Labels(v1::ConflictKind_descriptor(), conflict.kinds()), ") between ",
                      absl::StrJoin(agencies, " and "), ": ", Label(conflict.state()),
                      conflict.resolution() == 0 ? "" : absl::StrCat(", ", Label(conflict.resolution())),
                      IsOver(conflict.state()) || !conflict.has_respond_by()
                          ? ""
                          : absl::StrCat(", to be settled before ", TimeText(conflict.respond_by())));
}

std::string AnswerText(const v1::DeconflictionAnswer& answer, absl::string_view cursor) {
  const std::string missing = answer.indeterminate().empty()
                                  ? ""
                                  : absl::StrCat(Missing(answer.indeterminate()), "; the watch desk has been told\n");
  switch (answer.verdict()) {
    case v1::DECONFLICTION_VERDICT_CLEAR:
      return absl::StrCat("CLEAR as of ", CursorText(cursor), "\n");
    case v1::DECONFLICTION_VERDICT_CONFLICT:
      return absl::StrCat(
          answer.alerts().empty() ? "CONFLICT: see `muster conflict list`\n" : AlertLines(answer.alerts()),
          missing.empty() ? "" : absl::StrCat("and moreover, ", missing));
    case v1::DECONFLICTION_VERDICT_INDETERMINATE:
      return absl::StrCat("INDETERMINATE: ", missing);
    default:
      return "the broker's answer is one that this version of muster does not know; update it, and do not take it for "
             "CLEAR\n";
  }
}

std::string AlertLines(const google::protobuf::RepeatedPtrField<v1::Alert>& alerts) {
  std::string lines;
  for (const v1::Alert& alert : alerts) absl::StrAppend(&lines, EscapeForTerminal(AlertText(alert)), "\n");
  return lines;
}

View ConflictsView(const v1::ListConflictsResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.table = ConflictTable();
  for (const v1::ConflictView& one : response.conflicts()) {
    view.items.push_back(&one);
    view.table.rows.push_back(Row(one));
    view.TakeMode(ModeOf(one));
  }
  return view;
}

View ConflictDetailView(const v1::GetConflictResponse& response) {
  View view;
  view.object = &response;
  view.csv = ConflictTable();
  view.table.columns = {{"field"}, {"value"}};
  for (const v1::ConflictView& one : response.views()) {
    absl::StrAppend(&view.heading,
                    EscapeForTerminal(one.has_conflict() ? ConflictText(one.conflict()) : AlertText(one.alert())),
                    "\n");
    view.csv.rows.push_back(Row(one));
    for (size_t i = 0; i < view.csv.columns.size(); ++i) {
      if (const std::string& value = view.csv.rows.back()[i]; !value.empty()) {
        view.table.rows.push_back({view.csv.columns[i].title, value});
      }
    }
    view.TakeMode(ModeOf(one));
    view.body += Steps(one.has_conflict() ? one.conflict().steps() : one.alert().steps());
  }
  view.heading += "\n";
  return view;
}

}  // namespace muster::cli
