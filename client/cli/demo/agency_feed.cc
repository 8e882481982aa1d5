#include "client/cli/demo/agency_feed.h"

#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/deadline.h"
#include "common/status_macros.h"

namespace muster {
namespace {

absl::Status CheckFollows(const std::vector<v1::Delivery>& before, const v1::Delivery& next) {
  if (before.empty() || next.previous_cursor() == before.back().cursor()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "delivery ", before.size() + 1, " says that it follows cursor ", absl::BytesToHexString(next.previous_cursor()),
      ", but the one before it was ", absl::BytesToHexString(before.back().cursor())));
}

bool SameDelivery(const v1::Delivery& a, const v1::Delivery& b) {
  return a.cursor() == b.cursor() && a.previous_cursor() == b.previous_cursor() &&
         a.notice().SerializeAsString() == b.notice().SerializeAsString();
}

absl::StatusOr<std::vector<v1::Delivery>> ReadHistory(const std::shared_ptr<Connection>& connection,
                                                      const Deadline& deadline) {
  Subscription history(connection, {});
  std::vector<v1::Delivery> deliveries;
  while (!history.caught_up()) {
    MUSTER_ASSIGN_OR_RETURN(std::optional<v1::Delivery> next, history.Next(deadline.left()));
    if (next.has_value()) {
      deliveries.push_back(*std::move(next));
    } else if (deadline.passed()) {
      return absl::DeadlineExceededError("the history of the feed did not come to its end in time");
    }
  }
  return deliveries;
}

}  // namespace

AgencyFeed::AgencyFeed(std::shared_ptr<Connection> connection)
    : connection_(connection), subscription_(std::move(connection), {}), thread_([this] { Run(); }) {}

AgencyFeed::~AgencyFeed() {
  subscription_.Cancel();
  thread_.join();
}

void AgencyFeed::Run() {
  absl::Status status;
  while (status.ok()) {
    absl::StatusOr<std::optional<v1::Delivery>> next = subscription_.Next(absl::InfiniteDuration());
    status = next.status();
    if (status.ok() && next->has_value()) status = Take(**std::move(next));
  }
  absl::MutexLock lock(&mu_);
  end_ = status;
}

absl::Status AgencyFeed::Take(v1::Delivery delivery) {
  absl::MutexLock lock(&mu_);
  MUSTER_RETURN_IF_ERROR(CheckFollows(deliveries_, delivery));
  deliveries_.push_back(std::move(delivery));
  return absl::OkStatus();
}

absl::StatusOr<v1::PlanView> AgencyFeed::WaitForPlanAbove(const std::string& operation_id, uint32_t version,
                                                          absl::Duration timeout) {
  const v1::PlanView* found = nullptr;
  auto arrived = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    for (auto it = deliveries_.rbegin(); it != deliveries_.rend() && found == nullptr; ++it) {
      if (it->notice().has_plan() && it->notice().operation_id() == operation_id) {
        if (it->notice().plan().version() <= version) break;
        found = &it->notice().plan();
      }
    }
    return found != nullptr || !end_.ok();
  };
  absl::MutexLock lock(&mu_);
  if (!mu_.AwaitWithTimeout(absl::Condition(&arrived), timeout)) {
    return absl::DeadlineExceededError(
        absl::StrCat("no plan above version ", version, " arrived on the feed in ", absl::FormatDuration(timeout)));
  }
  if (found == nullptr) return end_;
  return *found;
}

absl::StatusOr<std::vector<v1::Delivery>> AgencyFeed::ReadUpTo(const std::string& cursor, absl::Duration timeout) {
  std::vector<v1::Delivery>::const_iterator found;
  auto arrived = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    found = absl::c_find_if(deliveries_, [&](const v1::Delivery& delivery) { return delivery.cursor() == cursor; });
    return found != deliveries_.end() || !end_.ok();
  };
  absl::MutexLock lock(&mu_);
  if (!mu_.AwaitWithTimeout(absl::Condition(&arrived), timeout)) {
    return absl::DeadlineExceededError(absl::StrCat("the delivery of cursor ", absl::BytesToHexString(cursor),
                                                    " did not arrive on the feed in ", absl::FormatDuration(timeout)));
  }
  if (found == deliveries_.end()) return end_;
  return std::vector<v1::Delivery>(deliveries_.cbegin(), found + 1);
}

absl::Status AgencyFeed::CheckAgainstHistory(absl::Duration timeout) {
  const Deadline deadline(timeout);
  MUSTER_ASSIGN_OR_RETURN(const std::vector<v1::Delivery> history, ReadHistory(connection_, deadline));
  absl::MutexLock lock(&mu_);
  auto complete = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return deliveries_.size() >= history.size() || !end_.ok(); };
  const bool in_time = mu_.AwaitWithTimeout(absl::Condition(&complete), deadline.left());
  MUSTER_RETURN_IF_ERROR(end_);
  for (size_t i = 0; i < deliveries_.size() && i < history.size(); ++i) {
    if (SameDelivery(deliveries_[i], history[i])) continue;
    return absl::DataLossError(absl::StrCat("delivery ", i + 1, " as received differs from the history"));
  }
  if (!in_time || deliveries_.size() != history.size()) {
    return absl::DataLossError(
        absl::StrCat("received ", deliveries_.size(), " deliveries, the history holds ", history.size()));
  }
  return absl::OkStatus();
}

size_t AgencyFeed::delivery_count() const {
  absl::MutexLock lock(&mu_);
  return deliveries_.size();
}

}  // namespace muster
