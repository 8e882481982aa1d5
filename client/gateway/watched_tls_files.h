// PEM files that are renewed while the gateway serves: what they hold comes into force once it is whole.
//
// Between an operator's two `cp`, or in the middle of one, certificate and key do not belong together. What cannot be
// used is told once, and what was in force stays.
#ifndef MUSTER_CLIENT_GATEWAY_WATCHED_TLS_FILES_H_
#define MUSTER_CLIENT_GATEWAY_WATCHED_TLS_FILES_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/tls_files.h"

namespace muster::gateway {

// Not thread-safe.
class WatchedTlsFiles {
 public:
  // Puts what the files hold into force. On an error nothing has changed.
  using Use = std::function<absl::Status(const TlsContents& contents)>;

  // `files.ca_file` may be empty: then TlsContents::ca is too.
  WatchedTlsFiles(TlsFiles files, Use use) : files_(std::move(files)), use_(std::move(use)) {}

  // Uses what the files hold, if that is not in force already. True when it has come into force. Each failing state of
  // the files is reported once and gives false thereafter, though it is tried again each time. Reads three small files.
  //
  // Errors: a file cannot be read, or what `use` said.
  absl::StatusOr<bool> RefreshIfChanged();

 private:
  absl::StatusOr<TlsContents> Read() const;

  const TlsFiles files_;
  const Use use_;
  std::optional<TlsContents> in_force_;
  // The failing state last reported: what was wrong, and the contents it was wrong with.
  absl::Status reported_;
  std::optional<TlsContents> reported_contents_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_WATCHED_TLS_FILES_H_
