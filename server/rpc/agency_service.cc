#include "server/rpc/agency_service.h"

#include <utility>

#include "common/clock.h"
#include "server/rpc/paging.h"
#include "server/state/visibility.h"

namespace muster {

grpc::ServerUnaryReactor* AgencyService::RegisterAgency(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Submit<v1::RegisterAgencyRequest, v1::RegisterAgencyResponse>(
      context, request, response, [](v1::RegisterAgencyRequest* call, v1::Submission* submission) {
        *submission->mutable_register_agency() = std::move(*call->mutable_registration());
      });
}

grpc::ServerUnaryReactor* AgencyService::RevokeCertificate(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return calls_.Submit<v1::RevokeCertificateRequest, v1::RevokeCertificateResponse>(
      context, request, response, [](v1::RevokeCertificateRequest* call, v1::Submission* submission) {
        *submission->mutable_revoke_certificate() = std::move(*call->mutable_revocation());
      });
}

grpc::ServerUnaryReactor* AgencyService::SetAgencyStanding(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return calls_.Submit<v1::SetAgencyStandingRequest, v1::SetAgencyStandingResponse>(
      context, request, response, [](v1::SetAgencyStandingRequest* call, v1::Submission* submission) {
        *submission->mutable_set_agency_standing() = std::move(*call->mutable_change());
      });
}

grpc::ServerUnaryReactor* AgencyService::GetAgency(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Read<v1::GetAgencyRequest, v1::GetAgencyResponse>(
      context, "muster.v1.AgencyService/GetAgency", request, response, kNoSubject,
      [](const ReadScope& scope, const v1::GetAgencyRequest& call, v1::GetAgencyResponse* answer) -> absl::Status {
        const v1::AgencyRecord* record = scope.state.roster().Find(call.agency_id());
        if (record == nullptr || !SeesAgency(scope.state, scope.agency_id(), call.agency_id())) {
          return Refusal(v1::ERROR_REASON_NOT_PERMITTED,
                         absl::StrCat("agency ", scope.agency_id(), " may not look at ", call.agency_id(),
                                      ", if there is such an agency; a registrar may, and the lead of an operation it "
                                      "takes part in"));
        }
        *answer->mutable_agency() = ViewAgency(scope.state, scope.agency_id(), *record);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* AgencyService::ListAgencies(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Read<v1::ListAgenciesRequest, v1::ListAgenciesResponse>(
      context, "muster.v1.AgencyService/ListAgencies", request, response, kNoSubject,
      [](const ReadScope& scope, const v1::ListAgenciesRequest& call,
         v1::ListAgenciesResponse* answer) -> absl::Status {
        return ShowPage(
            scope.state.roster().agencies(), call.page(),
            [&](const std::string& id, const auto&) { return SeesAgency(scope.state, scope.agency_id(), id); },
            [&](const std::string&, const v1::AgencyRecord& record) {
              *answer->add_agencies() = ViewAgency(scope.state, scope.agency_id(), record);
            },
            answer->mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* AgencyService::WhoAmI(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return calls_.Read<v1::WhoAmIRequest, v1::WhoAmIResponse>(
      context, "muster.v1.AgencyService/WhoAmI", request, response, kNoSubject,
      [this](const ReadScope& scope, const v1::WhoAmIRequest&, v1::WhoAmIResponse* answer) -> absl::Status {
        *answer->mutable_principal() = scope.caller.principal;
        *answer->mutable_agency() = *scope.state.roster().Find(scope.agency_id());
        *answer->mutable_certificate_not_after() = ToProto(scope.caller.not_after);
        *answer->mutable_broker_time() = ToProto(calls_.guard().Now());
        return absl::OkStatus();
      });
}

}  // namespace muster
