// That something was told to other agencies than its own: who, what, why and when (rule V4; 28 CFR 23.20).
//
// Written by the same step that addresses notices (Notices::Address), so that what is delivered is what is recorded.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_ACCESS_DISCLOSURE_LOG_H_
#define MUSTER_SERVER_STATE_ACCESS_DISCLOSURE_LOG_H_

#include <utility>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "muster/storage/v1/storage.pb.h"

namespace muster {

class DisclosureLog {
 public:
  using Images = google::protobuf::RepeatedPtrField<storage::v1::DisclosureImage>;

  void Add(storage::v1::DisclosureImage disclosure) { disclosures_.push_back(std::move(disclosure)); }
  // In order. The audience is one of State::audiences().
  const std::vector<storage::v1::DisclosureImage>& disclosures() const { return disclosures_; }

  void ToImage(Images* images) const { images->Assign(disclosures_.begin(), disclosures_.end()); }
  void FromImage(const Images& images) { disclosures_.assign(images.begin(), images.end()); }

 private:
  std::vector<storage::v1::DisclosureImage> disclosures_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_ACCESS_DISCLOSURE_LOG_H_
