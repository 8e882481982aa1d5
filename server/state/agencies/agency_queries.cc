#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "server/state/access/visibility.h"
#include "server/state/paging.h"
#include "server/state/queries.h"

namespace muster {
namespace {

absl::Status GetAgency(const Viewer& viewer, const v1::GetAgencyRequest& request, v1::GetAgencyResponse* response) {
  const v1::AgencyRecord* record = viewer.state.roster().Find(request.agency_id());
  if (record == nullptr || !SeesAgency(viewer.state, viewer.agency_id(), request.agency_id())) {
    return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                   absl::StrCat("agency ", viewer.agency_id(), " may not look at ", request.agency_id(),
                                ", if there is such an agency; a registrar may, and the lead of an operation it "
                                "takes part in"));
  }
  *response->mutable_agency() = ViewAgency(viewer.state, viewer.agency_id(), *record);
  return absl::OkStatus();
}

absl::Status ListAgencies(const Viewer& viewer, const v1::ListAgenciesRequest& request,
                          v1::ListAgenciesResponse* response) {
  return ShowPage(
      viewer.state.roster().agencies(), request.page(),
      [&](const std::string& id, const auto&) { return SeesAgency(viewer.state, viewer.agency_id(), id); },
      [&](const std::string&, const v1::AgencyRecord& record) {
        *response->add_agencies() = ViewAgency(viewer.state, viewer.agency_id(), record);
      },
      response->mutable_next_page_token());
}

absl::Status WhoAmI(const Viewer& viewer, const v1::WhoAmIRequest&, v1::WhoAmIResponse* response) {
  *response->mutable_principal() = viewer.principal;
  *response->mutable_agency() = *viewer.state.roster().Find(viewer.agency_id());
  *response->mutable_certificate_not_after() = ToProto(viewer.certificate_not_after);
  *response->mutable_broker_time() = ToProto(viewer.now);
  return absl::OkStatus();
}

}  // namespace

void AddAgencyQueries(QueryTable* table) {
  table->Add("muster.v1.AgencyService/GetAgency", &GetAgency);
  table->Add("muster.v1.AgencyService/ListAgencies", &ListAgencies);
  table->Add("muster.v1.AgencyService/WhoAmI", &WhoAmI);
}

}  // namespace muster
