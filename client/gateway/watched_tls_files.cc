#include "client/gateway/watched_tls_files.h"

#include <utility>

#include "common/status_macros.h"

namespace muster::gateway {

absl::StatusOr<TlsContents> WatchedTlsFiles::Read() const {
  if (!files_.ca_file.empty()) return ReadTlsFiles(files_);
  TlsFiles files = files_;
  files.ca_file = files.certificate_file;  // So that there is something to read.
  MUSTER_ASSIGN_OR_RETURN(TlsContents contents, ReadTlsFiles(files));
  contents.ca.clear();
  return contents;
}

absl::StatusOr<bool> WatchedTlsFiles::RefreshIfChanged() {
  const absl::StatusOr<TlsContents> read = Read();
  std::optional<TlsContents> contents;
  if (read.ok()) contents = *read;
  absl::Status status = read.status();
  if (contents.has_value() && contents != in_force_) status = use_(*contents);
  if (status.ok()) {
    reported_ = absl::OkStatus();
    reported_contents_.reset();
    if (contents == in_force_) return false;
    in_force_ = std::move(contents);
    return true;
  }
  if (status == reported_ && contents == reported_contents_) return false;
  reported_ = status;
  reported_contents_ = std::move(contents);
  return status;
}

}  // namespace muster::gateway
