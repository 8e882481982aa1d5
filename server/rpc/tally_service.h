// The tally ledger. The contract is in proto/muster/v1/tally.proto.
//
// Threading: called by gRPC's threads; never blocks.
#ifndef MUSTER_SERVER_RPC_TALLY_SERVICE_H_
#define MUSTER_SERVER_RPC_TALLY_SERVICE_H_

#include "muster/v1/tally.grpc.pb.h"
#include "server/rpc/unary.h"

namespace muster {

// Every method raw: see unary.h.
using RawTallyService =
    v1::TallyService::WithRawCallbackMethod_RecordTally<v1::TallyService::WithRawCallbackMethod_CorrectTally<
        v1::TallyService::WithRawCallbackMethod_GetTotals<v1::TallyService::WithRawCallbackMethod_ListTallyEntries<
            v1::TallyService::WithRawCallbackMethod_ExplainTally<v1::TallyService::Service>>>>>;

class TallyService final : public RawTallyService {
 public:
  explicit TallyService(const UnaryCalls* calls) : calls_(*calls) {}

  grpc::ServerUnaryReactor* RecordTally(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CorrectTally(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetTotals(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListTallyEntries(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ExplainTally(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;

 private:
  const UnaryCalls& calls_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_TALLY_SERVICE_H_
