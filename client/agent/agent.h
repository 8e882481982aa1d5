// A command post's daemon, put together: store, link, threads, hook. main.cc and the local API (client/agent/serve) use
// it.
//
// Data flows one way each:
//   local caller -> serve -> Submit -> outbox -> sender -> broker -> outcome -> outbox -> whoever awaits it
//   broker -> receiver -> inbox (and mirror) -> local readers, hook
//
// Threading: Start and Stop on one thread; everything else from any. Submit and Read may block and must not be called
// on threads that may not.
#ifndef MUSTER_CLIENT_AGENT_AGENT_H_
#define MUSTER_CLIENT_AGENT_AGENT_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/agent/link/link.h"
#include "client/agent/store/inbox.h"
#include "client/agent/store/outbox.h"
#include "client/agent/store/store.h"
#include "common/clock.h"
#include "common/identity.h"
#include "google/protobuf/message.h"
#include "muster/agent/v1/agent.pb.h"
#include "muster/config/v1/agent.pb.h"
#include "muster/v1/submission.pb.h"

namespace muster::agent {

class Heartbeat;
class Hook;
class Keeper;
class Receiver;
class Refresher;
class Sender;

class Agent {
 public:
  // `clock` is not owned and outlives this. `failed` is called once, from any thread, when the store cannot be trusted
  // any more and the process must end.
  Agent(config::v1::AgentConfig config, std::unique_ptr<Store> store, const Clock* clock,
        std::function<void(const absl::Status&)> failed);
  ~Agent();

  // Starts the threads; connects if the store holds an identity.
  absl::Status Start();
  // Stops them. What is saved stays saved.
  void Stop();
  // Stops the hook alone, and with it a program that it runs; that delivery comes again after the next start.
  void StopHook();

  // Saves `submission` (valid; a missing id is made) and, while connected, waits up to answer_within for its decision.
  // The outcome has `saved_here` when there is none yet.
  //
  // Errors: INVALID_ARGUMENT malformed; FAILED_PRECONDITION not enrolled, or READY with a wrong clock; ALREADY_EXISTS;
  //         RESOURCE_EXHAUSTED the disk is full, nothing was saved.
  absl::StatusOr<muster::v1::Outcome> Submit(muster::v1::Submission submission);
  // The two halves of Submit, for callers with many: saves and does not wait ...
  absl::StatusOr<v1::OutboxItem> Save(muster::v1::Submission submission);
  // ... and waits until the item is decided, `within` has passed or the link breaks, whichever is first.
  absl::StatusOr<muster::v1::Outcome> AwaitOutcome(uint64_t number, absl::Duration within);
  // What an item's state says to whoever submitted it. A REJECTED item whose withdrawal settled a refusal
  // (item.refusal()) gives that refusal as an error, as the broker did.
  static absl::StatusOr<muster::v1::Outcome> OutcomeOf(const v1::OutboxItem& item);

  // How true an answer is.
  struct Freshness {
    bool from_mirror = false;
    absl::Time as_of;
    bool superseded = false;
  };
  // Answers a read: from the broker while connected, and keeps the answer; else from the mirror. `rpc` is
  // "muster.v1.PlanService/GetPlan".
  //
  // Errors: the broker's; UNAVAILABLE (OFF_LINE) no broker can be reached and no copy is kept.
  absl::StatusOr<Freshness> Read(absl::string_view rpc, const google::protobuf::Message& request,
                                 google::protobuf::Message* response);

  // Checks that the bundle fits together and names an agency, and uses it from now on.
  absl::Status Enroll(const v1::EnrollmentBundle& bundle);

  v1::GetStatusResponse Status() const;
  // See AgentService; what they change goes out at once. Errors of the outbox.
  absl::StatusOr<v1::OutboxItem> Retry(const v1::OutboxItemName& name);
  absl::StatusOr<v1::OutboxItem> Drop(const v1::OutboxItemName& name, const std::string& reason);
  // The sender tries now, whatever it was waiting for.
  void SendNow();

  Store& store() { return *store_; }
  Link& link() { return link_; }
  const config::v1::AgentConfig& config() const { return config_; }
  const Clock& clock() const { return *clock_; }

 private:
  absl::Status UseIdentity(const v1::EnrollmentBundle& bundle);
  absl::Status KeepWhoWeAre(const CertificateIdentity& identity);
  absl::StatusOr<Freshness> ReadMirror(absl::string_view rpc, const google::protobuf::Message& request,
                                       google::protobuf::Message* response) const;
  // Tells `failed_`, the first time. What the caller is told instead of the storage's word.
  absl::Status Failed(const absl::Status& status);
  // After a change of an item: tells of a commit of unknown fate, and wakes the sender.
  absl::StatusOr<v1::OutboxItem> Changed(absl::StatusOr<v1::OutboxItem> item);

  const config::v1::AgentConfig config_;
  const std::unique_ptr<Store> store_;
  const Clock* const clock_;
  const std::function<void(const absl::Status&)> failed_;
  const absl::Time started_at_;
  std::atomic<bool> failed_told_ = false;
  absl::Mutex enroll_mu_;  // One enrolment at a time.
  Link link_;
  std::unique_ptr<Receiver> receiver_;
  std::unique_ptr<Sender> sender_;
  std::unique_ptr<Heartbeat> heartbeat_;
  std::unique_ptr<Refresher> refresher_;
  std::unique_ptr<Hook> hook_;
  std::unique_ptr<Keeper> keeper_;
};

}  // namespace muster::agent

#endif  // MUSTER_CLIENT_AGENT_AGENT_H_
