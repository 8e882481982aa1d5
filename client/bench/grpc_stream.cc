#include "client/bench/grpc_stream.h"

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rich_status.h"

namespace muster::bench {
namespace {

// The broker may send so much before it must hear that it was read: never a limit in a measurement.
constexpr int32_t kWindowBytes = 16 << 20;
constexpr size_t kReadBytes = 64 << 10;
// What was sent is dropped from the buffers' fronts when there is more of it than this.
constexpr size_t kSlackBytes = 1 << 20;

nghttp2_nv Header(absl::string_view name, absl::string_view value) {
  const auto bytes = [](absl::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));  // nghttp2 copies both.
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

std::string PercentDecoded(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      decoded += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

}  // namespace

// What nghttp2 calls.
struct GrpcStreamCallbacks {
  static ssize_t ReadOutgoing(nghttp2_session*, int32_t, uint8_t* buffer, size_t length, uint32_t* flags,
                              nghttp2_data_source* source, void*) {
    auto& self = *static_cast<GrpcStream*>(source->ptr);
    const size_t count = std::min(length, self.outgoing_.size() - self.outgoing_at_);
    std::memcpy(buffer, self.outgoing_.data() + self.outgoing_at_, count);
    self.outgoing_at_ += count;
    const bool all = self.outgoing_at_ == self.outgoing_.size();
    if (all || self.outgoing_at_ > kSlackBytes) {
      self.outgoing_.erase(0, self.outgoing_at_);
      self.outgoing_at_ = 0;
    }
    if (all && self.finish_) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    } else if (count == 0) {
      self.deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(count);
  }

  static int OnDataChunk(nghttp2_session*, uint8_t, int32_t, const uint8_t* data, size_t size, void* user) {
    auto& self = *static_cast<GrpcStream*>(user);
    const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
    self.malformed_ |=
        !self.frames_.Feed(bytes, [&](absl::string_view message) { self.owner_->OnMessage(self, message); });
    return 0;
  }

  static int OnHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* user) {
    auto& self = *static_cast<GrpcStream*>(user);
    const absl::string_view key(reinterpret_cast<const char*>(name), name_size);
    const absl::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (key == "grpc-status") {
      if (!absl::SimpleAtoi(text, &self.grpc_status_)) self.grpc_status_ = -1;
    } else if (key == "grpc-message") {
      self.grpc_message_ = PercentDecoded(text);
    } else if (key == "grpc-status-details-bin") {
      absl::Base64Unescape(text, &self.grpc_details_);
    } else if (key == ":status") {
      self.http_status_ = std::string(text);
    }
    return 0;
  }

  static int OnStreamClose(nghttp2_session*, int32_t, uint32_t error, void* user) {
    auto& self = *static_cast<GrpcStream*>(user);
    self.closed_ = true;
    self.http2_error_ = error;
    return 0;
  }

  static nghttp2_session_callbacks* Shared() {
    static nghttp2_session_callbacks* const shared = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      nghttp2_session_callbacks_new(&callbacks);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnDataChunk);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
      return callbacks;
    }();
    return shared;
  }
};

GrpcStream::GrpcStream(EpollLoop* loop, const Route* route, const Identity* identity, std::string method, Owner* owner)
    : loop_(loop), route_(route), identity_(identity), method_(std::move(method)), owner_(owner) {}

GrpcStream::~GrpcStream() {
  if (http2_ != nullptr) nghttp2_session_del(http2_);
  tls_ = nullptr;
  if (fd_ >= 0) close(fd_);
}

absl::Status GrpcStream::Start(bool reads_ahead, const std::string* only_request) {
  if (only_request != nullptr) {
    AppendFrame(&outgoing_, *only_request);
    finish_ = true;
  }
  absl::StatusOr<int> fd = route_->Connect();
  if (!fd.ok()) return fd.status();
  fd_ = *fd;
  absl::StatusOr<UniqueSsl> tls = route_->NewTls(fd_, identity_, reads_ahead);
  if (!tls.ok()) return tls.status();
  tls_ = *std::move(tls);
  state_ = State::kConnecting;
  writable_ = true;
  loop_->Add(fd_, this, writable_);
  return absl::OkStatus();
}

void GrpcStream::OnReady() {
  if (state_ == State::kConnecting) Handshake();
  if (state_ != State::kOpen) return;
  Receive();
  if (state_ == State::kOpen) Send();
}

void GrpcStream::Handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(tls_.get());
  if (done == 1) {
    state_ = State::kOpen;
    if (const absl::Status begun = BeginHttp2(); !begun.ok()) return End(begun);
    owner_->OnOpen(*this);
    return;
  }
  const int error = SSL_get_error(tls_.get(), done);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return WantWritable(error == SSL_ERROR_WANT_WRITE);
  int socket_error = 0;
  socklen_t size = sizeof(socket_error);
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &socket_error, &size);
  const std::string why = error == SSL_ERROR_SYSCALL
                              ? (socket_error == 0 ? "it was closed" : strerrordesc_np(socket_error))
                              : TakeOpenSslErrors();
  End(absl::UnavailableError(absl::StrCat("no TLS connection to ", route_->authority(), ": ", why)));
}

absl::Status GrpcStream::BeginHttp2() {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(tls_.get(), &protocol, &size);
  if (size != 2) return absl::UnavailableError(absl::StrCat(route_->authority(), " does not speak HTTP/2"));
  nghttp2_session_client_new(&http2_, GrpcStreamCallbacks::Shared(), this);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindowBytes}};
  nghttp2_submit_settings(http2_, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(http2_, NGHTTP2_FLAG_NONE, 0, kWindowBytes);
  const nghttp2_nv headers[] = {Header(":method", "POST"),
                                Header(":scheme", "https"),
                                Header(":path", method_),
                                Header(":authority", route_->authority()),
                                Header("te", "trailers"),
                                Header("content-type", "application/grpc"),
                                Header("user-agent", "muster-bench")};
  nghttp2_data_provider body = {};
  body.source.ptr = this;
  body.read_callback = GrpcStreamCallbacks::ReadOutgoing;
  stream_id_ = nghttp2_submit_request(http2_, nullptr, headers, std::size(headers), &body, this);
  if (stream_id_ < 0) return absl::InternalError(nghttp2_strerror(stream_id_));
  return absl::OkStatus();
}

void GrpcStream::Receive() {
  static thread_local std::vector<uint8_t> buffer(kReadBytes);
  receiving_ = true;
  absl::Status broken;
  for (;;) {
    ERR_clear_error();
    const int count = SSL_read(tls_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (count <= 0) {
      const int error = SSL_get_error(tls_.get(), count);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
      broken = absl::UnavailableError(absl::StrCat("the connection to ", route_->authority(), " broke: ",
                                                   error == SSL_ERROR_SSL ? TakeOpenSslErrors() : "it was closed"));
      break;
    }
    received_bytes_ += static_cast<uint64_t>(count);
    const ssize_t taken = nghttp2_session_mem_recv(http2_, buffer.data(), static_cast<size_t>(count));
    if (taken < 0 || malformed_) {
      broken = absl::InternalError(absl::StrCat(route_->authority(), " sent what is not gRPC: ",
                                                taken < 0 ? nghttp2_strerror(static_cast<int>(taken)) : "its framing"));
      break;
    }
    // Windows are opened again while there is more to read, so that the broker need not stop.
    if (nghttp2_session_want_write(http2_) != 0) Send();
    if (closed_ || state_ != State::kOpen) break;
  }
  receiving_ = false;
  if (closed_) return End(CallStatus());
  if (!broken.ok()) End(broken);
}

void GrpcStream::Flush() {
  if (!receiving_ && state_ == State::kOpen) Send();  // OnReady sends once all is received.
}

void GrpcStream::FinishWriting() {
  finish_ = true;
  Flush();
}

void GrpcStream::Send() {
  if (deferred_ && (finish_ || outgoing_at_ < outgoing_.size())) {
    deferred_ = false;
    nghttp2_session_resume_data(http2_, stream_id_);
  }
  for (;;) {
    const uint8_t* frames = nullptr;
    const ssize_t count = nghttp2_session_mem_send(http2_, &frames);
    if (count < 0) return End(absl::InternalError(nghttp2_strerror(static_cast<int>(count))));
    if (count == 0) break;
    unsent_.append(reinterpret_cast<const char*>(frames), static_cast<size_t>(count));
  }
  while (unsent_at_ < unsent_.size()) {
    ERR_clear_error();
    const int count = SSL_write(tls_.get(), unsent_.data() + unsent_at_, static_cast<int>(unsent_.size() - unsent_at_));
    if (count <= 0) {
      const int error = SSL_get_error(tls_.get(), count);
      if (error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ) break;
      return End(absl::UnavailableError(absl::StrCat("the connection to ", route_->authority(), " broke")));
    }
    unsent_at_ += static_cast<size_t>(count);
  }
  const bool all = unsent_at_ == unsent_.size();
  if (all || unsent_at_ > kSlackBytes) {
    unsent_.erase(0, unsent_at_);
    unsent_at_ = 0;
  }
  WantWritable(!all);
}

void GrpcStream::WantWritable(bool writable) {
  if (writable == writable_) return;
  writable_ = writable;
  loop_->SetWritable(fd_, this, writable);
}

void GrpcStream::End(const absl::Status& status) {
  if (state_ == State::kEnded) return;
  state_ = State::kEnded;
  close(fd_);
  fd_ = -1;
  owner_->OnEnd(*this, status);
}

absl::Status GrpcStream::CallStatus() const {
  if (grpc_status_ == 0) return absl::OkStatus();
  if (grpc_status_ > 0) return FromRichStatus(grpc_status_, grpc_message_, grpc_details_);
  return absl::UnavailableError(absl::StrCat("the broker broke off the call (HTTP status ",
                                             http_status_.empty() ? "none" : http_status_, ", ",
                                             nghttp2_http2_strerror(http2_error_), ")"));
}

}  // namespace muster::bench
