// A folder of small records, one file of JSON each, that two programs may change at once: the serving gateway and the
// command line beside it.
//
// The command line may run as root in a folder that belongs to the service's user: no link in place of the folder or of
// a file is followed, so that whoever has taken over the service cannot point root elsewhere.
//
// A file is replaced by writing another and renaming it, synced before and after, so that a reader sees the old or the
// new one and a power cut leaves one of them. Files have mode 0600 and the folder's owner, also when root writes them.
//
// Threading: thread-safe; nothing is kept in memory.
#ifndef MUSTER_CLIENT_GATEWAY_PEOPLE_RECORD_FILES_H_
#define MUSTER_CLIENT_GATEWAY_PEOPLE_RECORD_FILES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace muster::gateway {

class RecordFiles {
 public:
  // Creates `folder` with mode 0700 where it is missing, but not its parent.
  //
  // Errors: what the file system said, such as that `folder` is a link.
  static absl::StatusOr<RecordFiles> Open(std::string folder);

  // `name` is a slug or hexadecimal digits everywhere: it becomes a file's name as it is.
  //
  // Errors: NOT_FOUND there is none; DATA_LOSS the file is not a record; otherwise what the file system said.
  absl::Status Load(const std::string& name, google::protobuf::Message* record) const;
  // Errors: what the file system said; the old record then stands.
  absl::Status Save(const std::string& name, const google::protobuf::Message& record) const;
  // Takes the record out of the folder: of several callers one gets it, the others NOT_FOUND.
  absl::Status Take(const std::string& name, google::protobuf::Message* record) const;
  // In alphabetical order.
  std::vector<std::string> Names() const;

 private:
  explicit RecordFiles(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_PEOPLE_RECORD_FILES_H_
