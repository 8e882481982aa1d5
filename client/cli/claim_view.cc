#include "client/cli/claim_view.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"

namespace muster::cli {
namespace {

// Differences carry their sign, so that "+12" is not taken for a count.
std::string Signed(int64_t difference) { return absl::StrFormat("%+d", difference); }

std::string ExplanationText(const v1::Explanation& explanation) {
  std::string text = Label(explanation.kind());
  if (explanation.difference() != 0) absl::StrAppend(&text, " ", Signed(explanation.difference()));
  if (explanation.states_size() > 0) absl::StrAppend(&text, " ", absl::StrJoin(explanation.states(), ", "));
  return explanation.text().empty() ? text : absl::StrCat(text, ": ", explanation.text());
}

}  // namespace

std::string ClaimText(const v1::ClaimRecord& record) {
  const v1::Claim& claim = record.claim();
  return absl::StrCat("claim by ", claim.source(), ": ", claim.value(), " ", Label(claim.figure()),
                      claim.state().empty() ? "" : absl::StrCat(" in ", claim.state()));
}

View ReconciliationView(const v1::ReconcileResponse& response) {
  View view;
  view.object = &response;
  view.is_list = true;
  view.always_print_zeros = true;
  view.mode = response.mode();
  view.table.columns = {{"figure"},
                        {"state"},
                        {"source"},
                        {"claimed", /*right=*/true},
                        {"ledger", /*right=*/true},
                        {"as the source counts", /*right=*/true},
                        {"difference", /*right=*/true},
                        {"uncategorised", /*right=*/true},
                        {"published"},
                        {"explained by"}};
  for (const v1::Reconciliation& one : response.reconciliations()) {
    const v1::Claim& claim = one.claim().claim();
    view.items.push_back(&one);
    view.table.rows.push_back(
        {LabelIfSet(claim.figure()), claim.state().empty() ? "all" : claim.state(), claim.source(),
         absl::StrCat(claim.value()), one.has_ledger_value() ? absl::StrCat(one.ledger_value()) : "not reported",
         one.has_ledger_value_by_source() ? absl::StrCat(one.ledger_value_by_source()) : "not reported",
         one.has_ledger_value() ? Signed(one.difference()) : "", absl::StrCat(one.uncategorised()),
         TimeText(claim.published_at()),
         absl::StrJoin(one.explanations(), "; ", [](std::string* out, const v1::Explanation& explanation) {
           out->append(ExplanationText(explanation));
         })});
  }
  return view;
}

}  // namespace muster::cli
