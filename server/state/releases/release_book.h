// One operation's releases to the public.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_RELEASES_RELEASE_BOOK_H_
#define MUSTER_SERVER_STATE_RELEASES_RELEASE_BOOK_H_

#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"

namespace muster {

class ReleaseBook {
 public:
  // The most releases of one operation: each is checked against all that were issued before it.
  static constexpr size_t kReleasesMax = 100;

  // Null when there is none of that name.
  const storage::v1::ReleaseImage* Find(absl::string_view release_id) const;
  const absl::btree_map<std::string, storage::v1::ReleaseImage>& releases() const { return releases_; }

  // What the public has seen: issued, and since corrected or not. In the order of issue.
  std::vector<const storage::v1::ReleaseImage*> Issued() const;

  // Adds a release or puts it in the place of the one of its name.
  void Put(storage::v1::ReleaseImage release);

  void ToImage(storage::v1::OperationImage* image) const;
  void FromImage(const storage::v1::OperationImage& image);

 private:
  absl::btree_map<std::string, storage::v1::ReleaseImage> releases_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_RELEASES_RELEASE_BOOK_H_
