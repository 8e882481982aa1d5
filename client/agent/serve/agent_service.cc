#include "client/agent/serve/agent_service.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/agent/serve/diagnose.h"
#include "client/agent/serve/unary_service.h"
#include "common/error_reason.h"
#include "common/status_macros.h"
#include "common/validation.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/support/method_handler.h"

namespace muster::agent {
namespace {

constexpr char kService[] = "muster.agent.v1.AgentService";
constexpr uint32_t kPageSize = 100;
constexpr uint32_t kPageSizeMax = 1000;
// How often a waiting call looks whether its caller is still there.
constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

// A page token is the number of the last item before it.
absl::StatusOr<uint64_t> NumberOf(const std::string& page_token) {
  uint64_t number = 0;
  if (page_token.empty() || absl::SimpleAtoi(page_token, &number)) return number;
  return Refusal(muster::v1::ERROR_REASON_MALFORMED,
                 "page.page_token: is not one that this daemon gave; begin again without a token");
}

}  // namespace

AgentService::AgentService(Agent* agent, OpenCalls* calls) : agent_(agent), calls_(calls) {
  Serve("GetStatus", &AgentService::GetStatus);
  Serve("Diagnose", &AgentService::Diagnose);
  Serve("Enroll", &AgentService::Enroll);
  Serve("ListOutbox", &AgentService::ListOutbox);
  Serve("GetOutboxItem", &AgentService::GetOutboxItem);
  Serve("AwaitOutboxItem", &AgentService::AwaitOutboxItem, &OpenCalls::EnterLong);
  Serve("RetryOutboxItem", &AgentService::RetryOutboxItem);
  Serve("DropOutboxItem", &AgentService::DropOutboxItem);
}

template <typename Request, typename Response>
void AgentService::Serve(const char* name,
                         absl::Status (AgentService::*answer)(grpc::ServerContext*, const Request&, Response*),
                         absl::StatusOr<OpenCalls::Place> (OpenCalls::*enter)()) {
  using google::protobuf::Message;
  using Handler = grpc::internal::RpcMethodHandler<AgentService, grpc::ByteBuffer, grpc::ByteBuffer>;
  const google::protobuf::MethodDescriptor* const method =
      v1::GetStatusRequest::descriptor()->file()->FindServiceByName("AgentService")->FindMethodByName(name);
  const Answer checked = [this, answer](grpc::ServerContext* context, Message* request, Message* response) {
    MUSTER_RETURN_IF_ERROR(Validate(*request));
    return (this->*answer)(context, static_cast<const Request&>(*request), static_cast<Response*>(response));
  };
  const std::string& path = paths_.emplace_back(absl::StrCat("/", kService, "/", name));
  AddMethod(new grpc::internal::RpcServiceMethod(
      path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC,
      new Handler(
          [method, enter, checked](AgentService* service, grpc::ServerContext* context, const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) {
            return ServeUnary(*method, (service->calls_->*enter)(), context, *request, response, checked);
          },
          this)));
}

absl::Status AgentService::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest&,
                                     v1::GetStatusResponse* response) {
  *response = agent_->Status();
  return absl::OkStatus();
}

absl::Status AgentService::Diagnose(grpc::ServerContext*, const v1::DiagnoseRequest&, v1::DiagnoseResponse* response) {
  for (v1::Finding& finding : agent::Diagnose(agent_)) *response->add_findings() = std::move(finding);
  return absl::OkStatus();
}

absl::Status AgentService::Enroll(grpc::ServerContext*, const v1::EnrollRequest& request,
                                  v1::EnrollResponse* response) {
  MUSTER_RETURN_IF_ERROR(agent_->Enroll(request.bundle()));
  *response->mutable_status() = agent_->Status();
  return absl::OkStatus();
}

absl::Status AgentService::ListOutbox(grpc::ServerContext*, const v1::ListOutboxRequest& request,
                                      v1::ListOutboxResponse* response) {
  MUSTER_ASSIGN_OR_RETURN(const uint64_t after, NumberOf(request.page().page_token()));
  const uint32_t wanted = request.page().page_size() == 0 ? kPageSize : request.page().page_size();
  const size_t size = std::min(wanted, kPageSizeMax);
  std::vector<v1::DeliveryState> states;
  for (const int state : request.states()) states.push_back(static_cast<v1::DeliveryState>(state));
  // One more than asked for tells whether there is another page.
  MUSTER_ASSIGN_OR_RETURN(std::vector<v1::OutboxItem> items, agent_->store().outbox().List(states, after, size + 1));
  if (items.size() > size) {
    items.resize(size);
    response->set_next_page_token(absl::StrCat(items.back().number()));
  }
  for (v1::OutboxItem& item : items) *response->add_items() = std::move(item);
  return absl::OkStatus();
}

absl::Status AgentService::GetOutboxItem(grpc::ServerContext*, const v1::GetOutboxItemRequest& request,
                                         v1::GetOutboxItemResponse* response) {
  MUSTER_ASSIGN_OR_RETURN(*response->mutable_item(), agent_->store().outbox().Get(request.item()));
  return absl::OkStatus();
}

absl::Status AgentService::AwaitOutboxItem(grpc::ServerContext* context, const v1::AwaitOutboxItemRequest& request,
                                           v1::AwaitOutboxItemResponse* response) {
  const Outbox& outbox = agent_->store().outbox();
  uint64_t seen = outbox.revision().now();
  MUSTER_ASSIGN_OR_RETURN(*response->mutable_item(), outbox.Get(request.item()));
  // By its id from here on, which no renumbering changes.
  v1::OutboxItemName name;
  name.set_submission_id(response->item().submission_id());
  while (response->item().state() == v1::DELIVERY_STATE_SAVED_HERE) {
    MUSTER_RETURN_IF_ERROR(calls_->ShouldEnd(*context));
    const uint64_t now = outbox.revision().WaitBeyond(seen, kLookInterval);
    if (now == seen) continue;
    seen = now;
    MUSTER_ASSIGN_OR_RETURN(*response->mutable_item(), outbox.Get(name));
  }
  return absl::OkStatus();
}

absl::Status AgentService::RetryOutboxItem(grpc::ServerContext*, const v1::RetryOutboxItemRequest& request,
                                           v1::RetryOutboxItemResponse* response) {
  MUSTER_ASSIGN_OR_RETURN(*response->mutable_item(), agent_->Retry(request.item()));
  return absl::OkStatus();
}

absl::Status AgentService::DropOutboxItem(grpc::ServerContext*, const v1::DropOutboxItemRequest& request,
                                          v1::DropOutboxItemResponse* response) {
  MUSTER_ASSIGN_OR_RETURN(*response->mutable_item(), agent_->Drop(request.item(), request.reason()));
  return absl::OkStatus();
}

}  // namespace muster::agent
