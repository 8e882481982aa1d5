// One call of a method, from its arrival until gRPC is done with it: a unary one, or a stream.
//
// Messages are bytes, so that what cannot be parsed gets an answer that says so. A call owns itself.
#ifndef MUSTER_SERVER_RPC_CALLS_H_
#define MUSTER_SERVER_RPC_CALLS_H_

#include <atomic>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/async_stream.h"
#include "grpcpp/support/async_unary_call.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/rpc/network.h"

namespace muster {

// Threading: any thread may finish it, once.
class UnaryCall {
 public:
  // `arrived` is told whether a call has come; if none has, this is gone afterwards.
  using Arrived = std::function<void(UnaryCall* call, bool ok)>;
  UnaryCall(Network* network, Arrived arrived) : live_(network), on_arrived_(std::move(arrived)) {}
  UnaryCall(const UnaryCall&) = delete;
  UnaryCall& operator=(const UnaryCall&) = delete;

  const grpc::AuthContext& peer() const { return *context_.auth_context(); }
  const grpc::ByteBuffer& request() const { return request_; }

  // The call's end. Afterwards it may be gone.
  void Finish(const absl::Status& why);
  void Finish(const grpc::ByteBuffer& response);

 private:
  friend class QueuedService;

  void Arrive(bool ok);
  void Leave(bool) { delete this; }

  const LiveCall live_;  // Gone last.
  const Arrived on_arrived_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncResponseWriter<grpc::ByteBuffer> responder_{&context_};
  CompletionOf<UnaryCall, &UnaryCall::Arrive> arrived_{this};
  CompletionOf<UnaryCall, &UnaryCall::Leave> finished_{this};
};

// What a stream tells of itself, from the network's threads; two at once may run.
class StreamReactions {
 public:
  virtual void OnReadDone(bool) {}
  virtual void OnWriteDone(bool ok) = 0;
  // The other side has gone. Finish is still to be called.
  virtual void OnCancel() = 0;
  // The last one: the call is gone afterwards.
  virtual void OnDone() = 0;

 protected:
  ~StreamReactions() = default;
};

// Threading: any thread. One read and one write at a time. Finish once, with no write in flight; nothing but reads that
// were begun before may follow.
class StreamCall {
 public:
  // `arrived` is told whether a call has come; if none has, this is gone afterwards. It calls Serve or Finish.
  using Arrived = std::function<void(StreamCall* call, bool ok)>;
  StreamCall(Network* network, Arrived arrived) : live_(network), on_arrived_(std::move(arrived)) {}
  StreamCall(const StreamCall&) = delete;
  StreamCall& operator=(const StreamCall&) = delete;

  const grpc::AuthContext& peer() const { return *context_.auth_context(); }
  // The request of a stream that has just one.
  const grpc::ByteBuffer& request() const { return request_; }

  // From now on `reactions`, which live until OnDone, are told.
  void Serve(StreamReactions* reactions);

  void Read(grpc::ByteBuffer* message);
  void Write(const grpc::ByteBuffer& message);
  void Finish(const absl::Status& why);
  // Has what is in flight fail. Before Finish.
  void Cancel() { context_.TryCancel(); }

 private:
  friend class QueuedService;

  void Arrive(bool ok);
  void ReadDone(bool ok);
  void WriteDone(bool ok);
  void FinishDone(bool) { Settle(); }
  void End(bool);
  // One of what was in flight is settled; the last one ends this.
  void Settle();

  const LiveCall live_;  // Gone last.
  const Arrived on_arrived_;
  grpc::ServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> stream_{&context_};
  std::atomic<StreamReactions*> reactions_ = nullptr;
  std::atomic<bool> cancelled_ = false;
  std::atomic<int> in_flight_ = 3;  // From the beginning: the arrival, the end of the call, and Finish.
  CompletionOf<StreamCall, &StreamCall::Arrive> arrived_{this};
  CompletionOf<StreamCall, &StreamCall::ReadDone> read_{this};
  CompletionOf<StreamCall, &StreamCall::WriteDone> written_{this};
  CompletionOf<StreamCall, &StreamCall::FinishDone> finished_{this};
  CompletionOf<StreamCall, &StreamCall::End> ended_{this};
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_CALLS_H_
