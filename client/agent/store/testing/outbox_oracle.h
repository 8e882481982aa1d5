// What an outbox must do, said as simply as can be: for tests that compare.
#ifndef MUSTER_CLIENT_AGENT_STORE_TESTING_OUTBOX_ORACLE_H_
#define MUSTER_CLIENT_AGENT_STORE_TESTING_OUTBOX_ORACLE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "client/agent/store/outbox.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class OutboxOracle {
 public:
  struct Item {
    muster::v1::Submission submission;
    v1::DeliveryState state = v1::DELIVERY_STATE_SAVED_HERE;
    muster::v1::ErrorReason refusal = muster::v1::ERROR_REASON_UNSPECIFIED;
    std::string drop_reason;
    uint64_t retried_as = 0;
    absl::Time state_at;
    bool held = false;
    bool removed = false;
    // Where brokers know it: an index into outbox_ids, and a number.
    size_t outbox = 0;
    uint64_t sent_as = 0;

    bool settled() const { return state != v1::DELIVERY_STATE_SAVED_HERE; }
    bool due() const { return !settled() && !held; }
  };

  explicit OutboxOracle(std::string outbox_id) { outbox_ids_.push_back(std::move(outbox_id)); }

  // Numbers count from 1.
  Item& at(uint64_t number) { return items_[number - 1]; }
  uint64_t size() const { return items_.size(); }

  uint64_t Save(const muster::v1::Submission& submission, absl::Time now);
  void Decide(uint64_t number, v1::DeliveryState state, absl::Time now);
  void Refuse(uint64_t number, muster::v1::ErrorReason reason);
  // The broker has forgotten it.
  void Hold(uint64_t number);
  // `outbox_id` is the new one.
  void Renumber(uint64_t number, std::string outbox_id);
  void Drop(uint64_t number, const std::string& reason, absl::Time now);
  void Remove(absl::Time before);

  // Reports (as test failures) where `outbox` differs.
  void Compare(const Outbox& outbox) const;

 private:
  void CompareItems(const Outbox& outbox) const;
  void CompareToSend(const Outbox& outbox) const;
  uint64_t ConfirmedThrough(size_t outbox) const;

  std::vector<Item> items_;
  std::vector<std::string> outbox_ids_;
  std::vector<uint64_t> last_sent_as_ = {0};
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_TESTING_OUTBOX_ORACLE_H_
