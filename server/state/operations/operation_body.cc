#include "server/state/operations/operation_body.h"

#include <utility>

namespace muster {
namespace {

void SwapBodies(storage::v1::OperationImage* a, storage::v1::OperationImage* b) {
  a->mutable_entries()->Swap(b->mutable_entries());
  a->mutable_pending_reversals()->Swap(b->mutable_pending_reversals());
  a->mutable_duplicates()->Swap(b->mutable_duplicates());
  a->mutable_claims()->Swap(b->mutable_claims());
  a->mutable_releases()->Swap(b->mutable_releases());
  a->mutable_disclosures()->Swap(b->mutable_disclosures());
}

}  // namespace

OperationBody::Contents& OperationBody::Get() {
  absl::call_once(once_, [this] {
    if (!load_) return;
    FromImage(load_());
    load_ = nullptr;  // It may hold files open.
  });
  return contents_;
}

std::function<void(storage::v1::OperationImage*)> OperationBody::Freeze() {
  const Contents& contents = Get();
  storage::v1::OperationImage small;
  contents.claims.ToImage(&small);
  contents.releases.ToImage(&small);
  return [ledger = contents.ledger.Freeze(), small = std::move(small),
          disclosures = contents.disclosures.Freeze()](storage::v1::OperationImage* image) {
    ledger.ToImage(image);
    image->MergeFrom(small);
    disclosures.ToImage(image->mutable_disclosures());
  };
}

void OperationBody::FromImage(const storage::v1::OperationImage& image) {
  contents_.ledger.FromImage(image);
  contents_.claims.FromImage(image);
  contents_.releases.FromImage(image);
  contents_.disclosures.FromImage(image.disclosures());
}

OperationBody::Parts OperationBody::Split(storage::v1::OperationImage* image) {
  storage::v1::OperationImage body;
  SwapBodies(image, &body);
  Parts parts = {image->SerializeAsString(), body.SerializeAsString()};
  SwapBodies(image, &body);
  return parts;
}

}  // namespace muster
