#include "client/gateway/forward/office_connection.h"

#include <utility>

namespace muster::gateway {

std::shared_ptr<Connection> OfficeConnection::current() const {
  absl::MutexLock lock(&mu_);
  return current_;
}

void OfficeConnection::Use(std::shared_ptr<Connection> connection) {
  absl::MutexLock lock(&mu_);
  std::erase_if(former_, [](const std::weak_ptr<Connection>& each) { return each.expired(); });
  if (current_ != nullptr) former_.push_back(current_);
  current_.swap(connection);  // The one before may be destroyed after the lock is gone.
}

void OfficeConnection::Close() {
  std::vector<std::shared_ptr<Connection>> all;
  {
    absl::MutexLock lock(&mu_);
    all.push_back(current_);
    for (const std::weak_ptr<Connection>& each : former_) all.push_back(each.lock());
  }
  for (const std::shared_ptr<Connection>& each : all) {
    if (each != nullptr) each->Close();
  }
}

}  // namespace muster::gateway
