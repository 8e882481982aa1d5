// What tests of the broker share: a history to submit, the answers to it, and what is in a feed.
#ifndef MUSTER_SERVER_BROKER_TESTING_BROKER_WORLD_H_
#define MUSTER_SERVER_BROKER_TESTING_BROKER_WORLD_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "muster/v1/submission.pb.h"
#include "server/broker/broker.h"
#include "server/broker/feed_store.h"
#include "server/broker/sequencer.h"
#include "server/broker/testing/deliveries.h"
#include "server/log/event_log.h"
#include "server/state/testing/test_support.h"

namespace muster {

// The genesis that every World begins with.
v1::Genesis TestGenesis();

// The answers to submissions, in the order in which they were submitted. Thread-safe; outlives the sequencer.
class Answers {
 public:
  // A submission of `agency_id` whose answer comes here.
  PendingSubmission Expect(absl::string_view agency_id, const v1::Submission& submission);
  PendingSubmission Expect(const v1::Principal& principal, const v1::Submission& submission);

  // How many have been answered.
  size_t count() const;
  // Waits until everything expected has been answered, and returns all answers.
  std::vector<absl::StatusOr<v1::Outcome>> Wait() const;
  // The only answer, which must be an outcome.
  v1::Outcome WaitForOne() const;

 private:
  mutable absl::Mutex mu_;
  size_t answered_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<absl::StatusOr<v1::Outcome>> answers_ ABSL_GUARDED_BY(mu_);
};

// The registration of agency-`number`, which only the registrar may submit; the same number gives the same
// submission_id.
v1::Submission Registration(uint64_t number);

// The events of `world` after genesis as they were submitted.
std::vector<v1::Event> SubmittedTo(const World& world);

// Appends events `first` to `last` of `world` to `log`, one batch.
void CopyEvents(const World& world, Sequence first, Sequence last, EventLog* log);

// Every row of the feed, as one line each.
std::vector<std::string> FeedRows(const FeedStore& feed);

// What a reader of `agency_id` is given after `cursor`, at most `count_max` at a time, until it is told that this is
// all.
std::vector<ReadDelivery> ReadToPresent(Broker* broker, absl::string_view agency_id, absl::string_view cursor,
                                        size_t count_max = 64);

// From the log alone, by another way than the broker's: the state, each agency's notices in order, and how each
// submission was decided the first time (by agency and submission_id; a repeat or a gap is no decision).
struct CleanReplay {
  State state;
  std::map<std::string, std::vector<std::string>> notices;
  std::map<std::string, std::vector<v1::Outcome>> decisions;
};
void ReplayCleanly(const EventLog& log, CleanReplay* replay);

// The key of CleanReplay::decisions.
std::string DecisionKey(absl::string_view agency_id, absl::string_view submission_id);

}  // namespace muster

#endif  // MUSTER_SERVER_BROKER_TESTING_BROKER_WORLD_H_
