// A server stream that writes whatever waits, one message at a time, and can be ended from outside.
//
// The stream owns itself from Begin until its call is done.
//
// Threading: thread-safe. mu_ may be followed by the publisher's lock (in TakeNext) and by nothing else; the call is
// made without it, so that what the call tells at once may take it.
#ifndef MUSTER_SERVER_RPC_PUMPED_STREAM_H_
#define MUSTER_SERVER_RPC_PUMPED_STREAM_H_

#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/byte_buffer.h"
#include "server/rpc/calls.h"
#include "server/rpc/guard.h"
#include "server/rpc/open_streams.h"

namespace muster {

class PumpedStream : public StreamReactions, public OpenStream, public std::enable_shared_from_this<PumpedStream> {
 public:
  PumpedStream(StreamCall* call, Caller caller, OpenStreams* streams)
      : call_(call), caller_(std::move(caller)), streams_(streams) {}

  // Once, as the call arrives, when the stream is complete and held by a shared_ptr.
  void Begin() {
    self_ = shared_from_this();
    streams_->Add(self_);
    call_->Serve(this);
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
          message_ = *std::move(next.message);
          writing_ = true;
        } else if (!finish.has_value()) {
          return;
        }
      }
      finished_ = finish.has_value();
    }
    if (finish.has_value()) {
      call_->Finish(*finish);
    } else {
      BeforeWrite();  // While writing_ holds Finish off: afterwards the stream may be gone.
      call_->Write(message_);
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
      call_->Cancel();  // The call lives until Finish, which waits for cancelling_.
      absl::MutexLock lock(&mu_);
      cancelling_ = false;
    }
    Pump();
  }

  void OnWriteDone(bool ok) final {
    {
      absl::MutexLock lock(&mu_);
      writing_ = false;
      message_.Clear();
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
    std::optional<grpc::ByteBuffer> message;
    std::optional<absl::Status> finish;
  };
  virtual Next TakeNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) = 0;
  // A message is about to be written; nothing is locked, and the stream cannot finish meanwhile.
  virtual void BeforeWrite() {}
  // The stream is over.
  virtual void Release() {}

  // Has OnReadDone called with the next message in `message`. Not while another is being read.
  void StartRead(grpc::ByteBuffer* message) { call_->Read(message); }

  OpenStreams* streams() const { return streams_; }

  // Whether the stream is over or about to be: then nothing more may be asked of gRPC.
  bool IsEnding() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return finished_ || end_.has_value(); }

  mutable absl::Mutex mu_;

 private:
  StreamCall* const call_;  // Until OnDone.
  const Caller caller_;
  OpenStreams* const streams_;  // Not owned; outlives this.
  std::shared_ptr<PumpedStream> self_;
  grpc::ByteBuffer message_;  // Of the write in flight.
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelling_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace muster

#endif  // MUSTER_SERVER_RPC_PUMPED_STREAM_H_
