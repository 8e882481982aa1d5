#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/change.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/options.h"
#include "client/cli/text.h"
#include "client/lib/all_pages.h"
#include "common/identity.h"
#include "common/status_macros.h"
#include "common/toml.h"

namespace muster::cli {
namespace {

Table AgencyTable() {
  return {.columns = {{"agency"},
                      {"name"},
                      {"kind"},
                      {"state"},
                      {"standing"},
                      {"may lead"},
                      {"registrar"},
                      {"watch desk"},
                      {"phone 24h"},
                      {"revoked", /*right=*/true}},
          .rows = {}};
}

std::vector<std::string> AgencyRow(const v1::AgencyRecord& record) {
  const v1::Agency& agency = record.agency();
  return {agency.agency_id(),
          agency.name(),
          Label(agency.kind()),
          agency.state(),
          Label(record.standing()),
          agency.may_lead() ? "yes" : "",
          agency.registrar() ? "yes" : "",
          agency.watch_desk() ? "yes" : "",
          agency.phone_24h(),
          absl::StrCat(record.revocations_size())};
}

absl::Status Register(Invocation& invocation, v1::RegisterAgency body, const std::string& file) {
  if (!file.empty()) MUSTER_RETURN_IF_ERROR(LoadTomlFile(file, &body));
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::RegisterAgency));
  invocation.PrintOutcome(outcome, absl::StrCat(body.agency().agency_id(), " is on the roster"));
  return absl::OkStatus();
}

absl::Status List(Invocation& invocation) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  MUSTER_ASSIGN_OR_RETURN(const v1::ListAgenciesResponse all,
                          AllPages(*client, &Client::ListAgencies, v1::ListAgenciesRequest()));
  View view;
  view.object = &all;
  view.is_list = true;
  view.table = AgencyTable();
  for (const v1::AgencyRecord& record : all.agencies()) {
    view.items.push_back(&record);
    view.table.rows.push_back(AgencyRow(record));
  }
  invocation.printer().Print(view);
  return absl::OkStatus();
}

absl::Status Show(Invocation& invocation, const std::string& agency_id) {
  MUSTER_ASSIGN_OR_RETURN(Client * client, invocation.client());
  v1::GetAgencyRequest request;
  request.set_agency_id(agency_id);
  MUSTER_ASSIGN_OR_RETURN(const v1::GetAgencyResponse response, client->GetAgency(request));
  View view;
  view.object = &response;
  view.table = AgencyTable();
  view.table.rows.push_back(AgencyRow(response.agency()));
  if (response.agency().revocations_size() > 0) {
    Table revoked = {.columns = {{"revoked key (sha256)"}, {"at"}, {"reason"}}, .rows = {}};
    for (const v1::CertificateRevocation& revocation : response.agency().revocations()) {
      revoked.rows.push_back({revocation.key_sha256(), TimeText(revocation.revoked_at()), revocation.reason()});
    }
    view.body = absl::StrCat("\n", RenderTable(revoked));
  }
  if (response.agency().operators_size() > 0) {
    Table operators = {.columns = {{"operator"}, {"name"}, {"keys (sha256)"}}, .rows = {}};
    for (const v1::Operator& person : response.agency().operators()) {
      operators.rows.push_back({person.operator_id(), person.name(), absl::StrJoin(person.key_sha256s(), ", ")});
    }
    absl::StrAppend(&view.body, "\n", RenderTable(operators));
  }
  invocation.printer().Print(view);
  return absl::OkStatus();
}

absl::Status Revoke(Invocation& invocation, v1::RevokeCertificate body, const std::string& certificate_file) {
  if (certificate_file.empty() == body.key_sha256().empty()) {
    return UsageError("say which certificate: either --certificate FILE or --sha256 HEX");
  }
  if (!certificate_file.empty()) {
    MUSTER_ASSIGN_OR_RETURN(const CertificateInfo certificate, DescribeCertificateFile(certificate_file));
    body.set_key_sha256(certificate.key_sha256_hex);
  }
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::RevokeCertificate));
  invocation.PrintOutcome(outcome, absl::StrCat("the certificate of ", body.agency_id(), " is revoked"),
                          {{"key_sha256", body.key_sha256()}});
  return absl::OkStatus();
}

absl::Status SetStanding(Invocation& invocation, const v1::SetAgencyStanding& body) {
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::SetAgencyStanding));
  invocation.PrintOutcome(outcome, absl::StrCat(body.agency_id(), " is ", Label(body.standing())));
  return absl::OkStatus();
}

void AddRegister(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::RegisterAgency>();
  const auto file = std::make_shared<std::string>();
  CLI::App* verb =
      AddVerb(noun, invocation, "register", "Put an agency on the roster, or replace its description",
              {"agency register ky-ago --name \"Kentucky Attorney General\" --kind attorney-general --state KY",
               "agency register --file agency.toml"},
              [&invocation, body, file] { return Register(invocation, *body, *file); });
  v1::Agency* agency = body->mutable_agency();
  AddText(verb, "AGENCY", agency->mutable_agency_id(), "Its id, as in its certificates");
  AddText(verb, "--name", agency->mutable_name(), "Its full name");
  AddEnum<v1::AgencyKind>(
      verb, "--kind", [agency](v1::AgencyKind kind) { agency->set_kind(kind); }, "Its kind");
  AddText(verb, "--state", agency->mutable_state(), "USPS abbreviation; none for a federal agency");
  AddText(verb, "--ori", agency->mutable_ori(), "Its FBI Originating Agency Identifier");
  AddText(verb, "--phone", agency->mutable_phone_24h(), "A number answered around the clock, such as +15735550100");
  verb->add_flag_callback(
      "--may-lead", [agency] { agency->set_may_lead(true); }, "It may create operations");
  verb->add_flag_callback(
      "--registrar", [agency] { agency->set_registrar(true); }, "It may register agencies");
  verb->add_flag_callback(
      "--watch-desk", [agency] { agency->set_watch_desk(true); },
      "It keeps the deconfliction watch over activities of no operation");
  AddText(verb, "--file", file.get(), "A v1.RegisterAgency in TOML instead of flags");
}

// The person's keys: as hexadecimal, or out of the certificates.
absl::Status RegisterPerson(Invocation& invocation, v1::RegisterOperator body,
                            const std::vector<std::string>& certificate_files) {
  for (const std::string& file : certificate_files) {
    MUSTER_ASSIGN_OR_RETURN(const CertificateInfo certificate, DescribeCertificateFile(file));
    body.mutable_person()->add_key_sha256s(certificate.key_sha256_hex);
  }
  if (body.person().key_sha256s_size() == 0) {
    return UsageError("say which keys are the person's: --certificate FILE or --key-sha256 HEX");
  }
  MUSTER_ASSIGN_OR_RETURN(const v1::Outcome outcome, Send(invocation, body, &Client::RegisterOperator));
  invocation.PrintOutcome(
      outcome,
      absl::StrCat(body.person().name(), " is operator ", body.person().operator_id(), " of ", body.agency_id()),
      {{"key_sha256s", absl::StrJoin(body.person().key_sha256s(), ",")}});
  return absl::OkStatus();
}

void AddOperator(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::RegisterOperator>();
  const auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* verb =
      AddVerb(noun, invocation, "operator",
              "Put a person on the roster with the keys of all the person's certificates; GO takes two persons",
              {"agency operator mo-ago jane-roe --name \"Jane Roe\" --certificate jane.pem",
               "agency operator mo-ago jane-roe --name \"Jane Roe\" --key-sha256 9f86d0... --key-sha256 60303a..."},
              [&invocation, body, files] { return RegisterPerson(invocation, *body, *files); });
  AddText(verb, "AGENCY", body->mutable_agency_id(), "The agency's id")->required();
  AddText(verb, "OPERATOR", body->mutable_person()->mutable_operator_id(), "The person's id")->required();
  AddText(verb, "--name", body->mutable_person()->mutable_name(), "The person's name")->required();
  AddTexts(verb, "--key-sha256", body->mutable_person()->mutable_key_sha256s(),
           "SHA-256 of a certificate's public key (DER); may be repeated");
  verb->add_option("--certificate", *files, "A certificate of the person's, a PEM file; may be repeated")
      ->allow_extra_args(false);
}

void AddRevoke(CLI::App& noun, Invocation& invocation) {
  const auto body = std::make_shared<v1::RevokeCertificate>();
  const auto file = std::make_shared<std::string>();
  CLI::App* verb = AddVerb(noun, invocation, "revoke-certificate", "Refuse a certificate from now on, for ever",
                           {"agency revoke-certificate ky-ago --certificate lost-laptop.pem --reason \"laptop stolen\"",
                            "agency revoke-certificate ky-ago --sha256 9f86d0... --reason \"laptop stolen\""},
                           [&invocation, body, file] { return Revoke(invocation, *body, *file); });
  AddText(verb, "AGENCY", body->mutable_agency_id(), "The agency's id")->required();
  AddText(verb, "--certificate", file.get(), "The certificate, a PEM file");
  AddText(verb, "--sha256", body->mutable_key_sha256(), "SHA-256 of its public key (DER), as agency show prints it");
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record")->required();
}

void AddStanding(CLI::App& noun, Invocation& invocation, const std::string& name, const std::string& description,
                 v1::AgencyStanding standing) {
  const auto body = std::make_shared<v1::SetAgencyStanding>();
  body->set_standing(standing);
  const std::string example = absl::StrCat("agency ", name, " ky-ago --reason \"by order of the registrar\"");
  CLI::App* verb = AddVerb(noun, invocation, name, description, {example},
                           [&invocation, body] { return SetStanding(invocation, *body); });
  AddText(verb, "AGENCY", body->mutable_agency_id(), "The agency's id")->required();
  AddText(verb, "--reason", body->mutable_reason(), "Why; goes on the record")->required();
}

}  // namespace

void AddAgencyCommands(CLI::App& app, Invocation& invocation) {
  CLI::App* noun =
      AddNoun(app, "agency", "Agencies, their certificates, and the roster", {"agency list", "agency show ky-ago"});
  AddRegister(*noun, invocation);
  AddVerb(*noun, invocation, "list", "List the agencies that you may see", {"agency list", "agency list -o csv"},
          [&invocation] { return List(invocation); });
  const auto id = std::make_shared<std::string>();
  CLI::App* show = AddVerb(*noun, invocation, "show", "Show one agency, its revoked certificates and its operators",
                           {"agency show ky-ago"}, [&invocation, id] { return Show(invocation, *id); });
  AddText(show, "AGENCY", id.get(), "The agency's id")->required();
  AddOperator(*noun, invocation);
  AddRevoke(*noun, invocation);
  AddStanding(*noun, invocation, "suspend", "Refuse every call of an agency until it is reinstated",
              v1::AGENCY_STANDING_SUSPENDED);
  AddStanding(*noun, invocation, "reinstate", "Let a suspended agency back in", v1::AGENCY_STANDING_ACTIVE);
}

}  // namespace muster::cli
