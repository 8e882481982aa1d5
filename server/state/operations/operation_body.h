// The part of an operation that grows with what is reported in it: the ledger, claims, releases and disclosures.
//
// Most operations are over, and nobody asks about their entries. After a restart a body therefore stays in the snapshot
// until something asks for it: an operation that is over costs neither memory nor time.
//
// Threading: guarded by the owner (State), but that Get may be called by readers at the same time.
#ifndef MUSTER_SERVER_STATE_OPERATIONS_OPERATION_BODY_H_
#define MUSTER_SERVER_STATE_OPERATIONS_OPERATION_BODY_H_

#include <functional>
#include <string>
#include <utility>

#include "absl/base/call_once.h"
#include "muster/storage/v1/storage.pb.h"
#include "server/state/access/disclosure_log.h"
#include "server/state/releases/release_book.h"
#include "server/state/tallies/claim_book.h"
#include "server/state/tallies/tally_ledger.h"

namespace muster {

class OperationBody {
 public:
  struct Contents {
    TallyLedger ledger;
    ClaimBook claims;
    ReleaseBook releases;
    DisclosureLog disclosures;
  };
  // Returns an image of which only what belongs to the body is read. Called at most once; cannot fail.
  using Load = std::function<storage::v1::OperationImage()>;

  OperationBody() = default;
  explicit OperationBody(Load load) : load_(std::move(load)) {}

  Contents& Get();

  void ToImage(storage::v1::OperationImage* image) { Freeze()(image); }
  // Adds what the body holds now to an image, from another thread while the body goes on. Valid as long as the body.
  std::function<void(storage::v1::OperationImage* image)> Freeze();
  // Instead of a load, and before Get.
  void FromImage(const storage::v1::OperationImage& image);

  // The encodings of what belongs to the body of an operation, and of the head, which is everything else.
  struct Parts {
    std::string head;
    std::string body;
  };
  static Parts Split(storage::v1::OperationImage* image);  // Leaves it as it was.

 private:
  absl::once_flag once_;
  Load load_;
  Contents contents_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_OPERATIONS_OPERATION_BODY_H_
