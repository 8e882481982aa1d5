#include "client/lib/connection.h"

#include <algorithm>
#include <utility>


namespace muster {

Connection::Connection(ConnectionOptions options, const Clock* clock) : options_(std::move(options)), clock_(clock) {}

absl::Status Connection::Call(absl::string_view method, const google::protobuf::Message& request,
                              google::protobuf::Message* response) {
  const absl::Time deadline = clock_->Now() + options_.deadline;
  const auto wait = [this](absl::Duration duration) {
    Wait(duration);
    return true;
  };
  return RetryUntil(deadline, options_.retry, *clock_, wait, [&] {
    const size_t broker = broker_.load();
    const absl::Time attempt_deadline = std::min(deadline, clock_->Now() + options_.attempt_deadline);
    const absl::Status status = CallOnce(broker, method, request, response, attempt_deadline);
    if (IsRetryable(status)) MoveOnFrom(broker);
    return status;
  });
}

void Connection::MoveOnFrom(size_t broker) {
  if (options_.brokers.size() < 2) return;
  broker_.compare_exchange_strong(broker, (broker + 1) % options_.brokers.size());
}

void Connection::Wait(absl::Duration duration) { absl::SleepFor(duration); }

}  // namespace muster
