#include "client/bench/identities.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/random.h"
#include "common/sha256.h"
#include "common/status_macros.h"
#include "common/uuid.h"

namespace muster::bench {
namespace {

constexpr absl::Duration kValidBefore = absl::Hours(1);
constexpr absl::Duration kValidAfter = absl::Hours(24);

absl::Status Failed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", TakeOpenSslErrors()));
}

UniqueBio OpenFile(const std::string& path) { return UniqueBio(BIO_new_file(path.c_str(), "r")); }

bool AddExtension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context = {};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool SetSerial(X509* certificate) {
  uint64_t serial = 0;
  std::memcpy(&serial, RandomBytes(sizeof(serial)).data(), sizeof(serial));
  return ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1;
}

std::string AgencyId(absl::string_view run, size_t index) { return absl::StrCat("bench-", run, "-", index); }

}  // namespace

absl::StatusOr<std::unique_ptr<Authority>> Authority::Load(const std::string& folder) {
  std::unique_ptr<Authority> authority(new Authority());
  const std::string base = absl::StrCat(folder, "/ca/ca");
  const UniqueBio certificate = OpenFile(base + ".crt");
  const UniqueBio key = OpenFile(base + ".key");
  if (certificate == nullptr || key == nullptr) {
    return Failed(absl::StrCat(base, ".crt and .key (as certs-example/make-certs.sh makes them) cannot be opened"));
  }
  authority->issuer_.certificate.reset(PEM_read_bio_X509(certificate.get(), nullptr, NoPassphrase, nullptr));
  authority->issuer_.key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, NoPassphrase, nullptr));
  if (authority->issuer_.certificate == nullptr || authority->issuer_.key == nullptr ||
      X509_check_private_key(authority->issuer_.certificate.get(), authority->issuer_.key.get()) != 1) {
    return Failed(absl::StrCat(base, ".crt and .key are no certificate and its key"));
  }
  return authority;
}

absl::StatusOr<Identity> Authority::Issue(const std::string& uri, absl::Time now) const {
  Identity made{UniqueX509(X509_new()), UniqueKey(EVP_EC_gen("P-256"))};
  X509* const certificate = made.certificate.get();
  const bool complete = certificate != nullptr && made.key != nullptr &&
                        X509_set_version(certificate, X509_VERSION_3) == 1 && SetSerial(certificate) &&
                        ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(now - kValidBefore)) != nullptr &&
                        ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(now + kValidAfter)) != nullptr &&
                        X509_set_pubkey(certificate, made.key.get()) == 1 &&
                        X509_set_issuer_name(certificate, X509_get_subject_name(issuer_.certificate.get())) == 1 &&
                        AddExtension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
                        AddExtension(certificate, NID_key_usage, "critical,digitalSignature") &&
                        AddExtension(certificate, NID_ext_key_usage, "clientAuth") &&
                        // Critical, for there is no subject (RFC 5280, section 4.2.1.6).
                        AddExtension(certificate, NID_subject_alt_name, absl::StrCat("critical,URI:", uri)) &&
                        X509_sign(certificate, issuer_.key.get(), EVP_sha256()) > 0;
  if (!complete) return Failed(absl::StrCat("a certificate for ", uri));
  return made;
}

std::string KeySha256Of(const Identity& identity) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(identity.key.get(), &der);
  const std::string hash = Sha256Hex(absl::string_view(reinterpret_cast<char*>(der), static_cast<size_t>(size)));
  OPENSSL_free(der);
  return hash;
}

absl::StatusOr<std::vector<Identity>> Enrol(const Target& target, const Stage& stage, const std::string& folder,
                                            size_t count, v1::AgencyKind kind, v1::Role role) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Authority> authority, Authority::Load(folder));
  const absl::Time now = SystemClock()->Now();
  const std::string run = absl::StrCat(absl::ToUnixMillis(now));
  std::vector<Identity> identities;
  std::vector<v1::Submission> registrations(count);
  std::vector<v1::Submission> entries(count);
  for (size_t i = 0; i < count; ++i) {
    const std::string agency_id = AgencyId(run, i);
    MUSTER_ASSIGN_OR_RETURN(
        Identity identity,
        authority->Issue(absl::StrCat("spiffe://", target.trust_domain, "/agency/", agency_id, "/operator"), now));
    identities.push_back(std::move(identity));
    v1::Agency& agency = *registrations[i].mutable_register_agency()->mutable_agency();
    agency.set_agency_id(agency_id);
    agency.set_name(absl::StrCat("Load test agency ", i));
    agency.set_kind(kind);
    agency.set_state(stage.state);
    agency.set_phone_24h("+15735550100");
    v1::SetParticipant& joining = *entries[i].mutable_set_participant();
    joining.set_operation_id(stage.operation_id);
    joining.mutable_participant()->set_agency_id(agency_id);
    joining.mutable_participant()->set_role(role);
  }
  MUSTER_RETURN_IF_ERROR(SubmitAll(*target.client, std::move(registrations)));
  MUSTER_RETURN_IF_ERROR(SubmitAll(*target.client, std::move(entries)));
  return identities;
}

}  // namespace muster::bench
