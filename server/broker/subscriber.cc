#include "server/broker/subscriber.h"

#include "absl/synchronization/mutex.h"
#include "server/broker/publisher.h"

namespace muster {

size_t Subscriber::Drain(size_t count_max, size_t bytes_max, std::vector<DeliveryRun>* out, bool* caught_up) {
  return publisher_->Drain(this, count_max, bytes_max, out, caught_up);
}

absl::Status Subscriber::status() const {
  absl::MutexLock lock(&publisher_->publisher_mu_);
  return status_;
}

void Subscriber::Cancel() { publisher_->Cancel(this); }

}  // namespace muster
