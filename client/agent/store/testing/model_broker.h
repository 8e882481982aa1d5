// A broker reduced to what an outbox depends on: it decides each number of each outbox once, and remembers an outcome
// until that is confirmed (server/state/deduplication.h has the rules).
#ifndef MUSTER_CLIENT_AGENT_STORE_TESTING_MODEL_BROKER_H_
#define MUSTER_CLIENT_AGENT_STORE_TESTING_MODEL_BROKER_H_

#include <cstdint>
#include <map>
#include <string>

#include "muster/v1/submission.pb.h"

namespace muster::agent {

class ModelBroker {
 public:
  // Holds whose reason begins so are refused before the log, and decided against.
  static constexpr char kRefused[] = "refuse";
  static constexpr char kRejected[] = "reject";

  muster::v1::SubmissionAnswer Receive(const muster::v1::Submission& submission);

  // How often a hold with this reason was applied.
  int applied(const std::string& reason) const;
  // By reason.
  const std::map<std::string, int>& all_applied() const { return applied_; }

 private:
  struct Outbox {
    uint64_t highest = 0;
    std::map<uint64_t, muster::v1::SubmissionAnswer> unconfirmed;
  };

  muster::v1::SubmissionAnswer Decide(const muster::v1::Submission& submission);
  // The answer that the id got under any number; null when that is not known.
  const muster::v1::SubmissionAnswer* Find(const std::string& submission_id) const;

  std::map<std::string, Outbox> outboxes_;
  std::map<std::string, int> applied_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_STORE_TESTING_MODEL_BROKER_H_
