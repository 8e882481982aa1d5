#include "client/lib/report/collect_report.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/lib/all_pages.h"
#include "client/lib/report/report_builder.h"
#include "client/lib/subscription.h"
#include "common/status_macros.h"

namespace muster {
namespace {

absl::Status ReadFeed(Client& client, ReportBuilder* builder) {
  Subscription feed(client.connection(), {});
  while (true) {
    absl::StatusOr<std::optional<v1::Delivery>> next = feed.Next(absl::InfiniteDuration());
    if (absl::IsOutOfRange(next.status())) {
      builder->AddGap(absl::StrCat("the broker no longer holds the beginning of this agency's history: ",
                                   std::string(next.status().message())));
      return absl::OkStatus();
    }
    MUSTER_RETURN_IF_ERROR(next.status());
    if (!next->has_value()) {
      if (feed.caught_up()) return absl::OkStatus();
      continue;
    }
    builder->Add(**next);
  }
}

// What `read` gave, unless this reader may not have it.
template <typename Response, typename Take>
absl::Status TakeIfPermitted(absl::StatusOr<Response> response, Take take) {
  if (absl::IsPermissionDenied(response.status()) || absl::IsNotFound(response.status())) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(response.status());
  take(*std::move(response));
  return absl::OkStatus();
}

template <typename Request>
Request For(const std::string& operation_id) {
  Request request;
  request.set_operation_id(operation_id);
  return request;
}

}  // namespace

absl::StatusOr<v1::AfterActionReport> CollectReport(Client& client, const std::string& operation_id) {
  MUSTER_ASSIGN_OR_RETURN(const v1::WhoAmIResponse who, client.WhoAmI());
  ReportBuilder builder(operation_id, who.principal().agency_id());
  MUSTER_RETURN_IF_ERROR(ReadFeed(client, &builder));
  v1::GetTotalsRequest totals = For<v1::GetTotalsRequest>(operation_id);
  totals.set_definition(v1::COUNTING_DEFINITION_LEAD);
  MUSTER_RETURN_IF_ERROR(TakeIfPermitted(client.GetTotals(totals), [&](v1::GetTotalsResponse response) {
    builder.SetTotals(std::move(*response.mutable_totals()));
  }));
  MUSTER_RETURN_IF_ERROR(
      TakeIfPermitted(client.Reconcile(For<v1::ReconcileRequest>(operation_id)),
                      [&](const v1::ReconcileResponse& response) { builder.SetDisputes(response); }));
  MUSTER_RETURN_IF_ERROR(
      TakeIfPermitted(client.ListSuspectedDuplicates(For<v1::ListSuspectedDuplicatesRequest>(operation_id)),
                      [&](const v1::ListSuspectedDuplicatesResponse& response) { builder.SetDuplicates(response); }));
  MUSTER_RETURN_IF_ERROR(
      TakeIfPermitted(AllPages(client, &Client::ListReleases, For<v1::ListReleasesRequest>(operation_id)),
                      [&](const v1::ListReleasesResponse& response) { builder.SetReleases(response); }));
  MUSTER_RETURN_IF_ERROR(
      TakeIfPermitted(client.GetReadinessBoard(For<v1::GetReadinessBoardRequest>(operation_id)),
                      [&](const v1::GetReadinessBoardResponse& response) { builder.SetBoard(response.board()); }));
  MUSTER_RETURN_IF_ERROR(TakeIfPermitted(
      AllPages(client, &Client::ListAcknowledgements, For<v1::ListAcknowledgementsRequest>(operation_id)),
      [&](const v1::ListAcknowledgementsResponse& response) { builder.SetAcknowledgements(response); }));
  MUSTER_RETURN_IF_ERROR(
      TakeIfPermitted(AllPages(client, &Client::ListDisclosures, For<v1::ListDisclosuresRequest>(operation_id)),
                      [&](const v1::ListDisclosuresResponse& response) { builder.AddDisclosures(response); }));
  return std::move(builder).Finish();
}

}  // namespace muster
