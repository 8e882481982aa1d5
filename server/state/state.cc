#include "server/state/state.h"

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

  const std::string& agency_id = event.principal().agency_id();
  if (std::optional<v1::Outcome> decided = FindDecided(agency_id, event.submission(), last_accepted_at_)) {
    applied.outcome = *std::move(decided);
    return applied;
  }

  v1::Outcome& outcome = applied.outcome;
  outcome.set_submission_id(event.submission().submission_id());
  *outcome.mutable_decided_at() = event.accepted_at();
  if (std::optional<v1::Outcome> first = deduplication_.FindFirst(agency_id, event.submission())) {
    // Decided before in another way: nothing happens, but its place in the outbox is taken.
    if (!first->has_decided_at()) *first->mutable_decided_at() = event.accepted_at();
    outcome = *std::move(first);
    if (outcome.cursor().empty()) outcome.set_cursor(CursorOf(agency_id));
    deduplication_.Remember(agency_id, event.submission(), outcome, last_accepted_at_);
    return applied;
  }
  Decider decider(this, &roster_, &operations_, event);
  absl::StatusOr<v1::Accepted> decision = decider.Decide();
  if (decision.ok()) {
    *outcome.mutable_accepted() = *std::move(decision);
    applied.access_changed = decider.access_changed();
    applied.notices = std::move(decider).TakeNotices().Address(roster_, &audiences_);
  } else {
    *outcome.mutable_rejected() = RejectedOf(decision.status());
  }
  outcome.set_cursor(CursorOf(agency_id));
  deduplication_.Remember(agency_id, event.submission(), outcome, last_accepted_at_);
  return applied;
}

void State::ApplyGenesis(const v1::Event& event) {
  genesis_ = event.genesis();
  // Genesis is made by the broker from its checked configuration; an empty roster refuses nothing.
  roster_.Register(genesis_.registrar()).IgnoreError();
}

std::optional<v1::Outcome> State::FindDecided(absl::string_view agency_id, const v1::Submission& submission,
                                              absl::Time now) const {
  std::optional<v1::Outcome> outcome = deduplication_.Find(agency_id, submission, now);
  if (outcome.has_value() && outcome->cursor().empty()) outcome->set_cursor(CursorOf(agency_id));
  return outcome;
}

const OperationRecord* State::FindOperation(absl::string_view operation_id) const {
  const auto it = operations_.find(operation_id);
  return it == operations_.end() ? nullptr : &it->second;
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
  storage::v1::StateImage image;
  image.set_sequence(sequence_);
  if (sequence_ != 0) *image.mutable_last_accepted_at() = ToProto(last_accepted_at_);
  *image.mutable_genesis() = genesis_;
  roster_.ToImage(&image);
  for (const auto& [id, operation] : operations_) *image.add_operations() = operation.ToImage();
  deduplication_.ToImage(&image);
  audiences_.ToImage(&image);
  return image;
}

void State::FromImage(const storage::v1::StateImage& image) {
  sequence_ = image.sequence();
  if (sequence_ != 0) last_accepted_at_ = FromProto(image.last_accepted_at());
  genesis_ = image.genesis();
  roster_.FromImage(image);
  for (const storage::v1::OperationImage& saved : image.operations()) {
    operations_[saved.operation().operation_id()].FromImage(saved);
  }
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
