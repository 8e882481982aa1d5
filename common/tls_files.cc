#include "common/tls_files.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/openssl_ptr.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace muster {
namespace {

namespace fs = std::filesystem;

constexpr size_t kFileBytesMax = 1 << 20;
constexpr char kCertificateName[] = "certificate.pem";
constexpr char kKeyName[] = "key.pem";
constexpr char kAuthoritiesName[] = "ca.pem";
constexpr char kCurrentName[] = "current";
constexpr char kNextLinkName[] = "current.next";

absl::Status Errno(absl::string_view what, const std::string& path, absl::string_view advice) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", what, " ", path, "; ", advice));
}

// The whole of a regular file, and its mode.
absl::StatusOr<std::string> ReadFile(const std::string& path, absl::string_view setting, mode_t* mode) {
  const std::string advice = absl::StrCat("check ", setting, " and the permissions along the path");
  if (path.empty()) return absl::InvalidArgumentError(absl::StrCat(setting, " is not set; name a PEM file"));
  // Non-blocking, so that a FIFO does not hold us up.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Errno("open", path, advice);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat info = {};
  if (fstat(fd, &info) != 0) return Errno("look at", path, advice);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file; ", setting, " must name a PEM file"));
  }
  *mode = info.st_mode;
  std::string bytes(kFileBytesMax + 1, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Errno("read", path, advice);
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > kFileBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is larger than ", kFileBytesMax, " bytes; ", setting, " must name a PEM file"));
  }
  bytes.resize(size);
  bytes.shrink_to_fit();
  return bytes;
}

// Every certificate in `pem`; empty when there is none or one is broken.
std::vector<UniqueX509> ParseCertificates(const std::string& pem) {
  std::vector<UniqueX509> certificates;
  const UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(certificate);
  }
  // Running out of PEM blocks is how a good file ends. Anything else is a block that was cut short or damaged.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!ended) certificates.clear();
  return certificates;
}

std::string ShowTime(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unreadable time";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromTM(parts, absl::UTCTimeZone()), absl::UTCTimeZone());
}

absl::Status CheckValidity(const X509& certificate, const std::string& path, absl::Time now) {
  time_t seconds = absl::ToTimeT(now);
  const ASN1_TIME* not_before = X509_get0_notBefore(&certificate);
  const ASN1_TIME* not_after = X509_get0_notAfter(&certificate);
  // 0 means that a time cannot be read; such a certificate is as good as none.
  if (X509_cmp_time(not_before, &seconds) >= 0) {
    return absl::FailedPreconditionError(absl::StrCat(path, " is not valid before ", ShowTime(not_before),
                                                      "; check this machine's clock, or use a certificate valid now"));
  }
  if (X509_cmp_time(not_after, &seconds) <= 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " expired at ", ShowTime(not_after), "; install a renewed certificate with its key"));
  }
  return absl::OkStatus();
}

absl::Status CheckPair(const std::string& key_pem, const X509& certificate, const TlsFiles& names) {
  const UniqueBio bio(BIO_new_mem_buf(key_pem.data(), static_cast<int>(key_pem.size())));
  const UniqueKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(names.key_file,
                     " holds no usable PEM private key; it must be whole and without a passphrase (openssl pkey -in "
                     "... -out ... takes one off)"));
  }
  const bool match = X509_check_private_key(&certificate, key.get()) == 1;
  ERR_clear_error();
  if (!match) {
    return absl::FailedPreconditionError(absl::StrCat("the key in ", names.key_file,
                                                      " does not belong to the certificate in ", names.certificate_file,
                                                      "; put both files of the same issue in place"));
  }
  return absl::OkStatus();
}

absl::Status CheckAuthorities(const std::string& pem, const std::string& path) {
  const std::vector<UniqueX509> certificates = ParseCertificates(pem);
  if (certificates.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " holds no certificate, or a damaged one; put the authorities' PEM certificates there"));
  }
  for (const UniqueX509& certificate : certificates) {
    if (X509_check_ca(certificate.get()) > 0) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      path,
      " holds certificates, but none of an authority (basicConstraints CA:TRUE); name the file of the authority "
      "that signs the other side's certificates"));
}

absl::Status WriteFile(const std::string& path, const std::string& bytes, int64_t time_s) {
  const absl::string_view advice = "check free space and permissions";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return Errno("create", path, advice);
  const absl::Cleanup close_fd = [fd] { close(fd); };
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t wrote = write(fd, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return Errno("write", path, advice);
    done += static_cast<size_t>(wrote);
  }
  const timespec time = {.tv_sec = static_cast<time_t>(time_s), .tv_nsec = 0};
  const timespec times[2] = {time, time};
  if (futimens(fd, times) != 0) return Errno("set the time of", path, advice);
  return absl::OkStatus();
}

// The numbers of the generations in `live_dir`, in no order.
std::vector<uint64_t> GenerationsIn(const std::string& live_dir) {
  std::vector<uint64_t> numbers;
  std::error_code error;
  for (fs::directory_iterator it(live_dir, error), end; !error && it != end; it.increment(error)) {
    uint64_t number = 0;
    if (absl::SimpleAtoi(it->path().filename().string(), &number)) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

absl::StatusOr<TlsContents> ReadTlsFiles(const TlsFiles& files) {
  TlsContents contents;
  mode_t mode = 0;
  MUSTER_ASSIGN_OR_RETURN(contents.certificate, ReadFile(files.certificate_file, "certificate_file", &mode));
  MUSTER_ASSIGN_OR_RETURN(contents.ca, ReadFile(files.ca_file, "ca_file", &mode));
  MUSTER_ASSIGN_OR_RETURN(contents.key, ReadFile(files.key_file, "key_file", &mode));
  if ((mode & (S_IROTH | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("everyone on this machine can read or write the private key ",
                                                      files.key_file, "; run: chmod 600 ", files.key_file));
  }
  return contents;
}

absl::Status CheckTlsContents(const TlsContents& contents, const TlsFiles& names, absl::Time now) {
  const std::vector<UniqueX509> chain = ParseCertificates(contents.certificate);
  if (chain.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        names.certificate_file, " holds no PEM certificate, or a damaged one; put the whole file in place"));
  }
  MUSTER_RETURN_IF_ERROR(CheckPair(contents.key, *chain.front(), names));
  MUSTER_RETURN_IF_ERROR(CheckValidity(*chain.front(), names.certificate_file, now));
  return CheckAuthorities(contents.ca, names.ca_file);
}

absl::Status CheckTlsFiles(const TlsFiles& files, absl::Time now) {
  MUSTER_ASSIGN_OR_RETURN(const TlsContents contents, ReadTlsFiles(files));
  return CheckTlsContents(contents, files, now);
}

LiveTlsFiles::LiveTlsFiles(TlsFiles source, std::string live_dir, const Clock* clock)
    : source_(std::move(source)),
      live_dir_(std::move(live_dir)),
      live_{.certificate_file = absl::StrCat(live_dir_, "/", kCurrentName, "/", kCertificateName),
            .key_file = absl::StrCat(live_dir_, "/", kCurrentName, "/", kKeyName),
            .ca_file = absl::StrCat(live_dir_, "/", kCurrentName, "/", kAuthoritiesName)},
      clock_(clock) {}

absl::StatusOr<std::unique_ptr<LiveTlsFiles>> LiveTlsFiles::Open(TlsFiles source, std::string live_dir,
                                                                 const Clock* clock) {
  std::unique_ptr<LiveTlsFiles> files(new LiveTlsFiles(std::move(source), std::move(live_dir), clock));
  MUSTER_ASSIGN_OR_RETURN(const TlsContents contents, ReadTlsFiles(files->source_));
  MUSTER_RETURN_IF_ERROR(CheckTlsContents(contents, files->source_, clock->Now()));
  MUSTER_RETURN_IF_ERROR(files->PrepareDirectory());
  MUSTER_RETURN_IF_ERROR(files->Install(contents));
  return files;
}

absl::StatusOr<bool> LiveTlsFiles::RefreshIfChanged() {
  absl::StatusOr<TlsContents> contents = ReadTlsFiles(source_);
  if (contents.ok() && *contents == installed_) {
    reported_.clear();
    return false;
  }
  absl::Status status = contents.status();
  if (status.ok()) status = CheckTlsContents(*contents, source_, clock_->Now());
  if (status.ok()) status = Install(*contents);
  if (status.ok()) {
    reported_.clear();
    return true;
  }
  std::string state = status.ToString();
  if (contents.ok()) {
    Sha256 digest;
    digest.UpdateSized(contents->certificate).UpdateSized(contents->key).UpdateSized(contents->ca);
    absl::StrAppend(&state, digest.Finish());
  }
  if (state == reported_) return false;
  reported_ = std::move(state);
  return status;
}

absl::Status LiveTlsFiles::PrepareDirectory() {
  if (mkdir(live_dir_.c_str(), 0700) != 0 && errno != EEXIST) {
    return Errno("create", live_dir_, "its parent must exist and be writable");
  }
  if (chmod(live_dir_.c_str(), 0700) != 0) return Errno("restrict", live_dir_, "it must belong to this user");
  for (const uint64_t number : GenerationsIn(live_dir_)) {
    generation_ = std::max(generation_, number);
    // A reader of an earlier process's files may still be about; stay ahead of their times too.
    struct stat info = {};
    const std::string certificate = absl::StrCat(live_dir_, "/", number, "/", kCertificateName);
    if (stat(certificate.c_str(), &info) == 0) file_time_s_ = std::max(file_time_s_, int64_t{info.st_mtime});
  }
  return absl::OkStatus();
}

absl::Status LiveTlsFiles::Install(const TlsContents& contents) {
  const std::string name = absl::StrCat(generation_ + 1);
  const std::string folder = absl::StrCat(live_dir_, "/", name);
  const std::string next_link = absl::StrCat(live_dir_, "/", kNextLinkName);
  const std::string current = absl::StrCat(live_dir_, "/", kCurrentName);
  const int64_t time_s = std::max(absl::ToUnixSeconds(clock_->Now()), file_time_s_ + 1);
  absl::Cleanup remove_folder = [&folder] {
    std::error_code ignored;  // What stays is met, and named, by the next attempt.
    fs::remove_all(folder, ignored);
  };
  if (mkdir(folder.c_str(), 0700) != 0) return Errno("create", folder, "check free space and permissions");
  MUSTER_RETURN_IF_ERROR(WriteFile(absl::StrCat(folder, "/", kCertificateName), contents.certificate, time_s));
  MUSTER_RETURN_IF_ERROR(WriteFile(absl::StrCat(folder, "/", kKeyName), contents.key, time_s));
  MUSTER_RETURN_IF_ERROR(WriteFile(absl::StrCat(folder, "/", kAuthoritiesName), contents.ca, time_s));
  // A link left by a process that died just here.
  if (unlink(next_link.c_str()) != 0 && errno != ENOENT) return Errno("remove", next_link, "remove it by hand");
  if (symlink(name.c_str(), next_link.c_str()) != 0) return Errno("create", next_link, "check free space");
  if (rename(next_link.c_str(), current.c_str()) != 0) return Errno("replace", current, "it must be a symbolic link");
  std::move(remove_folder).Cancel();
  ++generation_;
  file_time_s_ = time_s;
  installed_ = contents;
  RemoveOldGenerations();
  return absl::OkStatus();
}

void LiveTlsFiles::RemoveOldGenerations() {
  for (const uint64_t number : GenerationsIn(live_dir_)) {
    std::error_code ignored;  // What cannot be removed now is tried again at the next swap.
    if (number + 1 < generation_) fs::remove_all(absl::StrCat(live_dir_, "/", number), ignored);
  }
}

}  // namespace muster
