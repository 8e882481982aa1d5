// One gRPC stream on a connection of its own: TCP, TLS 1.3, HTTP/2 (by nghttp2) and gRPC's framing, on an EpollLoop and
// without a thread. A load measures the broker, so what it costs to be its client must be small and always the same.
//
// Threading: that of the loop.
#ifndef MUSTER_CLIENT_BENCH_GRPC_STREAM_H_
#define MUSTER_CLIENT_BENCH_GRPC_STREAM_H_

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/bench/epoll_loop.h"
#include "client/bench/grpc_frames.h"
#include "client/bench/route.h"

namespace muster::bench {

class GrpcStream final : private EpollLoop::Watcher {
 public:
  // Calls come from EpollLoop::Poll. None of them may destroy the stream.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The connection stands, and the call has been sent.
    virtual void OnOpen(GrpcStream&) {}
    // `message` is valid during the call.
    virtual void OnMessage(GrpcStream& stream, absl::string_view message) = 0;
    // Once, last: OK when the broker ended the call as done, else why it did, or what broke.
    virtual void OnEnd(GrpcStream& stream, const absl::Status& status) = 0;
  };

  // `method` such as "/muster.v1.FeedService/Subscribe". Nothing given here is owned; all outlive this. `identity` may
  // be null: the route's certificate.
  GrpcStream(EpollLoop* loop, const Route* route, const Identity* identity, std::string method, Owner* owner);
  ~GrpcStream() override;
  GrpcStream(const GrpcStream&) = delete;
  GrpcStream& operator=(const GrpcStream&) = delete;

  // Begins to connect. With `only_request` the call is of one message, this one; without, see outgoing().
  // `reads_ahead` as Route::NewTls says.
  absl::Status Start(bool reads_ahead, const std::string* only_request = nullptr);

  // Frames (grpc_frames.h) appended here are sent by the next Flush.
  std::string& outgoing() { return outgoing_; }
  // Sends as much as can be sent without waiting; the loop sees to the rest.
  void Flush();
  // Nothing more is sent.
  void FinishWriting();

  bool open() const { return state_ == State::kOpen; }
  bool ended() const { return state_ == State::kEnded; }
  // Bytes on the stream's connection that were received, as HTTP/2 (after TLS).
  uint64_t received_bytes() const { return received_bytes_; }

 private:
  friend struct GrpcStreamCallbacks;
  enum class State { kIdle, kConnecting, kOpen, kEnded };

  void OnReady() override;
  void Handshake();
  absl::Status BeginHttp2();
  // Everything that has arrived.
  void Receive();
  // nghttp2's frames into unsent_, and that into TLS.
  void Send();
  void WantWritable(bool writable);
  void End(const absl::Status& status);
  // What the call ended with, by its trailers.
  absl::Status CallStatus() const;

  EpollLoop* const loop_;
  const Route* const route_;
  const Identity* const identity_;
  const std::string method_;
  Owner* const owner_;

  State state_ = State::kIdle;
  int fd_ = -1;
  UniqueSsl tls_;
  nghttp2_session* http2_ = nullptr;
  int32_t stream_id_ = 0;
  bool writable_ = false;
  bool receiving_ = false;

  std::string outgoing_;
  size_t outgoing_at_ = 0;  // Before it nghttp2 has taken all.
  bool finish_ = false;
  bool deferred_ = false;  // nghttp2 waits for resume.
  std::string unsent_;
  size_t unsent_at_ = 0;

  FrameReader frames_;
  bool malformed_ = false;
  bool closed_ = false;  // The HTTP/2 stream.
  uint32_t http2_error_ = 0;
  int grpc_status_ = -1;
  std::string grpc_message_;
  std::string grpc_details_;
  std::string http_status_;
  uint64_t received_bytes_ = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_GRPC_STREAM_H_
