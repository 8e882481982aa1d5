#include "client/bench/answers.h"

#include "client/bench/wire.h"
#include "muster/v1/submission.pb.h"

namespace muster::bench {
namespace {

constexpr auto Number(int field) { return static_cast<uint32_t>(field); }

Answer ReadAnswer(absl::string_view bytes, bool* ok) {
  Answer answer;
  answer.bytes = bytes;
  WireReader reader(bytes);
  WireField field;
  while (reader.Next(&field)) {
    if (field.number == Number(v1::SubmissionAnswer::kSubmissionIdFieldNumber)) answer.submission_id = field.bytes;
    if (field.number != Number(v1::SubmissionAnswer::kOutcomeFieldNumber)) continue;
    WireReader outcome(field.bytes);
    WireField part;
    bool repeat = false;
    while (outcome.Next(&part)) {
      if (part.number == Number(v1::Outcome::kAcceptedFieldNumber)) {
        answer.is_new = true;
        answer.accepted = part.bytes;
      }
      if (part.number == Number(v1::Outcome::kRepeatFieldNumber)) repeat = part.value != 0;
    }
    *ok &= outcome.ok();
    if (repeat) answer.is_new = false;
  }
  *ok &= reader.ok();
  WireReader accepted(answer.accepted);
  while (accepted.Next(&field)) {
    if (field.number == Number(v1::Accepted::kAlreadyRecordedFieldNumber) && field.value != 0) answer.is_new = false;
  }
  *ok &= accepted.ok();
  return answer;
}

}  // namespace

bool ForEachAnswer(absl::string_view message, absl::FunctionRef<void(const Answer&)> take) {
  WireReader reader(message);
  WireField field;
  bool ok = true;
  while (reader.Next(&field)) {
    if (field.number != Number(v1::StreamSubmitResponse::kResultsFieldNumber)) continue;
    const Answer answer = ReadAnswer(field.bytes, &ok);
    if (!ok) return false;
    take(answer);
  }
  return reader.ok();
}

bool ForEachDelivery(absl::string_view message, bool* caught_up, absl::FunctionRef<void(const DeliveryView&)> take) {
  WireReader reader(message);
  WireField field;
  while (reader.Next(&field)) {
    if (field.number == Number(v1::SubscribeResponse::kCaughtUpFieldNumber)) *caught_up |= field.value != 0;
    if (field.number != Number(v1::SubscribeResponse::kDeliveriesFieldNumber)) continue;
    DeliveryView delivery;
    WireReader parts(field.bytes);
    WireField part;
    while (parts.Next(&part)) {
      if (part.number == Number(v1::Delivery::kCursorFieldNumber)) delivery.cursor = part.bytes;
      if (part.number == Number(v1::Delivery::kPreviousCursorFieldNumber)) delivery.previous_cursor = part.bytes;
      if (part.number == Number(v1::Delivery::kNoticeFieldNumber)) delivery.notice = part.bytes;
    }
    if (!parts.ok()) return false;
    take(delivery);
  }
  return reader.ok();
}

absl::string_view EntryIdOf(absl::string_view notice) {
  const absl::string_view record = BytesOf(notice, Number(v1::Notice::kTallyEntryFieldNumber));
  const absl::string_view entry = BytesOf(record, Number(v1::TallyEntryRecord::kEntryFieldNumber));
  return BytesOf(entry, Number(v1::TallyEntry::kEntryIdFieldNumber));
}

bool IsAbout(absl::string_view notice, int number) {
  WireReader reader(notice);
  WireField field;
  while (reader.Next(&field)) {
    if (field.number == Number(number)) return true;
  }
  return false;
}

}  // namespace muster::bench
