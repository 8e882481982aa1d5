// The body of one stream, between the thread that writes it and the one that serves sockets.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_CONNECTION_SINK_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_CONNECTION_SINK_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/gateway/http/message.h"

namespace muster::gateway {

class HttpsConnection;

// Write, OnGone and Finish: one thread. The rest: the connection's.
class ConnectionSink : public StreamSink, public std::enable_shared_from_this<ConnectionSink> {
 public:
  explicit ConnectionSink(std::shared_ptr<HttpsConnection> connection) : connection_(std::move(connection)) {}

  bool Write(absl::string_view bytes) override;
  void OnGone(std::function<void()> on_gone) override;
  // The body is complete.
  void Finish();

  // The last Write is on its way.
  void Written();
  // Nobody reads any more.
  void Gone();
  // The server stops: what is still written is sent, if it comes soon.
  void Stopping();

 private:
  // Sends a piece in HTTP's chunked form; an empty one is the last.
  void SendPiece(std::shared_ptr<const std::string> piece);

  const std::shared_ptr<HttpsConnection> connection_;
  absl::Mutex mu_;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool gone_ ABSL_GUARDED_BY(mu_) = false;
  bool over_ ABSL_GUARDED_BY(mu_) = false;  // Gone or stopping.
  std::function<void()> on_gone_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_CONNECTION_SINK_H_
