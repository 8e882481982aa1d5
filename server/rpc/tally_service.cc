#include "server/rpc/tally_service.h"

#include <utility>

#include "common/clock.h"
#include "server/rpc/paging.h"
#include "server/state/tally_totals.h"
#include "server/state/visibility.h"

namespace muster {
namespace {

template <typename Request>
TallyQuestion QuestionOf(const ReadScope& scope, const OperationRecord& operation, const Request& call) {
  const absl::Time as_of = call.has_as_of() ? FromProto(call.as_of()) : absl::InfiniteFuture();
  return {scope.state, operation, *operation.FindParticipant(scope.agency_id()), call.definition(), as_of};
}

}  // namespace

grpc::ServerUnaryReactor* TallyService::RecordTally(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Submit<v1::RecordTallyRequest, v1::RecordTallyResponse>(
      context, request, response, [](v1::RecordTallyRequest* call, v1::Submission* submission) {
        *submission->mutable_record_tally() = std::move(*call->mutable_record());
      });
}

grpc::ServerUnaryReactor* TallyService::CorrectTally(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Submit<v1::CorrectTallyRequest, v1::CorrectTallyResponse>(
      context, request, response, [](v1::CorrectTallyRequest* call, v1::Submission* submission) {
        *submission->mutable_correct_tally() = std::move(*call->mutable_correction());
      });
}

grpc::ServerUnaryReactor* TallyService::GetTotals(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                  grpc::ByteBuffer* response) {
  return calls_.Read<v1::GetTotalsRequest, v1::GetTotalsResponse>(
      context, "muster.v1.TallyService/GetTotals", request, response, kItsOperation,
      [](const ReadScope& scope, const v1::GetTotalsRequest& call, v1::GetTotalsResponse* answer) -> absl::Status {
        const OperationRecord& operation = *scope.state.FindOperation(call.operation_id());
        *answer->mutable_totals() = TotalsFor(QuestionOf(scope, operation, call));
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* TallyService::ListTallyEntries(grpc::CallbackServerContext* context,
                                                         const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Read<v1::ListTallyEntriesRequest, v1::ListTallyEntriesResponse>(
      context, "muster.v1.TallyService/ListTallyEntries", request, response, kItsOperation,
      [](const ReadScope& scope, const v1::ListTallyEntriesRequest& call,
         v1::ListTallyEntriesResponse* answer) -> absl::Status {
        const OperationRecord& operation = *scope.state.FindOperation(call.operation_id());
        const v1::Participant& viewer = *operation.FindParticipant(scope.agency_id());
        return ShowPage(
            operation.ledger().entries(), call.page(),
            [&](const std::string&, const v1::TallyEntryRecord& record) {
              return SeesEntry(scope.state, operation, viewer, record);
            },
            [&](const std::string&, const v1::TallyEntryRecord& record) { *answer->add_entries() = record; },
            answer->mutable_next_page_token());
      });
}

grpc::ServerUnaryReactor* TallyService::ExplainTally(grpc::CallbackServerContext* context,
                                                     const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return calls_.Read<v1::ExplainTallyRequest, v1::ExplainTallyResponse>(
      context, "muster.v1.TallyService/ExplainTally", request, response, kItsOperation,
      [](const ReadScope& scope, const v1::ExplainTallyRequest& call,
         v1::ExplainTallyResponse* answer) -> absl::Status {
        const OperationRecord& operation = *scope.state.FindOperation(call.operation_id());
        *answer = ExplainFigure(QuestionOf(scope, operation, call), call.figure());
        return absl::OkStatus();
      });
}

}  // namespace muster
