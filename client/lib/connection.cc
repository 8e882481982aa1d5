#include "client/lib/connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "common/deadline.h"
#include "common/error_reason.h"

namespace muster {
namespace {

constexpr char kClosedInHandshakeUrl[] = "muster/closed-in-handshake";

}  // namespace

Connection::Connection(ConnectionOptions options, const Clock* clock) : options_(std::move(options)), clock_(clock) {}

absl::Status Connection::Call(absl::string_view method, const google::protobuf::Message& request,
                              google::protobuf::Message* response) {
  return Call(method, request, response, options_.deadline);
}

absl::Status Connection::Call(absl::string_view method, const google::protobuf::Message& request,
                              google::protobuf::Message* response, absl::Duration within) {
  const Deadline deadline(within, *clock_);
  const auto wait = [this](absl::Duration duration) {
    Wait(duration);
    return !closed();
  };
  bool always_closed_in_handshake = true;
  const absl::Status end = RetryUntil(deadline, options_.retry, wait, [&] {
    if (closed()) return absl::CancelledError("closed");
    const size_t broker = broker_.load();
    const absl::Status status =
        CallOnce(broker, method, request, response, std::min(deadline.left(), options_.attempt_deadline));
    if (IsRetryable(status)) MoveOnFrom(broker);
    always_closed_in_handshake &= status.GetPayload(kClosedInHandshakeUrl).has_value();
    return status;
  });
  if (!end.ok() && closed()) return absl::CancelledError("the connection was closed");
  if (end.ok() || !always_closed_in_handshake) return end;
  return Refusal(v1::ERROR_REASON_CERTIFICATE_UNUSABLE,
                 absl::StrCat(end.message(), " every time: most likely it does not accept the certificate ",
                              options_.certificate_file, " or its authority; ask the broker's operator"));
}

void Connection::SetClosedInHandshake(absl::Status& status) { status.SetPayload(kClosedInHandshakeUrl, absl::Cord()); }

void Connection::MoveOnFrom(size_t broker) {
  if (options_.brokers.size() < 2) return;
  broker_.compare_exchange_strong(broker, (broker + 1) % options_.brokers.size());
}

void Connection::Close() {
  if (closed_.exchange(true)) return;
  closing_.Bump();
  CancelAttempts();
}

void Connection::Wait(absl::Duration duration) {
  closing_.Await(duration, [this] { return closed(); });
}

}  // namespace muster
