// The office's connection to its brokers, made anew when the office's certificate is renewed: calls and streams that
// begin then use the new one, those under way go on with the old one.
//
// Threading: thread-safe.
#ifndef MUSTER_CLIENT_GATEWAY_FORWARD_OFFICE_CONNECTION_H_
#define MUSTER_CLIENT_GATEWAY_FORWARD_OFFICE_CONNECTION_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/lib/connection.h"

namespace muster::gateway {

class OfficeConnection {
 public:
  // `connection` may be null; then Use is called before anything else.
  explicit OfficeConnection(std::shared_ptr<Connection> connection = nullptr) : current_(std::move(connection)) {}
  OfficeConnection(const OfficeConnection&) = delete;
  OfficeConnection& operator=(const OfficeConnection&) = delete;

  std::shared_ptr<Connection> current() const;
  // From now on, `connection` is the current one.
  void Use(std::shared_ptr<Connection> connection);
  // Ends every call under way, of the old ones too, and each later one.
  void Close();

 private:
  mutable absl::Mutex mu_;
  std::shared_ptr<Connection> current_ ABSL_GUARDED_BY(mu_);
  // Those that something is still under way on.
  std::vector<std::weak_ptr<Connection>> former_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_FORWARD_OFFICE_CONNECTION_H_
