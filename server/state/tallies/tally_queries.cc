#include "common/clock.h"
#include "server/state/access/visibility.h"
#include "server/state/paging.h"
#include "server/state/queries.h"
#include "server/state/tallies/suspected_duplicates.h"
#include "server/state/tallies/tally_totals.h"

namespace muster {
namespace {

template <typename Request>
TallyQuestion QuestionOf(const Viewer& viewer, const Request& request) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  const absl::Time as_of = request.has_as_of() ? FromProto(request.as_of()) : absl::InfiniteFuture();
  return {viewer.state, operation, viewer.Self(operation), request.definition(), as_of};
}

absl::Status GetTotals(const Viewer& viewer, const v1::GetTotalsRequest& request, v1::GetTotalsResponse* response) {
  *response->mutable_totals() = TotalsFor(QuestionOf(viewer, request));
  return absl::OkStatus();
}

absl::Status ListTallyEntries(const Viewer& viewer, const v1::ListTallyEntriesRequest& request,
                              v1::ListTallyEntriesResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  return ShowPage(
      operation.ledger().entries(), request.page(),
      [&](absl::string_view, const v1::TallyEntryRecord* record) {
        return SeesEntry(viewer.state, operation, viewer.Self(operation), *record);
      },
      [&](absl::string_view, const v1::TallyEntryRecord* record) { *response->add_entries() = *record; },
      response->mutable_next_page_token());
}

absl::Status ExplainTally(const Viewer& viewer, const v1::ExplainTallyRequest& request,
                          v1::ExplainTallyResponse* response) {
  *response = ExplainFigure(QuestionOf(viewer, request), request.figure());
  return absl::OkStatus();
}

absl::Status ListSuspectedDuplicates(const Viewer& viewer, const v1::ListSuspectedDuplicatesRequest& request,
                                     v1::ListSuspectedDuplicatesResponse* response) {
  const OperationRecord& operation = viewer.Operation(request.operation_id());
  for (v1::SuspectedDuplicate& duplicate : SuspectedDuplicates(operation)) {
    *response->add_duplicates() = std::move(duplicate);
  }
  response->set_mode(operation.operation().mode());
  return absl::OkStatus();
}

}  // namespace

void AddTallyQueries(QueryTable* table) {
  table->Add("muster.v1.TallyService/GetTotals", &GetTotals);
  table->Add("muster.v1.TallyService/ListTallyEntries", &ListTallyEntries);
  table->Add("muster.v1.TallyService/ExplainTally", &ExplainTally);
  table->Add("muster.v1.TallyService/ListSuspectedDuplicates", &ListSuspectedDuplicates);
}

}  // namespace muster
