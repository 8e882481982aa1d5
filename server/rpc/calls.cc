#include "server/rpc/calls.h"

#include "server/rpc/wire.h"

namespace muster {

void UnaryCall::Arrive(bool ok) {
  on_arrived_(this, ok);
  if (!ok) delete this;
}

void UnaryCall::Finish(const absl::Status& why) { responder_.FinishWithError(ToGrpcStatus(why), finished_.tag()); }

void UnaryCall::Finish(const grpc::ByteBuffer& response) {
  responder_.Finish(response, grpc::Status::OK, finished_.tag());
}

void StreamCall::Arrive(bool ok) {
  on_arrived_(this, ok);
  if (!ok) {
    delete this;
    return;
  }
  Settle();
}

void StreamCall::Serve(StreamReactions* reactions) {
  reactions_ = reactions;
  if (cancelled_) reactions->OnCancel();
}

void StreamCall::Read(grpc::ByteBuffer* message) {
  ++in_flight_;
  stream_.Read(message, read_.tag());
}

void StreamCall::Write(const grpc::ByteBuffer& message) {
  ++in_flight_;
  stream_.Write(message, written_.tag());
}

void StreamCall::Finish(const absl::Status& why) { stream_.Finish(ToGrpcStatus(why), finished_.tag()); }

void StreamCall::ReadDone(bool ok) {
  reactions_.load()->OnReadDone(ok);
  Settle();
}

void StreamCall::WriteDone(bool ok) {
  reactions_.load()->OnWriteDone(ok);
  Settle();
}

void StreamCall::End(bool) {
  if (context_.IsCancelled()) {
    cancelled_ = true;
    // Told here or by Serve, whichever comes second; by both, it does no harm.
    if (StreamReactions* const reactions = reactions_) reactions->OnCancel();
  }
  Settle();
}

void StreamCall::Settle() {
  if (--in_flight_ > 0) return;
  if (StreamReactions* const reactions = reactions_) reactions->OnDone();
  delete this;
}

}  // namespace muster
