#include "tests/faults/history.h"

#include <algorithm>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace muster {

std::string EncodeNotice(const v1::Notice& notice) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    notice.SerializeToCodedStream(&coded);
  }
  return bytes;
}

void History::Sent(absl::string_view sender, absl::string_view agency_id, const v1::Submission& submission) {
  absl::MutexLock lock(&mu_);
  sent_by_id_[submission.submission_id()] = data_.sent.size();
  data_.sent.push_back(
      {std::string(sender), std::string(agency_id), ++places_[std::string(sender)], submission.submission_id(), {}});
}

void History::Answered(absl::string_view submission_id, const v1::Outcome& outcome) {
  absl::MutexLock lock(&mu_);
  const auto found = sent_by_id_.find(std::string(submission_id));
  if (found == sent_by_id_.end()) return;
  SentSubmission& sent = data_.sent[found->second];
  if (sent.answers.empty()) ++acknowledged_;
  sent.answers.push_back(outcome);
}

void History::Refused() {
  absl::MutexLock lock(&mu_);
  ++refused_;
}

uint64_t History::refused() const {
  absl::MutexLock lock(&mu_);
  return refused_;
}

bool History::WaitForRefused(uint64_t count, absl::Duration patience) const {
  absl::MutexLock lock(&mu_);
  const auto enough = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return refused_ >= count; };
  return mu_.AwaitWithTimeout(absl::Condition(&enough), patience);
}

Transcript& History::TranscriptOf(absl::string_view reader, absl::string_view agency_id) {
  for (Transcript& transcript : data_.transcripts) {
    if (transcript.reader == reader) return transcript;
  }
  data_.transcripts.push_back({std::string(reader), std::string(agency_id), {}, false});
  return data_.transcripts.back();
}

void History::Read(absl::string_view reader, absl::string_view agency_id, const v1::Delivery& delivery) {
  ReadDelivery read{delivery.cursor(), delivery.previous_cursor(), EncodeNotice(delivery.notice())};
  absl::MutexLock lock(&mu_);
  TranscriptOf(reader, agency_id).deliveries.push_back(std::move(read));
}

void History::ReadAll(absl::string_view reader, absl::string_view agency_id) {
  absl::MutexLock lock(&mu_);
  TranscriptOf(reader, agency_id).complete = true;
}

uint64_t History::acknowledged() const {
  absl::MutexLock lock(&mu_);
  return acknowledged_;
}

bool History::WaitForAcknowledged(uint64_t count, absl::Duration patience) const {
  absl::MutexLock lock(&mu_);
  const auto enough = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return acknowledged_ >= count; };
  return mu_.AwaitWithTimeout(absl::Condition(&enough), patience);
}

bool History::HasRead(absl::string_view reader, absl::string_view cursor) const {
  if (cursor.empty()) return true;
  absl::MutexLock lock(&mu_);
  for (const Transcript& transcript : data_.transcripts) {
    if (transcript.reader != reader) continue;
    return std::any_of(transcript.deliveries.rbegin(), transcript.deliveries.rend(),
                       [cursor](const ReadDelivery& read) { return read.cursor == cursor; });
  }
  return false;
}

History::Data History::data() const {
  absl::MutexLock lock(&mu_);
  return data_;
}

}  // namespace muster
