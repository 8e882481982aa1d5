#include "client/cli/access_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"

namespace muster::cli {

View AccessView(const v1::ExplainAccessResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.mode = response.mode();
  view.heading = absl::StrCat(EscapeForTerminal(response.agency_id()), " as ",
                              response.role() == 0 ? "nobody in this operation" : Label(response.role()), "\n\n");
  view.table.columns = {{"class"}, {"sees"}, {"writes"}, {"of"}, {"why"}};
  for (const v1::AccessDecision& decision : response.decisions()) {
    view.items.push_back(&decision);
    view.table.rows.push_back({LabelIfSet(decision.object_class()), LabelIfSet(decision.form()),
                               decision.may_write() ? "yes" : "no", decision.scope(), decision.why()});
  }
  return view;
}

View DisclosuresView(const v1::ListDisclosuresResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.table.columns = {{"at"}, {"from"}, {"to"}, {"class"}, {"object"}, {"why"}, {"operation"}, {"mode"}};
  for (const v1::Disclosure& one : response.disclosures()) {
    view.items.push_back(&one);
    view.TakeMode(one.mode());
    view.table.rows.push_back({TimeText(one.at()), one.from_agency_id(), absl::StrJoin(one.to_agency_ids(), ", "),
                               LabelIfSet(one.object_class()), one.object_id(), one.why(), one.operation_id(),
                               LabelIfSet(one.mode())});
  }
  return view;
}

}  // namespace muster::cli
