#include "server/state/deduplication.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/sha256.h"
#include "common/uuid.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace muster {
namespace {

// Tells one body from another under the same id. Leaves out the id itself and the outbox's confirmations, which a retry
// may change.
std::string BodyFingerprint(const v1::Submission& submission) {
  const google::protobuf::Reflection* reflection = submission.GetReflection();
  const google::protobuf::FieldDescriptor* body =
      reflection->GetOneofFieldDescriptor(submission, submission.GetDescriptor()->FindOneofByName("body"));
  if (body == nullptr) return "";
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    coded.WriteVarint32(static_cast<uint32_t>(body->number()));
    reflection->GetMessage(submission, body).SerializeToCodedStream(&coded);
  }
  return Sha256Bytes(bytes).substr(0, 16);
}

v1::Outcome Rejection(const v1::Submission& submission, const absl::Status& why) {
  v1::Outcome outcome;
  outcome.set_submission_id(submission.submission_id());
  *outcome.mutable_rejected() = RejectedOf(why);
  return outcome;
}

v1::Outcome Repeat(const v1::Submission& submission, absl::string_view decided_fingerprint,
                   const v1::Outcome& decided) {
  // A withdrawal asks what became of the id; it stands for no body of its own.
  const bool same_body = submission.has_withdraw_submission() || BodyFingerprint(submission) == decided_fingerprint;
  if (!same_body || submission.submission_id() != decided.submission_id()) {
    return Rejection(
        submission, Refusal(v1::ERROR_REASON_SUBMISSION_ID_REUSED,
                            absl::StrCat("submission_id ", submission.submission_id(),
                                         " stands for another submission already; use a new id for a new submission")));
  }
  v1::Outcome outcome = decided;
  outcome.set_repeat(true);
  return outcome;
}

}  // namespace

std::optional<v1::Outcome> Deduplication::Find(absl::string_view agency_id, const v1::Submission& submission,
                                               absl::Time now) const {
  if (submission.has_outbox_number()) {
    return FindByNumber({std::string(agency_id), submission.outbox_number().outbox_id()}, submission);
  }
  return FindById({std::string(agency_id), submission.submission_id()}, submission, now);
}

std::optional<v1::Outcome> Deduplication::FindById(const Key& key, const v1::Submission& submission,
                                                   absl::Time now) const {
  const absl::StatusOr<absl::Time> made_at = UuidV7Time(submission.submission_id());
  if (!made_at.ok()) return Rejection(submission, made_at.status());
  if (*made_at + kRemember <= now) {
    return Rejection(
        submission, Refusal(v1::ERROR_REASON_SUBMISSION_TOO_OLD,
                            absl::StrCat("submission_id ", submission.submission_id(), " was made more than ",
                                         absl::FormatDuration(kRemember),
                                         " ago, and whether it was decided then is no longer known; look whether it is "
                                         "there, and if not, submit it under a new id")));
  }
  if (*made_at > now + kClockAheadMax) {
    return Rejection(submission,
                     Refusal(v1::ERROR_REASON_SUBMISSION_TOO_OLD,
                             absl::StrCat("submission_id ", submission.submission_id(),
                                          " says that it was made in the future; set this computer's clock and submit "
                                          "under a new id")));
  }
  const Decided* decided = FindDecidedId(key);
  if (decided == nullptr) return std::nullopt;
  return Repeat(submission, decided->body_fingerprint, decided->outcome);
}

std::optional<v1::Outcome> Deduplication::FindFirst(absl::string_view agency_id,
                                                    const v1::Submission& submission) const {
  const Decided* decided = FindDecidedId({std::string(agency_id), submission.submission_id()});
  if (decided == nullptr) return std::nullopt;
  return Repeat(submission, decided->body_fingerprint, decided->outcome);
}

const Deduplication::Decided* Deduplication::FindDecidedId(const Key& agency_and_id) const {
  const auto plain = by_id_.find(agency_and_id);
  if (plain != by_id_.end()) return &plain->second;
  const auto& [agency_id, submission_id] = agency_and_id;
  const auto numbered = numbered_ids_.lower_bound({agency_id, submission_id, "", 0});
  if (numbered == numbered_ids_.end() || std::get<0>(*numbered) != agency_id ||
      std::get<1>(*numbered) != submission_id) {
    return nullptr;
  }
  return &outboxes_.at({agency_id, std::get<2>(*numbered)}).unconfirmed.at(std::get<3>(*numbered));
}

void Deduplication::AddUnconfirmed(const Key& agency_and_outbox, Outbox* outbox, uint64_t number, Decided decided) {
  // An outcome that only says that the id stands for something else is not what the id stands for.
  if (decided.outcome.rejected().reason() != v1::ERROR_REASON_SUBMISSION_ID_REUSED) {
    numbered_ids_.emplace(agency_and_outbox.first, decided.outcome.submission_id(), agency_and_outbox.second, number);
  }
  outbox->unconfirmed.emplace(number, std::move(decided));
}

void Deduplication::Confirm(const Key& agency_and_outbox, Outbox* outbox, uint64_t number) {
  const auto end = outbox->unconfirmed.upper_bound(number);
  for (auto it = outbox->unconfirmed.begin(); it != end; it = outbox->unconfirmed.erase(it)) {
    numbered_ids_.erase(
        {agency_and_outbox.first, it->second.outcome.submission_id(), agency_and_outbox.second, it->first});
  }
}

std::optional<v1::Outcome> Deduplication::FindByNumber(const Key& key, const v1::Submission& submission) const {
  const uint64_t number = submission.outbox_number().number();
  const auto it = outboxes_.find(key);
  const uint64_t highest = it == outboxes_.end() ? 0 : it->second.highest_number;
  if (number > highest + 1) {
    return Rejection(
        submission, Refusal(v1::ERROR_REASON_OUTBOX_GAP, absl::StrCat("outbox number ", number, " came after ", highest,
                                                                      "; send the numbers in between first")));
  }
  if (number == highest + 1) {
    if (it != outboxes_.end() && it->second.unconfirmed.size() >= kUnconfirmedMax &&
        submission.outbox_number().confirmed_through() < it->second.unconfirmed.begin()->first) {
      return Rejection(submission, Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                                           absl::StrCat("this outbox has ", kUnconfirmedMax,
                                                        " outcomes it has not confirmed; confirm some first")));
    }
    return std::nullopt;
  }
  if (number == 0) {
    return Rejection(submission, Refusal(v1::ERROR_REASON_MALFORMED, "outbox numbers count from 1; send 1 first"));
  }
  const auto decided = it->second.unconfirmed.find(number);
  if (decided == it->second.unconfirmed.end()) {
    return Rejection(submission,
                     Refusal(v1::ERROR_REASON_SUBMISSION_TOO_OLD,
                             absl::StrCat("outbox number ", number,
                                          " was decided, and its sender confirmed that it has the outcome")));
  }
  if (submission.submission_id() != decided->second.outcome.submission_id()) {
    return Rejection(
        submission,
        Refusal(v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN,
                absl::StrCat("outbox number ", number,
                             " was used for another submission, as happens when an outbox is restored from an "
                             "old copy; number what is undecided anew, in a new outbox")));
  }
  return Repeat(submission, decided->second.body_fingerprint, decided->second.outcome);
}

void Deduplication::Remember(absl::string_view agency_id, const v1::Submission& submission, const v1::Outcome& outcome,
                             absl::Time now) {
  Forget(now);
  Decided decided{BodyFingerprint(submission), outcome, absl::InfiniteFuture()};
  if (submission.has_outbox_number()) {
    const v1::OutboxNumber& place = submission.outbox_number();
    const Key key{std::string(agency_id), place.outbox_id()};
    Outbox& outbox = outboxes_[key];
    outbox.highest_number = place.number();
    AddUnconfirmed(key, &outbox, place.number(), std::move(decided));
    Confirm(key, &outbox, std::min(place.confirmed_through(), place.number() - 1));
    return;
  }
  // Beyond the id's own time, not only beyond now: an id from a fast clock stays acceptable for longer.
  decided.forget_at = std::max(now, UuidV7Time(submission.submission_id()).value_or(now)) + kRemember;
  Key key{std::string(agency_id), submission.submission_id()};
  forget_order_.emplace(decided.forget_at, key);
  by_id_.emplace(std::move(key), std::move(decided));
}

void Deduplication::Forget(absl::Time now) {
  while (!forget_order_.empty() && forget_order_.begin()->first <= now) {
    by_id_.erase(forget_order_.begin()->second);
    forget_order_.erase(forget_order_.begin());
  }
}

void Deduplication::ToImage(storage::v1::StateImage* image) const {
  std::vector<std::pair<Key, const Decided*>> sorted;
  sorted.reserve(by_id_.size());
  for (const auto& [key, decided] : by_id_) sorted.emplace_back(key, &decided);
  std::sort(sorted.begin(), sorted.end());
  for (const auto& [key, decided] : sorted) {
    storage::v1::RememberedSubmission* remembered = image->add_remembered();
    remembered->set_agency_id(key.first);
    remembered->set_submission_id(key.second);
    remembered->set_body_fingerprint(decided->body_fingerprint);
    *remembered->mutable_outcome() = decided->outcome;
    *remembered->mutable_forget_at() = ToProto(decided->forget_at);
  }
  for (const auto& [key, outbox] : outboxes_) {
    storage::v1::OutboxImage* saved = image->add_outboxes();
    saved->set_agency_id(key.first);
    saved->set_outbox_id(key.second);
    saved->set_highest_number(outbox.highest_number);
    for (const auto& [number, decided] : outbox.unconfirmed) {
      storage::v1::OutboxOutcome* outcome = saved->add_unconfirmed();
      outcome->set_number(number);
      outcome->set_body_fingerprint(decided.body_fingerprint);
      *outcome->mutable_outcome() = decided.outcome;
    }
  }
}

void Deduplication::FromImage(const storage::v1::StateImage& image) {
  for (const storage::v1::RememberedSubmission& remembered : image.remembered()) {
    const Key key{remembered.agency_id(), remembered.submission_id()};
    const absl::Time forget_at = FromProto(remembered.forget_at());
    forget_order_.emplace(forget_at, key);
    by_id_.emplace(key, Decided{remembered.body_fingerprint(), remembered.outcome(), forget_at});
  }
  for (const storage::v1::OutboxImage& saved : image.outboxes()) {
    const Key key{saved.agency_id(), saved.outbox_id()};
    Outbox& outbox = outboxes_[key];
    outbox.highest_number = saved.highest_number();
    for (const storage::v1::OutboxOutcome& outcome : saved.unconfirmed()) {
      AddUnconfirmed(key, &outbox, outcome.number(),
                     Decided{outcome.body_fingerprint(), outcome.outcome(), absl::InfiniteFuture()});
    }
  }
}

}  // namespace muster
