#include "server/state/releases/release_book.h"

#include <algorithm>
#include <utility>

#include "common/clock.h"

namespace muster {

const storage::v1::ReleaseImage* ReleaseBook::Find(absl::string_view release_id) const {
  const auto it = releases_.find(release_id);
  return it == releases_.end() ? nullptr : &it->second;
}

std::vector<const storage::v1::ReleaseImage*> ReleaseBook::Issued() const {
  std::vector<const storage::v1::ReleaseImage*> issued;
  for (const auto& [id, release] : releases_) {
    if (release.release().has_issued_at()) issued.push_back(&release);
  }
  std::stable_sort(issued.begin(), issued.end(), [](const auto* a, const auto* b) {
    return FromProto(a->release().issued_at()) < FromProto(b->release().issued_at());
  });
  return issued;
}

void ReleaseBook::Put(storage::v1::ReleaseImage release) {
  const std::string id = release.release().release_id();
  releases_[id] = std::move(release);
}

void ReleaseBook::ToImage(storage::v1::OperationImage* image) const {
  for (const auto& [id, release] : releases_) *image->add_releases() = release;
}

void ReleaseBook::FromImage(const storage::v1::OperationImage& image) {
  for (const storage::v1::ReleaseImage& release : image.releases()) Put(release);
}

}  // namespace muster
