#include "client/gateway/http/connection_sink.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "client/gateway/http/https_connection.h"

namespace muster::gateway {

namespace asio = boost::asio;
namespace http = boost::beast::http;

bool ConnectionSink::Write(absl::string_view bytes) {
  if (bytes.empty()) return true;
  {
    absl::MutexLock lock(&mu_);
    if (gone_) return false;
    writing_ = true;
  }
  SendPiece(std::make_shared<const std::string>(bytes));
  absl::MutexLock lock(&mu_);
  const auto over = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return gone_ || !writing_; };
  mu_.Await(absl::Condition(&over));
  return !gone_;
}

void ConnectionSink::Finish() { SendPiece(std::make_shared<const std::string>()); }

void ConnectionSink::SendPiece(std::shared_ptr<const std::string> piece) {
  asio::post(connection_->stream_.get_executor(), [self = shared_from_this(), piece] {
    HttpsConnection& connection = *self->connection_;
    connection.Limit(connection.shared_->limits.write);
    const auto done = [self, piece](const HttpsConnection::Error& error, size_t) {
      if (error) return self->connection_->Close();
      self->connection_->NoLimit();
      if (piece->empty()) return self->connection_->ShutDown();
      self->Written();
    };
    if (piece->empty()) {
      asio::async_write(connection.stream_, http::make_chunk_last(), done);
    } else {
      asio::async_write(connection.stream_, http::make_chunk(asio::buffer(*piece)), done);
    }
  });
}

void ConnectionSink::OnGone(std::function<void()> on_gone) {
  {
    absl::MutexLock lock(&mu_);
    if (!over_) {
      on_gone_ = std::move(on_gone);
      return;
    }
  }
  on_gone();
}

void ConnectionSink::Written() {
  absl::MutexLock lock(&mu_);
  writing_ = false;
}

void ConnectionSink::Gone() {
  {
    absl::MutexLock lock(&mu_);
    gone_ = true;
  }
  Stopping();
}

void ConnectionSink::Stopping() {
  std::function<void()> on_gone;
  {
    absl::MutexLock lock(&mu_);
    over_ = true;
    on_gone = std::exchange(on_gone_, nullptr);
  }
  if (on_gone) on_gone();
}

}  // namespace muster::gateway
