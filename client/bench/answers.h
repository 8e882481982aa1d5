// What a load looks at in the broker's messages, read in place (wire.h).
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_BENCH_ANSWERS_H_
#define MUSTER_CLIENT_BENCH_ANSWERS_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace muster::bench {

// One v1::SubmissionAnswer. Views into the message.
struct Answer {
  absl::string_view submission_id;
  // Accepted, and the first answer for this id and for what it records.
  bool is_new = false;
  // v1::Accepted; empty unless accepted. (An acceptance that says nothing is empty too.)
  absl::string_view accepted;
  // The whole answer, for the one who reports what is wrong.
  absl::string_view bytes;
};

// Calls `take` for each answer of a v1::StreamSubmitResponse. False when `message` is none.
bool ForEachAnswer(absl::string_view message, absl::FunctionRef<void(const Answer&)> take);

// One v1::Delivery. Views into the message.
struct DeliveryView {
  absl::string_view cursor;
  absl::string_view previous_cursor;
  absl::string_view notice;
};

// Proves that a reader misses nothing: each delivery names the one before it. Not thread-safe.
class CursorChain {
 public:
  void Take(const DeliveryView& delivery) {
    if (!cursor_.empty() && delivery.previous_cursor != cursor_) ++gaps_;
    cursor_.assign(delivery.cursor.data(), delivery.cursor.size());
  }
  // How often one did not follow the one before it.
  uint64_t gaps() const { return gaps_; }

 private:
  std::string cursor_;
  uint64_t gaps_ = 0;
};

// Calls `take` for each delivery of a v1::SubscribeResponse, and sets `caught_up` when it says so. False when `message`
// is none.
bool ForEachDelivery(absl::string_view message, bool* caught_up, absl::FunctionRef<void(const DeliveryView&)> take);

// The id of the tally entry that `notice` (a v1::Notice) tells of; empty when it is about something else.
absl::string_view EntryIdOf(absl::string_view notice);

// Whether `notice` holds the field `number` of v1::Notice.content.
bool IsAbout(absl::string_view notice, int number);

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_ANSWERS_H_
