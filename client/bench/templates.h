// Submissions by the million without building messages: one is encoded once, and copies of it get their ids, which are
// texts of a fixed length, written over it.
//
// Threading: an IdMaker belongs to one thread; the rest may be shared.
#ifndef MUSTER_CLIENT_BENCH_TEMPLATES_H_
#define MUSTER_CLIENT_BENCH_TEMPLATES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "muster/v1/submission.pb.h"

namespace muster::bench {

// A UUIDv7 in its text form.
inline constexpr size_t kIdBytes = 36;

// Makes ids that carry a number, so that what comes back can be told without a look-up: the time, 24 random bits that
// are the maker's own, and 48 bits of the caller's number. Two ids of one maker differ if their numbers do.
class IdMaker {
 public:
  explicit IdMaker(absl::Time now) : IdMaker(now, NewUuid(now)) {}

  // What the next ids say they were made at.
  void SetTime(absl::Time now);
  // Writes the kIdBytes of the id of `number`, which is less than 2^48.
  void Write(uint64_t number, char* id) const;
  std::string Make(uint64_t number) const;
  // The number in `id`, if a maker with this one's random bits made it.
  std::optional<uint64_t> NumberOf(absl::string_view id) const;

 private:
  IdMaker(absl::Time now, const std::string& random) : id_(random) { SetTime(now); }
  static std::string NewUuid(absl::Time now);

  // The number's place is overwritten.
  std::string id_;
};

// A place in one outbox, for submissions that are numbered.
struct Numbering {
  absl::string_view outbox_id;
  uint64_t number = 0;
  uint64_t confirmed_through = 0;
};

class SubmissionTemplate {
 public:
  // `example` is a valid submission without an outbox number. `inner_id` is the id in its body that every copy has its
  // own of; it stands there once. INVALID_ARGUMENT when it does not.
  static absl::StatusOr<std::shared_ptr<const SubmissionTemplate>> Make(const v1::Submission& example,
                                                                        absl::string_view inner_id);

  // Appends a copy as an item of StreamSubmitRequest.submissions. The result is what protobuf would write for it. Both
  // ids are of kIdBytes.
  void Append(const char* submission_id, const char* inner_id, const Numbering* numbering, std::string* out) const;

  // Of a submission that is not numbered.
  size_t submission_bytes() const { return encoded_.size(); }

 private:
  // submission_id, the first field: tag, length, text.
  static constexpr size_t kHeadBytes = 2 + kIdBytes;

  SubmissionTemplate() = default;

  std::string encoded_;
  size_t inner_at_ = 0;
};

}  // namespace muster::bench

#endif  // MUSTER_CLIENT_BENCH_TEMPLATES_H_
