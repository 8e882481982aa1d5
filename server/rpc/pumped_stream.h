// A server stream that writes whatever waits, one message at a time, and can be ended from outside.
//
// Reactor is grpc::ServerWriteReactor or grpc::ServerBidiReactor of byte buffers. The stream owns itself from Begin
// until gRPC says that it is done.
//
// Threading: thread-safe. mu_ may be followed by the publisher's lock (in TakeNext) and by nothing else; gRPC is called
// without it, because gRPC may call back on the same thread.
#ifndef MUSTER_SERVER_RPC_PUMPED_STREAM_H_
#define MUSTER_SERVER_RPC_PUMPED_STREAM_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc/guard.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/wire.h"

namespace muster {

template <typename Reactor>
class PumpedStream : public Reactor, public OpenStream, public std::enable_shared_from_this<PumpedStream<Reactor>> {
 public:
  PumpedStream(grpc::CallbackServerContext* context, Caller caller, OpenStreams* streams)
      : context_(context), caller_(std::move(caller)), streams_(streams) {}

  // Once, when the stream is complete and held by a shared_ptr.
  void Begin() {
    self_ = this->shared_from_this();
    streams_->Add(self_);
    Pump();
  }

  const Caller& caller() const final { return caller_; }

  void Pump() final {
    std::optional<absl::Status> finish;
    {
      absl::MutexLock lock(&mu_);
      if (finished_ || writing_ || cancelling_) return;
      finish = end_;
      if (!finish.has_value()) {
        Next next = TakeNext();
        finish = std::move(next.finish);
        if (next.message.has_value()) {
          message_ = ToBuffer(*next.message);
          writing_ = true;
        } else if (!finish.has_value()) {
          return;
        }
      }
      finished_ = finish.has_value();
    }
    if (finish.has_value()) {
      Reactor::Finish(ToGrpcStatus(*finish));
    } else {
      BeforeWrite();  // While writing_ holds Finish off: afterwards the stream may be gone.
      Reactor::StartWrite(&message_);
    }
  }

  void End(const absl::Status& why) final {
    bool cancel = false;
    {
      absl::MutexLock lock(&mu_);
      if (finished_ || cancelling_) return;
      cancel = end_.has_value() && writing_;  // Asked before, and the reader does not take what is being written.
      cancelling_ = cancel;
      if (!end_.has_value()) end_ = why;
    }
    if (cancel) {
      context_->TryCancel();  // The context lives until Finish, which waits for cancelling_.
      absl::MutexLock lock(&mu_);
      cancelling_ = false;
    }
    Pump();
  }

  void OnWriteDone(bool ok) final {
    {
      absl::MutexLock lock(&mu_);
      writing_ = false;
      if (!ok && !end_.has_value()) end_ = absl::CancelledError("the reader has gone");
    }
    Pump();
  }

  void OnCancel() final { End(absl::CancelledError("the reader has gone")); }

  void OnDone() final {
    const std::shared_ptr<PumpedStream> self = std::move(self_);
    streams_->Remove(this);
    Release();
  }

 protected:
  // What to do next: write a message, finish, or wait for the next Pump when both are unset.
  struct Next {
    std::optional<std::string> message;
    std::optional<absl::Status> finish;
  };
  virtual Next TakeNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;
  // A message is about to be written; nothing is locked, and the stream cannot finish meanwhile.
  virtual void BeforeWrite() {}
  // The stream is over.
  virtual void Release() {}

  OpenStreams* streams() const { return streams_; }

  // Whether the stream is over or about to be: then nothing more may be asked of gRPC.
  bool IsEnding() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return finished_ || end_.has_value(); }

  mutable absl::Mutex mu_;

 private:
  grpc::CallbackServerContext* const context_;
  const Caller caller_;
  OpenStreams* const streams_;  // Not owned; outlives this.
  std::shared_ptr<PumpedStream> self_;
  grpc::ByteBuffer message_;  // Of the write in flight.
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelling_ ABSL_GUARDED_BY(mu_) = false;
};

// A stream that is refused before it begins.
template <typename Reactor>
class RefusedStream final : public Reactor {
 public:
  explicit RefusedStream(const absl::Status& why) { this->Finish(ToGrpcStatus(why)); }
  void OnDone() override { delete this; }
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_PUMPED_STREAM_H_
