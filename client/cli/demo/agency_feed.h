// One agency's feed, read on a thread of its own for the whole replay and held against the promise that nothing is
// missing and nothing comes twice (rule P2).
#ifndef MUSTER_CLIENT_CLI_DEMO_AGENCY_FEED_H_
#define MUSTER_CLIENT_CLI_DEMO_AGENCY_FEED_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/lib/connection.h"
#include "client/lib/subscription.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// Thread-safe.
class AgencyFeed {
 public:
  explicit AgencyFeed(std::shared_ptr<Connection> connection);
  ~AgencyFeed();
  AgencyFeed(const AgencyFeed&) = delete;
  AgencyFeed& operator=(const AgencyFeed&) = delete;

  // The newest plan of the operation that has arrived, once its version is above `version`.
  // Errors: DEADLINE_EXCEEDED, and whatever ended the feed.
  absl::StatusOr<v1::PlanView> WaitForPlanAbove(const std::string& operation_id, uint32_t version,
                                                absl::Duration timeout);

  // Everything that has arrived up to the delivery of `cursor`, such as a call's answer carries: what the agency had
  // been told when that answer was given.
  // Errors: DEADLINE_EXCEEDED, and whatever ended the feed.
  absl::StatusOr<std::vector<v1::Delivery>> ReadUpTo(const std::string& cursor, absl::Duration timeout);

  // Reads the whole history again on a second subscription and compares: the feed as it was received, across whatever
  // happened to the broker, must be the history, delivery for delivery. Call when nothing is being submitted.
  // Errors: DATA_LOSS names the first difference; DEADLINE_EXCEEDED; whatever ended the feed.
  absl::Status CheckAgainstHistory(absl::Duration timeout);

  size_t delivery_count() const;
  // How often the feed was opened anew after a break.
  int reconnects() const { return subscription_.reconnects(); }

 private:
  void Run();
  absl::Status Take(v1::Delivery delivery);

  const std::shared_ptr<Connection> connection_;
  Subscription subscription_;

  mutable absl::Mutex mu_;
  std::vector<v1::Delivery> deliveries_ ABSL_GUARDED_BY(mu_);
  absl::Status end_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace muster

#endif  // MUSTER_CLIENT_CLI_DEMO_AGENCY_FEED_H_
