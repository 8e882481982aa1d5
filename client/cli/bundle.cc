#include "client/cli/bundle.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/identity.h"
#include "common/status_macros.h"
#include "common/toml.h"
#include "common/validation.h"

namespace muster::cli {
namespace {

using agent::v1::EnrollmentBundle;

// "muster.example" of spiffe://muster.example/agency/ky-ago/cp1.
std::string TrustDomainOf(const CertificateInfo& certificate) {
  if (certificate.uris.size() != 1) return "";
  absl::string_view uri = certificate.uris[0];
  if (!absl::ConsumePrefix(&uri, "spiffe://")) return "";
  return std::string(uri.substr(0, uri.find('/')));
}

// A TOML literal string of several lines: nothing in it is an escape, which suits PEM.
std::string Literal(absl::string_view name, absl::string_view pem) {
  return absl::StrCat(name, " = '''\n", pem, absl::EndsWith(pem, "\n") ? "" : "\n", "'''\n");
}

std::string Word(absl::string_view text) { return absl::StrCat("'", text, "'"); }

absl::Status FileError(absl::string_view what, const std::string& path, int error) {
  return absl::UnknownError(absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(error)));
}

absl::Status WriteAll(int fd, absl::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path, errno);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : FileError("write", path, errno);
}

// Takes the place of what is at `path`, or only an empty one.
absl::Status MoveInto(const std::string& temporary, const std::string& path, bool replace) {
  if (replace) {
    return std::rename(temporary.c_str(), path.c_str()) == 0 ? absl::OkStatus() : FileError("replace", path, errno);
  }
  if (link(temporary.c_str(), path.c_str()) == 0) return absl::OkStatus();
  if (errno == EEXIST) {
    return absl::AlreadyExistsError(absl::StrCat(path, " exists already: name another file, or give --force"));
  }
  return FileError("write", path, errno);
}

}  // namespace

absl::StatusOr<EnrollmentBundle> MakeBundle(const BundleParts& parts, absl::Time now) {
  MUSTER_RETURN_IF_ERROR(CheckTlsFiles(parts.files, now));
  MUSTER_ASSIGN_OR_RETURN(TlsContents contents, ReadTlsFiles(parts.files));
  MUSTER_ASSIGN_OR_RETURN(const CertificateInfo certificate,
                          DescribeCertificatePem(contents.certificate, parts.files.certificate_file));
  EnrollmentBundle bundle;
  bundle.mutable_brokers()->Assign(parts.brokers.begin(), parts.brokers.end());
  bundle.set_server_name(parts.server_name);
  bundle.set_trust_domain(parts.trust_domain.empty() ? TrustDomainOf(certificate) : parts.trust_domain);
  if (bundle.trust_domain().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(parts.files.certificate_file, " names no trust domain, for it has no single SPIFFE URI but [",
                     absl::StrJoin(certificate.uris, ", "), "]: use the certificate of a command post"));
  }
  MUSTER_RETURN_IF_ERROR(IdentityFromPem(contents.certificate, bundle.trust_domain()).status());
  bundle.set_ca(std::move(contents.ca));
  bundle.set_certificate(std::move(contents.certificate));
  bundle.set_key(std::move(contents.key));
  MUSTER_RETURN_IF_ERROR(Validate(bundle));
  return bundle;
}

std::string BundleToml(const EnrollmentBundle& bundle) {
  std::string toml =
      "# A Muster enrolment bundle: `muster agent enroll` reads it. It holds a private key, so keep it to yourself, "
      "and\n"
      "# remove it once the daemon has it.\n";
  absl::StrAppend(&toml, "brokers = [",
                  absl::StrJoin(bundle.brokers(), ", ",
                                [](std::string* out, const std::string& broker) { out->append(Word(broker)); }),
                  "]\ntrust_domain = ", Word(bundle.trust_domain()), "\n");
  if (!bundle.server_name().empty()) absl::StrAppend(&toml, "server_name = ", Word(bundle.server_name()), "\n");
  absl::StrAppend(&toml, Literal("ca", bundle.ca()), Literal("certificate", bundle.certificate()),
                  Literal("key", bundle.key()));
  return toml;
}

absl::Status SaveBundle(const EnrollmentBundle& bundle, const std::string& path, bool replace) {
  const std::string toml = BundleToml(bundle);
  EnrollmentBundle read_back;  // A quotation mark in a part must not make a file that cannot be read.
  MUSTER_RETURN_IF_ERROR(ParseToml(toml, path, &read_back));
  const std::string temporary = absl::StrCat(path, ".new.", getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FileError("create", temporary, errno);
  absl::Status status = WriteAll(fd, toml, temporary);
  close(fd);
  if (status.ok()) status = MoveInto(temporary, path, replace);
  unlink(temporary.c_str());
  return status;
}

absl::StatusOr<EnrollmentBundle> LoadBundle(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": ", std::strerror(errno)));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "WARNING: %s holds a private key, and others on this machine may read it (mode %04o): run `chmod 600 %s` and "
        "enrol again; if anybody may have read it, ask for a new certificate instead and have this one revoked",
        path, info.st_mode & 07777, path));
  }
  EnrollmentBundle bundle;
  MUSTER_RETURN_IF_ERROR(LoadTomlFile(path, &bundle));
  return bundle;
}

}  // namespace muster::cli
