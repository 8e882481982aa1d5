#include "common/identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/error_reason.h"
#include "common/formats.h"
#include "common/openssl_ptr.h"
#include "common/sha256.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// A leaf and its intermediates have a few kilobytes; beyond this someone is making us parse for nothing.
constexpr size_t kPemBytesMax = 64 * 1024;
constexpr size_t kNameBytesMax = 63;
// SPIFFE ID standard, section 2.3.
constexpr size_t kUriBytesMax = 2048;

absl::Status Unusable(absl::string_view why) {
  return Refusal(v1::ERROR_REASON_CERTIFICATE_UNUSABLE,
                 absl::StrCat("certificate refused: ", why,
                              "; ask your registrar for one whose only URI is spiffe://<trust domain>/agency/<agency "
                              "id>/<post>"));
}

// For messages: what a stranger put into a certificate, printable and short.
std::string Shown(absl::string_view text) {
  constexpr size_t kShownBytesMax = 100;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kShownBytesMax)), text.size() > kShownBytesMax ? "..." : "",
                      "\"");
}

bool IsName(absl::string_view text) { return text.size() <= kNameBytesMax && IsSlug(text); }

// The first certificate in `pem`, or null.
UniqueX509 ParseFirstCertificate(absl::string_view pem) {
  UniqueBio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  UniqueX509 certificate(bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

// Every URI subject alternative name, byte for byte. An error when the extension is malformed or there is more than
// one.
absl::StatusOr<std::vector<std::string>> UrisOf(const X509& certificate) {
  int critical = 0;
  UniqueGeneralNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, &critical, nullptr)));
  ERR_clear_error();
  std::vector<std::string> uris;
  if (names == nullptr) {
    if (critical == -1) return uris;  // There is no such extension.
    return Unusable(critical == -2 ? "it has more than one subject alternative name extension"
                                   : "its subject alternative names cannot be read");
  }
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    // With its length: a NUL in the middle stays visible.
    uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                      static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return uris;
}

absl::StatusOr<absl::Time> TimeOf(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return Unusable("its validity cannot be read");
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

absl::StatusOr<std::string> KeySha256HexOf(const X509& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(&certificate), &der);
  if (size <= 0) {
    ERR_clear_error();
    return Unusable("its public key cannot be read");
  }
  std::string hex = Sha256Hex(absl::string_view(reinterpret_cast<const char*>(der), static_cast<size_t>(size)));
  OPENSSL_free(der);
  return hex;
}

std::string SerialHexOf(const X509& certificate) {
  UniqueBignum serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(&certificate), nullptr));
  std::unique_ptr<char, OpenSslDeleter<[](char* text) { OPENSSL_free(text); }>> hex(
      serial == nullptr ? nullptr : BN_bn2hex(serial.get()));
  ERR_clear_error();
  return hex == nullptr ? "" : absl::AsciiStrToLower(hex.get());
}

absl::StatusOr<CertificateInfo> Describe(const X509& certificate) {
  CertificateInfo info;
  MUSTER_ASSIGN_OR_RETURN(info.uris, UrisOf(certificate));
  MUSTER_ASSIGN_OR_RETURN(info.key_sha256_hex, KeySha256HexOf(certificate));
  info.serial_hex = SerialHexOf(certificate);
  MUSTER_ASSIGN_OR_RETURN(info.not_before, TimeOf(X509_get0_notBefore(&certificate)));
  MUSTER_ASSIGN_OR_RETURN(info.not_after, TimeOf(X509_get0_notAfter(&certificate)));
  // The getter fills a cache inside the certificate and so wants it mutable.
  info.is_ca = X509_check_ca(const_cast<X509*>(&certificate)) == 1;
  return info;
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  std::unique_ptr<std::FILE, OpenSslDeleter<std::fclose>> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot open the certificate ", path));
  }
  std::string bytes(kPemBytesMax + 1, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read the certificate ", path));
  }
  if (bytes.size() > kPemBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is larger than ", kPemBytesMax, " bytes: name a PEM file that holds one certificate"));
  }
  return bytes;
}

}  // namespace

absl::StatusOr<SpiffeName> ParseSpiffeUri(absl::string_view uri, absl::string_view trust_domain) {
  if (uri.size() > kUriBytesMax) return Unusable(absl::StrCat("its URI is longer than ", kUriBytesMax, " bytes"));
  absl::string_view rest = uri;
  if (!absl::ConsumePrefix(&rest, "spiffe://")) {
    return Unusable(absl::StrCat("its URI ", Shown(uri), " does not begin with spiffe://"));
  }
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(rest, absl::MaxSplits('/', 1));
  if (trust_domain.empty() || parts.first != trust_domain) {
    return Unusable(absl::StrCat("its URI ", Shown(uri), " is not in the trust domain ", Shown(trust_domain)));
  }
  const std::vector<absl::string_view> path = absl::StrSplit(parts.second, '/');
  // A query, fragment, percent sign, NUL or upper-case letter makes a segment something other than a slug.
  if (path.size() != 3 || path[0] != "agency" || !IsName(path[1]) || !IsName(path[2])) {
    return Unusable(absl::StrCat("the path of its URI ", Shown(uri),
                                 " is not /agency/<agency id>/<post>, each of lower-case letters, digits and single "
                                 "hyphens, starting with a letter, at most ",
                                 kNameBytesMax, " bytes"));
  }
  return SpiffeName{std::string(path[1]), std::string(path[2])};
}

absl::StatusOr<CertificateIdentity> IdentityFromPem(absl::string_view pem, absl::string_view trust_domain) {
  if (pem.size() > kPemBytesMax) return Unusable(absl::StrCat("its PEM is larger than ", kPemBytesMax, " bytes"));
  const UniqueX509 certificate = ParseFirstCertificate(pem);
  if (certificate == nullptr) return Unusable("it is not a PEM certificate");
  MUSTER_ASSIGN_OR_RETURN(CertificateInfo info, Describe(*certificate));
  if (info.is_ca) return Unusable("it is the certificate of an authority");
  if (info.uris.size() != 1) {
    return Unusable(absl::StrCat("it has ", info.uris.size(), " URI subject alternative names, wanted exactly one"));
  }
  MUSTER_ASSIGN_OR_RETURN(SpiffeName name, ParseSpiffeUri(info.uris[0], trust_domain));
  return CertificateIdentity{.agency_id = std::move(name.agency_id),
                             .post = std::move(name.post),
                             .key_sha256_hex = std::move(info.key_sha256_hex),
                             .serial_hex = std::move(info.serial_hex),
                             .not_before = info.not_before,
                             .not_after = info.not_after};
}

absl::StatusOr<CertificateInfo> DescribeCertificatePem(absl::string_view pem, absl::string_view name) {
  const UniqueX509 certificate = ParseFirstCertificate(pem);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " holds no PEM certificate: it should begin with -----BEGIN CERTIFICATE-----"));
  }
  absl::StatusOr<CertificateInfo> info = Describe(*certificate);
  if (!info.ok()) return absl::InvalidArgumentError(absl::StrCat(name, ": ", info.status().message()));
  for (std::string& uri : info->uris) uri = absl::CHexEscape(uri);
  return info;
}

absl::StatusOr<CertificateInfo> DescribeCertificateFile(const std::string& path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string pem, ReadSmallFile(path));
  return DescribeCertificatePem(pem, path);
}

}  // namespace muster
