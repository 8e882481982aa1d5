#include "server/state/tallies/claim_book.h"

#include "absl/strings/str_cat.h"
#include "common/error_reason.h"
#include "google/protobuf/util/message_differencer.h"

namespace muster {

absl::Status ClaimBook::Record(const v1::Claim& claim, const v1::Principal& recorded_by,
                               const google::protobuf::Timestamp& at, bool* changed) {
  if (const auto it = claims_.find(claim.claim_id()); it != claims_.end()) {
    *changed = false;
    if (google::protobuf::util::MessageDifferencer::Equals(it->second.claim(), claim)) return absl::OkStatus();
    return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                   absl::StrCat("claim_id ", claim.claim_id(), " stands for another claim already; use a new id"));
  }
  if (claims_.size() >= kClaimsMax) {
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat("the operation has ", kClaimsMax, " claims, which is the most it can hold"));
  }
  *changed = true;
  v1::ClaimRecord& record = claims_[claim.claim_id()];
  *record.mutable_claim() = claim;
  *record.mutable_recorded_by() = recorded_by;
  *record.mutable_recorded_at() = at;
  return absl::OkStatus();
}

void ClaimBook::ToImage(storage::v1::OperationImage* image) const {
  for (const auto& [id, record] : claims_) *image->add_claims() = record;
}

void ClaimBook::FromImage(const storage::v1::OperationImage& image) {
  for (const v1::ClaimRecord& record : image.claims()) claims_[record.claim().claim_id()] = record;
}

}  // namespace muster
