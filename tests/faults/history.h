// What happened, as everyone outside saw it: what was sent, what was answered, what was read.
//
// Threading: thread-safe.
#ifndef MUSTER_TESTS_FAULTS_HISTORY_H_
#define MUSTER_TESTS_FAULTS_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "muster/v1/submission.pb.h"

namespace muster {

// A submission and every answer to it. What one sender sends, it sends in the order of `place`, and only after the one
// before was acknowledged.
struct SentSubmission {
  std::string sender;
  std::string agency_id;
  uint64_t place = 0;
  std::string submission_id;
  std::vector<v1::Outcome> answers;
};

// A delivery as a reader got it.
struct ReadDelivery {
  std::string cursor;
  std::string previous_cursor;
  std::string notice;  // Encoded deterministically.
};
std::string EncodeNotice(const v1::Notice& notice);

// Everything that one reader read, through all of its reconnections.
struct Transcript {
  std::string reader;
  std::string agency_id;
  std::vector<ReadDelivery> deliveries;
  // It has been given the time to read all there is: then a prefix is not enough.
  bool complete = false;
};

class History {
 public:
  struct Data {
    std::vector<SentSubmission> sent;  // In the order in which they were made.
    std::vector<Transcript> transcripts;
  };

  // Before the first attempt.
  void Sent(absl::string_view sender, absl::string_view agency_id, const v1::Submission& submission);
  void Answered(absl::string_view submission_id, const v1::Outcome& outcome);
  void Refused();  // With an error that passes.
  void Read(absl::string_view reader, absl::string_view agency_id, const v1::Delivery& delivery);
  void ReadAll(absl::string_view reader, absl::string_view agency_id);

  // Submissions that have been answered.
  uint64_t acknowledged() const;
  // Waits until `count` have been answered; false after `patience`.
  bool WaitForAcknowledged(uint64_t count, absl::Duration patience) const;
  // The same for refusals.
  uint64_t refused() const;
  bool WaitForRefused(uint64_t count, absl::Duration patience) const;
  // Whether `reader` has read the delivery with this cursor; an empty one is the place before all of them.
  bool HasRead(absl::string_view reader, absl::string_view cursor) const;

  Data data() const;

 private:
  Transcript& TranscriptOf(absl::string_view reader, absl::string_view agency_id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;
  Data data_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, size_t> sent_by_id_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, uint64_t> places_ ABSL_GUARDED_BY(mu_);  // By sender.
  uint64_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t refused_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace muster

#endif  // MUSTER_TESTS_FAULTS_HISTORY_H_
