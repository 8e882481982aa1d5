// A service whose methods are served on the network's threads, whatever their messages are.
//
// Threading: AddUnary, AddStream and AddFeed before the server is built; Start once after it has started.
#ifndef MUSTER_SERVER_RPC_QUEUED_SERVICE_H_
#define MUSTER_SERVER_RPC_QUEUED_SERVICE_H_

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "grpcpp/impl/service_type.h"
#include "server/rpc/calls.h"
#include "server/rpc/network.h"

namespace muster {

class QueuedService : public grpc::Service {
 public:
  // Finishes the call, then or later.
  using Unary = std::function<void(UnaryCall* call)>;
  // Serves or finishes the call.
  using Stream = std::function<void(StreamCall* call)>;

  // `rpc`: such as "muster.v1.PlanService/GetPlan". Runs on a "calls" thread.
  void AddUnary(absl::string_view rpc, Unary serve);
  // Many requests, read one by one. Runs on a "network" thread.
  void AddStream(absl::string_view rpc, Stream serve);
  // One request, and many responses. Runs on a "network" thread.
  void AddFeed(absl::string_view rpc, Stream serve);

  // Lets calls come. `network` is borrowed until the server has shut down.
  void Start(Network* network);

 private:
  struct Method {
    std::string path;  // gRPC keeps a pointer to it.
    grpc::internal::RpcMethod::RpcType type;
    Unary unary;
    Stream stream;
  };
  void Add(Method method);
  // Lets the next call of a method come.
  void AwaitUnary(int index, const Method& method);
  void AwaitStream(int index, const Method& method);

  std::list<Method> methods_;
  Network* network_ = nullptr;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_QUEUED_SERVICE_H_
