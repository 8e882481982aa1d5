#include "server/broker/pending_submission.h"

#include <utility>

namespace muster {

PendingSubmission PendingSubmission::Of(std::shared_ptr<const Sender> sender, const v1::Submission& submission,
                                        Done done) {
  PendingSubmission pending;
  pending.sender = std::move(sender);
  pending.arrival = std::make_shared<Arrival>();
  pending.submission = google::protobuf::Arena::CreateMessage<v1::Submission>(&pending.arrival->arena);
  *pending.submission = submission;
  pending.done = std::make_shared<const Done>(std::move(done));
  return pending;
}

}  // namespace muster
