// The PEM files behind a TLS endpoint: checked before use, and replaced without a restart.
//
// gRPC's file watcher refuses every new handshake while key and certificate do not belong together, which is what it
// sees in the moment between an operator's two `cp`. So it is never pointed at the operator's files: LiveTlsFiles
// checks those and hands it a private copy that changes as one.
#ifndef MUSTER_COMMON_TLS_FILES_H_
#define MUSTER_COMMON_TLS_FILES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"

namespace muster {

// Paths of PEM files.
struct TlsFiles {
  // The certificate, then any intermediate authorities.
  std::string certificate_file;
  // Its private key, without a passphrase. Not readable by others.
  std::string key_file;
  // The authorities whose certificates the other side may present. Need not include the one that signed ours.
  std::string ca_file;
};

// The texts of such files.
struct TlsContents {
  std::string certificate;
  std::string key;
  std::string ca;
  bool operator==(const TlsContents&) const = default;
};

// The three files, of no more than 1 MiB each. FAILED_PRECONDITION when the key file is readable by others.
absl::StatusOr<TlsContents> ReadTlsFiles(const TlsFiles& files);

// What CheckTlsFiles says of the files, for their texts; `names` is what errors call them.
absl::Status CheckTlsContents(const TlsContents& contents, const TlsFiles& names, absl::Time now);

// OK when all three can be read and parsed, the key belongs to the certificate, the certificate is valid at `now`, and
// ca_file holds at least one authority. Errors name the file and say what to do. Reads no more than 1 MiB of a file.
absl::Status CheckTlsFiles(const TlsFiles& files, absl::Time now);

// A checked copy of TLS files in `live_dir`, one numbered folder (mode 0700) per generation, with `live_dir/current` a
// symbolic link to the newest. The link is replaced by one rename, so whoever resolves it sees certificate, key and
// authorities of one generation. Files of successive generations differ in modification time by at least one second,
// which is what gRPC's watcher goes by when it tells that it read across a change. The generation before the current
// one is kept for readers that are half-way through; older ones are removed.
//
// Threading: RefreshIfChanged on one thread at a time; live() from any.
class LiveTlsFiles {
 public:
  // Checks `source` and installs it. Creates `live_dir`, but not its parent. `clock` is not owned and outlives this.
  // Errors as CheckTlsFiles, or what the file system said.
  static absl::StatusOr<std::unique_ptr<LiveTlsFiles>> Open(TlsFiles source, std::string live_dir, const Clock* clock);

  LiveTlsFiles(const LiveTlsFiles&) = delete;
  LiveTlsFiles& operator=(const LiveTlsFiles&) = delete;

  // The paths to give to gRPC, through `current`. The same for the life of this object.
  const TlsFiles& live() const { return live_; }

  // Installs the source files if their contents differ from what is installed. True when they were swapped. On an error
  // the installed ones stay in force; each failing state of the source is reported once and gives false thereafter,
  // though it is tried again at every call. Reads three small files; meant to be called about once a second.
  absl::StatusOr<bool> RefreshIfChanged();

 private:
  LiveTlsFiles(TlsFiles source, std::string live_dir, const Clock* clock);

  absl::Status PrepareDirectory();
  // Writes `contents` as the next generation and points `current` at it.
  absl::Status Install(const TlsContents& contents);
  void RemoveOldGenerations();

  const TlsFiles source_;
  const std::string live_dir_;
  const TlsFiles live_;
  const Clock* const clock_;

  TlsContents installed_;
  uint64_t generation_ = 0;
  // Modification time of the installed files, seconds since the epoch; strictly increasing over generations.
  int64_t file_time_s_ = 0;
  // The failing state last reported: what was wrong, and the contents it was wrong with.
  std::string reported_;
};

}  // namespace muster

#endif  // MUSTER_COMMON_TLS_FILES_H_
