#include "server/rpc/guard.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/certificate_chain.h"
#include "common/error_reason.h"
#include "common/formats.h"
#include "common/status_macros.h"

namespace muster {
namespace {

// More certificates than this are parsed again now and then.
constexpr size_t kCallersMax = 65536;

absl::string_view ToAbsl(grpc::string_ref text) { return absl::string_view(text.data(), text.size()); }

absl::Status NoCertificate() {
  return Refusal(v1::ERROR_REASON_CERTIFICATE_UNUSABLE,
                 "the connection presented no usable client certificate; use the agency's own certificate and key");
}

}  // namespace

Guard::Guard(std::string trust_domain, const Clock* clock) : trust_domain_(std::move(trust_domain)), clock_(clock) {}

absl::StatusOr<Caller> Guard::Authenticate(const grpc::AuthContext& context) const {
  const std::vector<grpc::string_ref> certificates = context.FindPropertyValues("x509_pem_cert");
  if (certificates.size() != 1) return NoCertificate();
  const std::vector<grpc::string_ref> chains = context.FindPropertyValues("x509_pem_cert_chain");
  const absl::string_view between = chains.empty() ? absl::string_view() : ToAbsl(chains[0]);
  MUSTER_ASSIGN_OR_RETURN(Caller caller, CallerFromPem(ToAbsl(certificates[0]), between));
  // What gRPC made of the certificate must be what we make of it.
  const std::vector<grpc::string_ref> spiffe_ids = context.FindPropertyValues("peer_spiffe_id");
  const std::string expected = absl::StrCat("spiffe://", trust_domain_, "/agency/", caller.principal().agency_id(), "/",
                                            caller.principal().post());
  if (spiffe_ids.size() != 1 || ToAbsl(spiffe_ids[0]) != expected) return NoCertificate();
  MUSTER_RETURN_IF_ERROR(CheckValidity(caller.not_before, caller.not_after));
  return caller;
}

absl::StatusOr<Caller> Guard::CallerOfEvidence(absl::string_view certificate, absl::string_view authorities) const {
  MUSTER_RETURN_IF_ERROR(CheckClientChain(certificate, authorities, Now()));
  MUSTER_ASSIGN_OR_RETURN(Caller caller, CallerFromPem(certificate, ""));
  MUSTER_RETURN_IF_ERROR(CheckValidity(caller.not_before, caller.not_after));
  return caller;
}

absl::StatusOr<std::string> Guard::AuthenticateBroker(const grpc::AuthContext& context) const {
  const std::vector<grpc::string_ref> certificates = context.FindPropertyValues("x509_pem_cert");
  const std::vector<grpc::string_ref> spiffe_ids = context.FindPropertyValues("peer_spiffe_id");
  if (certificates.size() != 1 || spiffe_ids.size() != 1) return NoCertificate();
  absl::string_view id = ToAbsl(spiffe_ids[0]);
  if (!absl::ConsumePrefix(&id, absl::StrCat("spiffe://", trust_domain_, "/broker/")) || !IsSlug(id)) {
    return Refusal(v1::ERROR_REASON_CERTIFICATE_UNUSABLE, "only the brokers of this cluster may call this");
  }
  MUSTER_ASSIGN_OR_RETURN(const CertificateInfo info, DescribeCertificatePem(ToAbsl(certificates[0]), "the broker's"));
  MUSTER_RETURN_IF_ERROR(CheckValidity(info.not_before, info.not_after));
  return std::string(id);
}

absl::Status Guard::CheckStanding(const State& state, const Caller& caller) const {
  MUSTER_RETURN_IF_ERROR(CheckValidity(caller.not_before, caller.not_after));
  return state.roster().CheckStanding(caller.principal());
}

absl::Status Guard::Admit(const State& state, const Caller& caller, const PolicyRule* rule,
                          const PolicySubject& subject) const {
  MUSTER_RETURN_IF_ERROR(CheckStanding(state, caller));
  return Authorize(state, caller.principal().agency_id(), rule, subject);
}

absl::StatusOr<Caller> Guard::CallerFromPem(absl::string_view pem, absl::string_view between) const {
  {
    absl::ReaderMutexLock lock(&callers_mu_);
    const auto it = callers_.find(pem);
    if (it != callers_.end()) return it->second;
  }
  MUSTER_ASSIGN_OR_RETURN(const CertificateIdentity identity, IdentityFromPem(pem, trust_domain_));
  v1::Principal principal;
  principal.set_agency_id(identity.agency_id);
  principal.set_post(identity.post);
  principal.set_key_sha256(identity.key_sha256_hex);
  Caller caller;
  caller.sender = std::make_shared<const Sender>(std::move(principal), absl::StrCat(pem, between));
  caller.not_before = identity.not_before;
  caller.not_after = identity.not_after;
  absl::MutexLock lock(&callers_mu_);
  if (callers_.size() >= kCallersMax) callers_.clear();
  callers_.emplace(std::string(pem), caller);
  return caller;
}

absl::Status Guard::CheckValidity(absl::Time not_before, absl::Time not_after) const {
  const absl::Time now = clock_->Now();
  if (now > not_after) {
    return Refusal(v1::ERROR_REASON_CERTIFICATE_EXPIRED,
                   absl::StrCat("the certificate expired at ", absl::FormatTime(not_after, absl::UTCTimeZone()),
                                "; ask the registrar for a new one"));
  }
  if (now < not_before) {
    return Refusal(
        v1::ERROR_REASON_CERTIFICATE_EXPIRED,
        absl::StrCat("the certificate is valid only from ", absl::FormatTime(not_before, absl::UTCTimeZone()),
                     " on; check this computer's clock and the broker's"));
  }
  return absl::OkStatus();
}

}  // namespace muster
