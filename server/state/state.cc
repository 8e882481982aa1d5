#include "server/state/state.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/escaping.h"
#include "common/clock.h"
#include "common/error_reason.h"
#include "common/sha256.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "server/state/cursor.h"
#include "server/state/decider.h"

namespace muster {
namespace {

void ClearWording(v1::Outcome* outcome) {
  if (outcome->has_rejected()) outcome->mutable_rejected()->clear_message();
}

}  // namespace

Applied State::Apply(const v1::Event& event) {
  sequence_ = event.sequence();
  last_accepted_at_ = FromProto(event.accepted_at());
  Applied applied;
  if (event.has_genesis()) {
    ApplyGenesis(event);
    return applied;
  }
  LetDueHappen(event, &applied);
  if (event.has_submission()) ApplySubmission(event, &applied);
  return applied;
}

void State::LetDueHappen(const v1::Event& event, Applied* applied) {
  while (model_.timers.NextDue() <= last_accepted_at_) {
    const Timer timer = model_.timers.TakeNext();
    const google::protobuf::Timestamp at = ToProto(timer.due);
    Decider decider(this, &model_, event, at);
    decider.Happen(timer);
    std::move(decider).TakeNotices().Address("", true, &model_, &audiences_, &applied->notices);
  }
}

void State::ApplySubmission(const v1::Event& event, Applied* applied) {
  const std::string& agency_id = event.principal().agency_id();
  v1::Outcome& outcome = applied->outcome;
  if (std::optional<v1::Outcome> decided = FindDecided(agency_id, event.submission(), last_accepted_at_)) {
    outcome = *std::move(decided);
    return;
  }
  outcome.set_submission_id(event.submission().submission_id());
  *outcome.mutable_decided_at() = event.accepted_at();
  if (std::optional<v1::Outcome> first = deduplication_.FindFirst(agency_id, event.submission())) {
    // Decided before in another way: nothing happens, but its place in the outbox is taken.
    if (!first->has_decided_at()) *first->mutable_decided_at() = event.accepted_at();
    outcome = *std::move(first);
    if (outcome.cursor().empty()) outcome.set_cursor(CursorOf(agency_id));
    deduplication_.Remember(agency_id, event.submission(), outcome, last_accepted_at_);
    return;
  }
  Decider decider(this, &model_, event, event.accepted_at());
  absl::StatusOr<v1::Accepted> decision = decider.Decide();
  if (decision.ok()) {
    *outcome.mutable_accepted() = *std::move(decision);
    applied->access_changed = decider.access_changed();
    const bool record = Rules(event.rules_version()).disclosures_are_recorded;
    std::move(decider).TakeNotices().Address(agency_id, record, &model_, &audiences_, &applied->notices);
  } else {
    *outcome.mutable_rejected() = RejectedOf(decision.status());
  }
  outcome.set_cursor(CursorOf(agency_id));
  deduplication_.Remember(agency_id, event.submission(), outcome, last_accepted_at_);
}

void State::ApplyGenesis(const v1::Event& event) {
  genesis_ = event.genesis();
  // Genesis is made by the broker from its checked configuration; an empty roster refuses nothing.
  model_.roster.Register(genesis_.registrar()).IgnoreError();
}

std::optional<v1::Outcome> State::FindDecided(absl::string_view agency_id, const v1::Submission& submission,
                                              absl::Time now) const {
  std::optional<v1::Outcome> outcome = deduplication_.Find(agency_id, submission, now);
  if (outcome.has_value() && outcome->cursor().empty()) outcome->set_cursor(CursorOf(agency_id));
  return outcome;
}

const OperationRecord* State::FindOperation(absl::string_view operation_id) const {
  const auto it = model_.operations.find(operation_id);
  return it == model_.operations.end() ? nullptr : &it->second;
}

std::string State::CursorOf(absl::string_view agency_id) const {
  return EncodeCursor(genesis_.log_id(), audiences_.Position(agency_id));
}

std::string State::Digest() const {
  storage::v1::StateImage image = ToImage();
  // Wording may improve from one version to the next; decisions may not.
  for (storage::v1::RememberedSubmission& remembered : *image.mutable_remembered()) {
    ClearWording(remembered.mutable_outcome());
  }
  for (storage::v1::OutboxImage& outbox : *image.mutable_outboxes()) {
    for (storage::v1::OutboxOutcome& unconfirmed : *outbox.mutable_unconfirmed()) {
      ClearWording(unconfirmed.mutable_outcome());
    }
  }
  return Sha256Hex(EncodeDeterministically(image));
}

storage::v1::StateImage State::ToImage() const {
  storage::v1::StateImage image = RestToImage();
  deduplication_.ToImage(&image);
  for (const auto& [id, operation] : model_.operations) *image.add_operations() = operation.ToImage();
  return image;
}

State::Changes State::TakeChanges() {
  Changes changes;
  changes.image_ = RestToImage();
  deduplication_.AppendTo(&changes.encoded_);
  for (const std::string& id : model_.changed_operations) {
    OperationRecord& operation = model_.operations.at(id);
    changes.operations_.push_back(operation.Freeze());
    operation.ForgetChanges();
  }
  model_.changed_operations.clear();
  return changes;
}

storage::v1::StateImage State::Changes::ToImage() && {
  std::string encoded;
  storage::v1::StateImage image = std::move(*this).ToImage(&encoded);
  image.MergeFromString(encoded);  // What we have made.
  std::sort(image.mutable_remembered()->begin(), image.mutable_remembered()->end(), [](const auto& a, const auto& b) {
    return std::tie(a.agency_id(), a.submission_id()) < std::tie(b.agency_id(), b.submission_id());
  });
  return image;
}

storage::v1::StateImage State::Changes::ToImage(std::string* encoded) && {
  for (const auto& operation : operations_) *image_.add_operations() = operation();
  *encoded = std::move(encoded_);
  return std::move(image_);
}

storage::v1::StateImage State::RestToImage() const {
  storage::v1::StateImage image;
  image.set_sequence(sequence_);
  if (sequence_ != 0) *image.mutable_last_accepted_at() = ToProto(last_accepted_at_);
  *image.mutable_genesis() = genesis_;
  model_.roster.ToImage(&image);
  model_.activities.ToImage(&image);
  model_.disclosures.ToImage(image.mutable_disclosures());
  model_.sealed_disclosures.ToImage(image.mutable_sealed_disclosures());
  audiences_.ToImage(&image);
  return image;
}

void State::FromImage(const storage::v1::StateImage& image, const LoadOperation& load) {
  sequence_ = image.sequence();
  if (sequence_ != 0) last_accepted_at_ = FromProto(image.last_accepted_at());
  genesis_ = image.genesis();
  model_.roster.FromImage(image);
  for (const storage::v1::OperationImage& saved : image.operations()) {
    const std::string& id = saved.operation().operation_id();
    OperationRecord& operation = model_.operations[id];
    OperationBody::Load load_body;
    if (load) load_body = [load, id] { return load(id); };
    operation.FromImage(saved, &model_.timers, std::move(load_body));
    operation.NoteChangesIn(&model_.changed_operations);
  }
  model_.activities.FromImage(image, &model_.timers);
  model_.disclosures.FromImage(image.disclosures());
  model_.sealed_disclosures.FromImage(image.sealed_disclosures());
  deduplication_.FromImage(image);
  audiences_.FromImage(image);
}

std::string EncodeDeterministically(const storage::v1::StateImage& image) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  image.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace muster
