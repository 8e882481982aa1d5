// A broker that knows no operation but decides each outbox number once, and in order, as server/state/deduplication
// does.
#ifndef MUSTER_CLIENT_AGENT_LINK_TESTING_OUTBOX_BROKER_H_
#define MUSTER_CLIENT_AGENT_LINK_TESTING_OUTBOX_BROKER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/lib/testing/fake_connection.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

// Thread-safe.
class OutboxBroker {
 public:
  // What is answered before the log, if anything.
  using Refuse = std::function<std::optional<muster::v1::SubmissionAnswer>(const muster::v1::Submission&)>;

  explicit OutboxBroker(Refuse refuse = {}) : refuse_(std::move(refuse)) {}

  // For FakeConnection::wires.
  FakeWire::Answer Wire();

  void set_refuse(Refuse refuse);
  // The submissions that were decided, in that order.
  std::vector<muster::v1::Submission> decided() const;
  // Answers that there was a gap.
  int gaps() const;

 private:
  muster::v1::SubmissionAnswer Answer(const muster::v1::Submission& submission);

  mutable absl::Mutex mu_;
  Refuse refuse_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, muster::v1::SubmissionAnswer> answers_ ABSL_GUARDED_BY(mu_);
  std::vector<muster::v1::Submission> decided_ ABSL_GUARDED_BY(mu_);
  int gaps_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_LINK_TESTING_OUTBOX_BROKER_H_
