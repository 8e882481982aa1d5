#include "client/agent/serve/local_access.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/agent/serve/wire.h"
#include "common/error_reason.h"
#include "common/identity.h"
#include "common/status_macros.h"

namespace muster::agent {
namespace {

absl::string_view ToAbsl(grpc::string_ref text) { return absl::string_view(text.data(), text.size()); }

absl::Status NotOurs(absl::string_view why) {
  return Refusal(muster::v1::ERROR_REASON_CERTIFICATE_UNUSABLE,
                 absl::StrCat(why, "; use a certificate of this daemon's agency, or its Unix socket"));
}

}  // namespace

grpc::Status LocalAccess::Process(const InputMetadata&, grpc::AuthContext* context, OutputMetadata*, OutputMetadata*) {
  return ToGrpcStatus(Check(*context));
}

absl::Status LocalAccess::Check(const grpc::AuthContext& context) const {
  MUSTER_ASSIGN_OR_RETURN(const std::optional<v1::EnrollmentBundle> ours, agent_->store().identity());
  if (!ours.has_value()) return NotOurs("this daemon is not enrolled, so no certificate can be its agency's");
  const std::vector<grpc::string_ref> certificates = context.FindPropertyValues("x509_pem_cert");
  if (certificates.size() != 1) return NotOurs("the connection presented no usable client certificate");
  MUSTER_ASSIGN_OR_RETURN(const CertificateIdentity caller,
                          IdentityFromPem(ToAbsl(certificates[0]), ours->trust_domain()));
  // What gRPC made of the certificate must be what we make of it.
  const std::vector<grpc::string_ref> spiffe_ids = context.FindPropertyValues("peer_spiffe_id");
  const std::string expected =
      absl::StrCat("spiffe://", ours->trust_domain(), "/agency/", caller.agency_id, "/", caller.post);
  if (spiffe_ids.size() != 1 || ToAbsl(spiffe_ids[0]) != expected) {
    return NotOurs("the client certificate names no single holder");
  }
  if (caller.agency_id != agent_->store().agency_id()) return NotOurs("the client certificate is another agency's");
  const absl::Time now = agent_->clock().Now();
  if (now < caller.not_before || now > caller.not_after) {
    return Refusal(muster::v1::ERROR_REASON_CERTIFICATE_EXPIRED,
                   "the client certificate has expired, or is not valid yet; use a newer one");
  }
  return absl::OkStatus();
}

}  // namespace muster::agent
