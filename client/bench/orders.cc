#include "client/bench/orders.h"

#include <openssl/pem.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/lib/connection.h"
#include "common/clock.h"
#include "common/status_macros.h"

namespace muster::bench {
namespace {

// So far away that nothing falls due during a run.
constexpr absl::Duration kUntilHHour = absl::Hours(12);

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

absl::StatusOr<TlsContents> TlsAs(const Identity& identity, const ConnectionOptions& options) {
  MUSTER_ASSIGN_OR_RETURN(TlsContents tls, ReadTlsFiles({options.certificate_file, options.key_file, options.ca_file}));
  const UniqueBio certificate(BIO_new(BIO_s_mem()));
  const UniqueBio key(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate.get(), identity.certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key.get(), identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return absl::InternalError(TakeOpenSslErrors());
  }
  tls.certificate = TextOf(certificate.get());
  tls.key = TextOf(key.get());
  return tls;
}

class Go final : public PreparedOrder {
 public:
  Go(Client client, v1::ApproveGo approval) : client_(std::move(client)), approval_(std::move(approval)) {}
  int notice_field() const override { return v1::Notice::kReadinessFieldNumber; }
  absl::Status Give() override {
    MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, client_.ApproveGo(approval_));
    if (outcome.accepted().go_given()) return absl::OkStatus();
    return absl::InternalError("the second approval did not give GO");
  }

 private:
  Client client_;
  const v1::ApproveGo approval_;
};

class Amendment final : public PreparedOrder {
 public:
  Amendment(Client* client, v1::AmendPlan amendment) : client_(client), amendment_(std::move(amendment)) {}
  int notice_field() const override { return v1::Notice::kPlanFieldNumber; }
  absl::Status Give() override { return client_->AmendPlan(amendment_).status(); }

 private:
  Client* const client_;
  const v1::AmendPlan amendment_;
};

absl::StatusOr<v1::PlanView> PlanOf(Client& client, const std::string& operation_id) {
  v1::GetPlanRequest request;
  request.set_operation_id(operation_id);
  MUSTER_ASSIGN_OR_RETURN(v1::GetPlanResponse response, client.GetPlan(request));
  return std::move(*response.mutable_plan());
}

// A new person of the caller's agency who may approve GO, as a client.
absl::StatusOr<Client> RegisterPerson(const Target& target, const Stage& stage, const Authority& authority,
                                      const std::string& post) {
  const absl::Time now = SystemClock()->Now();
  MUSTER_ASSIGN_OR_RETURN(
      const Identity identity,
      authority.Issue(absl::StrCat("spiffe://", target.trust_domain, "/agency/", stage.agency_id, "/", post), now));
  v1::RegisterOperator registration;
  registration.set_agency_id(stage.agency_id);
  registration.mutable_person()->set_operator_id(absl::StrCat(post, "-", absl::ToUnixMillis(now)));
  registration.mutable_person()->set_name("Load test");
  registration.mutable_person()->add_key_sha256s(KeySha256Of(identity));
  MUSTER_RETURN_IF_ERROR(target.client->RegisterOperator(std::move(registration)).status());
  ConnectionOptions options = target.client->connection()->options();
  MUSTER_ASSIGN_OR_RETURN(options.tls, TlsAs(identity, options));
  MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<Connection> connection, Connect(std::move(options)));
  return Client(std::move(connection));
}

}  // namespace

absl::StatusOr<std::unique_ptr<PreparedOrder>> PrepareGo(const Target& target, const Stage& stage,
                                                         const std::string& folder) {
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Authority> authority, Authority::Load(folder));
  v1::SetHHour h_hour;
  h_hour.set_operation_id(stage.operation_id);
  *h_hour.mutable_h_hour() = ToProto(SystemClock()->Now() + kUntilHHour);
  MUSTER_RETURN_IF_ERROR(target.client->SetHHour(std::move(h_hour)).status());
  v1::GetReadinessBoardRequest request;
  request.set_operation_id(stage.operation_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::GetReadinessBoardResponse board, target.client->GetReadinessBoard(request));
  MUSTER_ASSIGN_OR_RETURN(const v1::PlanView plan, PlanOf(*target.client, stage.operation_id));
  v1::ApproveGo approval;
  approval.set_operation_id(stage.operation_id);
  approval.set_epoch(board.board().h_hour().epoch());
  approval.set_plan_version(plan.version());
  MUSTER_ASSIGN_OR_RETURN(Client first, RegisterPerson(target, stage, *authority, "bench-first"));
  MUSTER_ASSIGN_OR_RETURN(Client second, RegisterPerson(target, stage, *authority, "bench-second"));
  MUSTER_RETURN_IF_ERROR(first.ApproveGo(approval).status());
  MUSTER_RETURN_IF_ERROR(second.WhoAmI().status());  // So that giving the order does not wait for a connection.
  return std::make_unique<Go>(std::move(second), std::move(approval));
}

absl::StatusOr<std::unique_ptr<PreparedOrder>> PrepareAmendment(const Target& target, const Stage& stage) {
  MUSTER_ASSIGN_OR_RETURN(const v1::PlanView plan, PlanOf(*target.client, stage.operation_id));
  if (plan.sections().empty()) return absl::FailedPreconditionError("the plan has no section to amend");
  v1::AmendPlan amendment;
  amendment.set_operation_id(stage.operation_id);
  amendment.set_base_version(plan.version());
  v1::SectionAmendment& change = *amendment.add_amendments();
  change.set_change(v1::SECTION_CHANGE_MATERIAL);
  v1::Section& section = *change.mutable_section();
  section.set_section_id(plan.sections(0).section_id());
  section.set_kind(plan.sections(0).kind());
  section.set_title(plan.sections(0).title());
  section.set_body(absl::StrCat(plan.sections(0).body(), "\nAmended."));
  *section.mutable_audience() = plan.sections(0).audience();
  return std::make_unique<Amendment>(target.client, std::move(amendment));
}

}  // namespace muster::bench
