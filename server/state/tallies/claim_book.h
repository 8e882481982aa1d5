// Figures that others have published of one operation. They never enter a figure.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_TALLIES_CLAIM_BOOK_H_
#define MUSTER_SERVER_STATE_TALLIES_CLAIM_BOOK_H_

#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/claims.pb.h"

namespace muster {

class ClaimBook {
 public:
  // The most claims of one operation: a reconciliation shows them all.
  static constexpr size_t kClaimsMax = 500;

  // Adds a claim. Sets `changed` to false when it is there already, word for word.
  //
  // Errors: ALREADY_EXISTS another claim has its id. FAILED_PRECONDITION there are kClaimsMax.
  absl::Status Record(const v1::Claim& claim, const v1::Principal& recorded_by, const google::protobuf::Timestamp& at,
                      bool* changed);

  const absl::btree_map<std::string, v1::ClaimRecord>& claims() const { return claims_; }

  void ToImage(storage::v1::OperationImage* image) const;
  void FromImage(const storage::v1::OperationImage& image);

 private:
  absl::btree_map<std::string, v1::ClaimRecord> claims_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_TALLIES_CLAIM_BOOK_H_
