// Agencies, their standing and their certificates. The contract is in proto/muster/v1/agency.proto.
//
// Threading: called by gRPC's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_AGENCY_SERVICE_H_
#define MUSTER_SERVER_RPC_AGENCY_SERVICE_H_

#include "muster/v1/agency.grpc.pb.h"
#include "server/rpc/unary.h"

namespace muster {

// Every method raw: see unary.h.
using RawAgencyService =
    v1::AgencyService::WithRawCallbackMethod_RegisterAgency<v1::AgencyService::WithRawCallbackMethod_RevokeCertificate<
        v1::AgencyService::WithRawCallbackMethod_SetAgencyStanding<
            v1::AgencyService::WithRawCallbackMethod_GetAgency<v1::AgencyService::WithRawCallbackMethod_ListAgencies<
                v1::AgencyService::WithRawCallbackMethod_WhoAmI<v1::AgencyService::Service>>>>>>;

class AgencyService final : public RawAgencyService {
 public:
  explicit AgencyService(const UnaryCalls* calls) : calls_(*calls) {}

  grpc::ServerUnaryReactor* RegisterAgency(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RevokeCertificate(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SetAgencyStanding(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                              grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetAgency(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListAgencies(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* WhoAmI(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;

 private:
  const UnaryCalls& calls_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_AGENCY_SERVICE_H_
