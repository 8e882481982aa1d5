#include "server/state/deduplication.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/sha256.h"
#include "common/submission_body.h"
#include "common/uuid.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace muster {
namespace {

using google::protobuf::MessageLite;
using google::protobuf::io::CodedOutputStream;

// Null when there is none that this build knows.
const MessageLite* BodyOf(const v1::Submission& submission) {
  return VisitBody(submission, [](const auto& body) -> const MessageLite* {
    if constexpr (std::is_same_v<std::decay_t<decltype(body)>, NoBody>) {
      return nullptr;
    } else {
      return &body;
    }
  });
}

// The number of a body and its deterministic encoding, in a buffer of the thread's that the next call uses again.
absl::string_view EncodeBody(int number, const MessageLite& body) {
  thread_local std::string buffer;
  buffer.resize(CodedOutputStream::VarintSize32(static_cast<uint32_t>(number)) + body.ByteSizeLong());
  google::protobuf::io::ArrayOutputStream stream(buffer.data(), static_cast<int>(buffer.size()));
  CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  coded.WriteVarint32(static_cast<uint32_t>(number));
  body.SerializeWithCachedSizes(&coded);
  coded.Trim();
  return buffer;
}

// The encoding without the id, which is known from where the outcome is kept. It is field 1, which comes first; were it
// elsewhere it would only take room.
std::string EncodeOutcome(const v1::Outcome& outcome) {
  thread_local std::string buffer;
  outcome.SerializeToString(&buffer);
  constexpr size_t kIdBytes = 36;
  const bool id_is_first = outcome.submission_id().size() == kIdBytes && buffer.size() >= 2 + kIdBytes &&
                           buffer[0] == (1 << 3 | 2) && buffer[1] == kIdBytes;
  return id_is_first ? buffer.substr(2 + kIdBytes) : buffer;
}

v1::Outcome DecodeOutcome(const std::string& bytes, absl::string_view submission_id) {
  v1::Outcome outcome;
  outcome.ParseFromString(bytes);  // What EncodeOutcome made.
  outcome.set_submission_id(submission_id.data(), submission_id.size());
  return outcome;
}

// Adds a field that has a length: one of less than 16, whose tag is one byte.
void AppendField(int number, absl::string_view bytes, std::string* message) {
  uint8_t header[11];
  header[0] = static_cast<uint8_t>(number << 3 | 2);
  const uint8_t* const end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(bytes.size()), header + 1);
  message->append(reinterpret_cast<const char*>(header), static_cast<size_t>(end - header));
  message->append(bytes.data(), bytes.size());
}

bool StandsForId(const v1::Outcome& outcome) {
  // An outcome that only says that the id stands for something else is not what the id stands for.
  return outcome.rejected().reason() != v1::ERROR_REASON_SUBMISSION_ID_REUSED;
}

v1::Outcome Rejection(const v1::Submission& submission, const absl::Status& why) {
  v1::Outcome outcome;
  outcome.set_submission_id(submission.submission_id());
  *outcome.mutable_rejected() = RejectedOf(why);
  return outcome;
}

}  // namespace

// Tells one body from another under the same id. Leaves out the id itself and the outbox's confirmations, which a retry
// may change.
Deduplication::Fingerprint Deduplication::BodyFingerprint(const v1::Submission& submission) {
  Fingerprint fingerprint = {};
  const MessageLite* body = BodyOf(submission);
  if (body == nullptr) return fingerprint;
  const Sha256Digest digest = Sha256().Update(EncodeBody(submission.body_case(), *body)).FinishDigest();
  std::memcpy(fingerprint.data(), digest.data(), fingerprint.size());
  return fingerprint;
}

Deduplication::Fingerprint Deduplication::FingerprintOf(const std::string& bytes) {
  Fingerprint fingerprint = {};
  std::memcpy(fingerprint.data(), bytes.data(), std::min(bytes.size(), fingerprint.size()));
  return fingerprint;
}

std::string Deduplication::BytesOf(const Fingerprint& fingerprint) {
  if (fingerprint == Fingerprint{}) return "";
  return std::string(fingerprint.begin(), fingerprint.end());
}

std::optional<v1::Outcome> Deduplication::Repeat(const v1::Submission& submission, const Decided& decided) {
  const Fingerprint& decided_fingerprint = decided.body_fingerprint;
  // A withdrawal asks what became of the id; it stands for no body of its own.
  const bool same_body = submission.has_withdraw_submission() || BodyFingerprint(submission) == decided_fingerprint;
  if (!same_body) {
    return Rejection(
        submission, Refusal(v1::ERROR_REASON_SUBMISSION_ID_REUSED,
                            absl::StrCat("submission_id ", submission.submission_id(),
                                         " stands for another submission already; use a new id for a new submission")));
  }
  v1::Outcome outcome = DecodeOutcome(decided.outcome, submission.submission_id());
  outcome.set_repeat(true);
  return outcome;
}

std::optional<Deduplication::Key> Deduplication::KeyOf(absl::string_view agency_id, const UuidBytes& id) const {
  const std::optional<NameTable::Index> agency = agencies_.Find(agency_id);
  if (!agency.has_value()) return std::nullopt;
  return Key{*agency, id};
}

std::optional<v1::Outcome> Deduplication::Find(absl::string_view agency_id, const v1::Submission& submission,
                                               absl::Time now) const {
  const std::optional<UuidBytes> id = UuidV7Bytes(submission.submission_id());
  if (!id.has_value()) return Rejection(submission, UuidV7Time(submission.submission_id()).status());
  if (submission.has_outbox_number()) {
    return FindByNumber(agency_id, *id, submission);
  }
  return FindById(agency_id, *id, submission, now);
}

std::optional<v1::Outcome> Deduplication::FindById(absl::string_view agency_id, const UuidBytes& id,
                                                   const v1::Submission& submission, absl::Time now) const {
  const absl::Time made_at = UuidV7Time(id);
  if (made_at + kRemember <= now) {
    return Rejection(
        submission, Refusal(v1::ERROR_REASON_SUBMISSION_TOO_OLD,
                            absl::StrCat("submission_id ", submission.submission_id(), " was made more than ",
                                         absl::FormatDuration(kRemember),
                                         " ago, and whether it was decided then is no longer known; look whether it is "
                                         "there, and if not, submit it under a new id")));
  }
  if (made_at > now + kClockAheadMax) {
    return Rejection(submission,
                     Refusal(v1::ERROR_REASON_SUBMISSION_TOO_OLD,
                             absl::StrCat("submission_id ", submission.submission_id(),
                                          " says that it was made in the future; set this computer's clock and submit "
                                          "under a new id")));
  }
  const std::optional<Key> key = KeyOf(agency_id, id);
  const Decided* decided = key.has_value() ? FindDecidedId(*key) : nullptr;
  if (decided == nullptr) return std::nullopt;
  return Repeat(submission, *decided);
}

std::optional<v1::Outcome> Deduplication::FindFirst(absl::string_view agency_id,
                                                    const v1::Submission& submission) const {
  if (!submission.has_outbox_number()) return std::nullopt;  // Find has asked for the id.
  const std::optional<Key> key = KeyOf(agency_id, UuidV7Bytes(submission.submission_id()).value());
  const Decided* decided = key.has_value() ? FindDecidedId(*key) : nullptr;
  if (decided == nullptr) return std::nullopt;
  return Repeat(submission, *decided);
}

const Deduplication::Decided* Deduplication::FindDecidedId(const Key& agency_and_id) const {
  const auto plain = by_id_.find(agency_and_id);
  if (plain != by_id_.end()) return &plain->second;
  const auto places = numbered_ids_.find(agency_and_id);
  if (places == numbered_ids_.end()) return nullptr;
  const Place& first = *std::min_element(places->second.begin(), places->second.end());
  return &outboxes_.at({agency_and_id.agency, first.outbox_id}).unconfirmed.at(first.number).decided;
}

std::optional<v1::Outcome> Deduplication::FindByNumber(absl::string_view agency_id, const UuidBytes& id,
                                                       const v1::Submission& submission) const {
  const v1::OutboxNumber& place = submission.outbox_number();
  const uint64_t number = place.number();
  const std::optional<UuidBytes> outbox_id = UuidV7Bytes(place.outbox_id());
  if (!outbox_id.has_value()) return Rejection(submission, UuidV7Time(place.outbox_id()).status());
  const std::optional<Key> key = KeyOf(agency_id, *outbox_id);
  const auto it = key.has_value() ? outboxes_.find(*key) : outboxes_.end();
  const uint64_t highest = it == outboxes_.end() ? 0 : it->second.highest_number;
  if (number > highest + 1) {
    return Rejection(
        submission, Refusal(v1::ERROR_REASON_OUTBOX_GAP, absl::StrCat("outbox number ", number, " came after ", highest,
                                                                      "; send the numbers in between first")));
  }
  if (number == highest + 1) {
    if (it != outboxes_.end() && it->second.unconfirmed.size() >= kUnconfirmedMax &&
        place.confirmed_through() < it->second.unconfirmed.begin()->first) {
      return Rejection(submission, Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                                           absl::StrCat("this outbox has ", kUnconfirmedMax,
                                                        " outcomes it has not confirmed; confirm some first")));
    }
    return std::nullopt;
  }
  if (number == 0) {
    return Rejection(submission, Refusal(v1::ERROR_REASON_MALFORMED, "outbox numbers count from 1; send 1 first"));
  }
  const auto numbered = it->second.unconfirmed.find(number);
  if (numbered == it->second.unconfirmed.end()) {
    return Rejection(submission,
                     Refusal(v1::ERROR_REASON_SUBMISSION_TOO_OLD,
                             absl::StrCat("outbox number ", number,
                                          " was decided, and its sender confirmed that it has the outcome")));
  }
  if (id != numbered->second.submission_id) {
    return Rejection(
        submission,
        Refusal(v1::ERROR_REASON_OUTBOX_NUMBER_TAKEN,
                absl::StrCat("outbox number ", number,
                             " was used for another submission, as happens when an outbox is restored from an "
                             "old copy; number what is undecided anew, in a new outbox")));
  }
  return Repeat(submission, numbered->second.decided);
}

void Deduplication::Remember(absl::string_view agency_id, const v1::Submission& submission, const v1::Outcome& outcome,
                             absl::Time now) {
  Forget(now);
  const NameTable::Index agency = agencies_.Intern(agency_id);
  // Find refuses ids that are no UUIDv7.
  const UuidBytes id = UuidV7Bytes(submission.submission_id()).value();
  Decided decided{BodyFingerprint(submission), EncodeOutcome(outcome)};
  if (submission.has_outbox_number()) {
    const v1::OutboxNumber& place = submission.outbox_number();
    const Key outbox{agency, UuidV7Bytes(place.outbox_id()).value()};
    outboxes_[outbox].highest_number = place.number();
    AddUnconfirmed(outbox, place.number(), StandsForId(outcome), {id, std::move(decided)});
    Confirm(outbox, std::min(place.confirmed_through(), place.number() - 1));
    return;
  }
  // Beyond the id's own time, not only beyond now: an id from a fast clock stays acceptable for longer.
  const absl::Time forget_at = std::max(now, UuidV7Time(id)) + kRemember;
  AddPlain({agency, id}, forget_at, std::move(decided));
}

void Deduplication::AddPlain(const Key& agency_and_id, absl::Time forget_at, Decided decided) {
  const Expiry expiry{forget_at, agency_and_id};
  if (expiries_.empty() || expiries_.back().forget_at <= forget_at) {
    expiries_.push_back(expiry);
  } else {
    later_expiries_.emplace(forget_at, expiry);
  }
  by_id_.emplace(agency_and_id, std::move(decided));
}

void Deduplication::AddUnconfirmed(const Key& agency_and_outbox, uint64_t number, bool stands_for_id,
                                   Numbered numbered) {
  if (stands_for_id) {
    numbered_ids_[{agency_and_outbox.agency, numbered.submission_id}].push_back({agency_and_outbox.id, number});
  }
  outboxes_[agency_and_outbox].unconfirmed.emplace(number, std::move(numbered));
}

void Deduplication::Confirm(const Key& agency_and_outbox, uint64_t number) {
  std::map<uint64_t, Numbered>& unconfirmed = outboxes_[agency_and_outbox].unconfirmed;
  const auto end = unconfirmed.upper_bound(number);
  for (auto it = unconfirmed.begin(); it != end; it = unconfirmed.erase(it)) {
    const auto places = numbered_ids_.find({agency_and_outbox.agency, it->second.submission_id});
    if (places == numbered_ids_.end()) continue;
    const Place confirmed{agency_and_outbox.id, it->first};
    places->second.erase(std::remove(places->second.begin(), places->second.end(), confirmed), places->second.end());
    if (places->second.empty()) numbered_ids_.erase(places);
  }
}

void Deduplication::Forget(absl::Time now) {
  while (!expiries_.empty() && expiries_.front().forget_at <= now) {
    by_id_.erase(expiries_.front().key);
    expiries_.pop_front();
  }
  while (!later_expiries_.empty() && later_expiries_.begin()->first <= now) {
    by_id_.erase(later_expiries_.begin()->second.key);
    later_expiries_.erase(later_expiries_.begin());
  }
}

bool Deduplication::ComesBefore(const Key& a, const Key& b) const {
  if (a.agency != b.agency) return agencies_.NameOf(a.agency) < agencies_.NameOf(b.agency);
  return a.id < b.id;
}

std::vector<const Deduplication::Expiry*> Deduplication::ExpiriesInOrderOfKey() const {
  std::vector<const Expiry*> sorted;
  sorted.reserve(by_id_.size());
  for (const Expiry& expiry : expiries_) sorted.push_back(&expiry);
  for (const auto& [forget_at, expiry] : later_expiries_) sorted.push_back(&expiry);
  std::sort(sorted.begin(), sorted.end(),
            [this](const Expiry* a, const Expiry* b) { return ComesBefore(a->key, b->key); });
  return sorted;
}

void Deduplication::ToImage(storage::v1::StateImage* image) const {
  for (const Expiry* expiry : ExpiriesInOrderOfKey()) {
    const Decided& decided = by_id_.at(expiry->key);
    storage::v1::RememberedSubmission* remembered = image->add_remembered();
    remembered->set_agency_id(agencies_.NameOf(expiry->key.agency));
    remembered->set_submission_id(UuidText(expiry->key.id));
    remembered->set_body_fingerprint(BytesOf(decided.body_fingerprint));
    *remembered->mutable_outcome() = DecodeOutcome(decided.outcome, remembered->submission_id());
    *remembered->mutable_forget_at() = ToProto(expiry->forget_at);
  }
  OutboxesToImage(image);
}

void Deduplication::AppendTo(std::string* encoded_image) const {
  constexpr size_t kUsualBytes = 224;
  encoded_image->reserve(encoded_image->size() + kUsualBytes * by_id_.size());
  for (const Expiry& expiry : expiries_) AppendRemembered(expiry, encoded_image);
  for (const auto& [forget_at, expiry] : later_expiries_) AppendRemembered(expiry, encoded_image);
  storage::v1::StateImage outboxes;
  OutboxesToImage(&outboxes);
  outboxes.AppendToString(encoded_image);
}

void Deduplication::AppendRemembered(const Expiry& expiry, std::string* encoded_image) const {
  using Remembered = storage::v1::RememberedSubmission;
  const Decided& decided = by_id_.at(expiry.key);
  const std::string submission_id = UuidText(expiry.key.id);
  thread_local std::string outcome;
  outcome.clear();
  AppendField(v1::Outcome::kSubmissionIdFieldNumber, submission_id, &outcome);
  outcome += decided.outcome;
  thread_local std::string one;
  one.clear();
  AppendField(Remembered::kAgencyIdFieldNumber, agencies_.NameOf(expiry.key.agency), &one);
  AppendField(Remembered::kSubmissionIdFieldNumber, submission_id, &one);
  AppendField(Remembered::kBodyFingerprintFieldNumber, BytesOf(decided.body_fingerprint), &one);
  AppendField(Remembered::kOutcomeFieldNumber, outcome, &one);
  AppendField(Remembered::kForgetAtFieldNumber, ToProto(expiry.forget_at).SerializeAsString(), &one);
  AppendField(storage::v1::StateImage::kRememberedFieldNumber, one, encoded_image);
}

void Deduplication::OutboxesToImage(storage::v1::StateImage* image) const {
  std::vector<const std::pair<const Key, Outbox>*> sorted;
  sorted.reserve(outboxes_.size());
  for (const auto& one : outboxes_) sorted.push_back(&one);
  std::sort(sorted.begin(), sorted.end(),
            [this](const auto* a, const auto* b) { return ComesBefore(a->first, b->first); });
  for (const auto* one : sorted) {
    storage::v1::OutboxImage* saved = image->add_outboxes();
    saved->set_agency_id(agencies_.NameOf(one->first.agency));
    saved->set_outbox_id(UuidText(one->first.id));
    saved->set_highest_number(one->second.highest_number);
    for (const auto& [number, numbered] : one->second.unconfirmed) {
      storage::v1::OutboxOutcome* outcome = saved->add_unconfirmed();
      outcome->set_number(number);
      outcome->set_body_fingerprint(BytesOf(numbered.decided.body_fingerprint));
      *outcome->mutable_outcome() = DecodeOutcome(numbered.decided.outcome, UuidText(numbered.submission_id));
    }
  }
}

void Deduplication::FromImage(const storage::v1::StateImage& image) {
  for (const storage::v1::RememberedSubmission& remembered : image.remembered()) {
    const Key key{agencies_.Intern(remembered.agency_id()), UuidV7Bytes(remembered.submission_id()).value()};
    expiries_.push_back({FromProto(remembered.forget_at()), key});
    by_id_.emplace(key, Decided{FingerprintOf(remembered.body_fingerprint()), EncodeOutcome(remembered.outcome())});
  }
  std::sort(expiries_.begin(), expiries_.end(),
            [](const Expiry& a, const Expiry& b) { return a.forget_at < b.forget_at; });
  for (const storage::v1::OutboxImage& saved : image.outboxes()) {
    const Key key{agencies_.Intern(saved.agency_id()), UuidV7Bytes(saved.outbox_id()).value()};
    outboxes_[key].highest_number = saved.highest_number();
    for (const storage::v1::OutboxOutcome& one : saved.unconfirmed()) {
      AddUnconfirmed(key, one.number(), StandsForId(one.outcome()),
                     {UuidV7Bytes(one.outcome().submission_id()).value(),
                      Decided{FingerprintOf(one.body_fingerprint()), EncodeOutcome(one.outcome())}});
    }
  }
}

}  // namespace muster
