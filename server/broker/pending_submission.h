// A submission on its way to the log, and who is owed its answer.
//
// What came in one message lies together: the bytes as they came, and on one arena the submissions parsed from them.
// Whoever holds one of them holds all, so nothing is copied on the way and everything is freed at once.
//
// Threading: values; the memory that they share is only read once they are submitted.
#ifndef MUSTER_SERVER_BROKER_PENDING_SUBMISSION_H_
#define MUSTER_SERVER_BROKER_PENDING_SUBMISSION_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/arena.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// Who sends, as a certificate proves it. Shared by everything that one connection sends.
struct Sender {
  explicit Sender(v1::Principal proved, std::string evidence = "")
      : principal(std::move(proved)),
        encoded_principal(principal.SerializeAsString()),
        certificate(std::move(evidence)) {}

  const v1::Principal principal;
  const std::string encoded_principal;
  // PEM: the evidence that another broker looks at. Empty: there is none, and nothing is sent on.
  const std::string certificate;
};

// One message and what was parsed from it.
struct Arrival {
  google::protobuf::Arena arena;
  std::string bytes;
};

// What comes with an answer, for whoever writes answers out.
struct Beside {
  bool more = false;   // Another one for the same Done follows at once.
  bool alone = false;  // Nothing else was decided in this commit.
};

// Authenticated, authorized and validated.
struct PendingSubmission {
  // Called exactly once for each submission, without locks, by the sequencer thread or by Submit itself. With the
  // outcome, durable, accepted or rejected; or with an error, which means that the submission is not on the record
  // (RESOURCE_EXHAUSTED, or UNAVAILABLE with DRAINING) or may be (UNAVAILABLE with FATE_UNKNOWN). Retrying with the
  // same submission_id is safe always. Must not block.
  using Done = std::function<void(const v1::Submission&, absl::StatusOr<v1::Outcome>, Beside)>;

  // A submission that came alone.
  static PendingSubmission Of(std::shared_ptr<const Sender> sender, const v1::Submission& submission, Done done);

  void Answer(absl::StatusOr<v1::Outcome> outcome, Beside beside = {}) const {
    (*done)(*submission, std::move(outcome), beside);
  }
  // Its size in the log, without what the event adds.
  size_t bytes() const { return encoded.empty() ? submission->ByteSizeLong() : encoded.size(); }

  std::shared_ptr<const Sender> sender;
  std::shared_ptr<Arrival> arrival;
  v1::Submission* submission = nullptr;  // On the arrival's arena.
  // The arrival's bytes of it, if they are known to hold nothing else; empty otherwise, and then it is encoded anew.
  absl::string_view encoded;
  // Shared by what came in one message.
  std::shared_ptr<const Done> done;
  // Another broker sent it here: it is not sent on.
  bool forwarded = false;
  // Until when it may wait to be sent on, by the monotonic clock, whatever way it goes; 0: it has not waited yet.
  absl::Duration forward_until = absl::ZeroDuration();
};

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_PENDING_SUBMISSION_H_
