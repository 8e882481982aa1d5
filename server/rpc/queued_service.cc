#include "server/rpc/queued_service.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace muster {
namespace {

using grpc::internal::RpcMethod;

}  // namespace

void QueuedService::AddUnary(absl::string_view rpc, Unary serve) {
  Add({absl::StrCat("/", rpc), RpcMethod::NORMAL_RPC, std::move(serve), nullptr});
}

void QueuedService::AddStream(absl::string_view rpc, Stream serve) {
  Add({absl::StrCat("/", rpc), RpcMethod::BIDI_STREAMING, nullptr, std::move(serve)});
}

void QueuedService::AddFeed(absl::string_view rpc, Stream serve) {
  Add({absl::StrCat("/", rpc), RpcMethod::SERVER_STREAMING, nullptr, std::move(serve)});
}

void QueuedService::Add(Method method) {
  const int index = static_cast<int>(methods_.size());
  const Method& added = methods_.emplace_back(std::move(method));
  AddMethod(new grpc::internal::RpcServiceMethod(added.path.c_str(), added.type, nullptr));
  MarkMethodRaw(index);
}

void QueuedService::Start(Network* network) {
  network_ = network;
  int index = 0;
  for (const Method& method : methods_) {
    if (method.unary != nullptr) {
      AwaitUnary(index, method);
    } else {
      AwaitStream(index, method);
    }
    ++index;
  }
}

void QueuedService::AwaitUnary(int index, const Method& method) {
  auto* const call = new UnaryCall(network_, [this, index, &method](UnaryCall* arrived, bool ok) {
    if (!ok) return;
    AwaitUnary(index, method);
    network_->Run([&method, arrived] { method.unary(arrived); });
  });
  grpc::ServerCompletionQueue* const queue = network_->queue();
  RequestAsyncUnary(index, &call->context_, &call->request_, &call->responder_, queue, queue, call->arrived_.tag());
}

void QueuedService::AwaitStream(int index, const Method& method) {
  auto* const call = new StreamCall(network_, [this, index, &method](StreamCall* arrived, bool ok) {
    if (!ok) return;
    AwaitStream(index, method);
    method.stream(arrived);
  });
  call->context_.AsyncNotifyWhenDone(call->ended_.tag());
  grpc::ServerCompletionQueue* const queue = network_->queue();
  void* const arrived = call->arrived_.tag();
  if (method.type == RpcMethod::BIDI_STREAMING) {
    RequestAsyncBidiStreaming(index, &call->context_, &call->stream_, queue, queue, arrived);
  } else {
    RequestAsyncServerStreaming(index, &call->context_, &call->request_, &call->stream_, queue, queue, arrived);
  }
}

}  // namespace muster
