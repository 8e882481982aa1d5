#include "server/state/agencies/roster.h"

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/error_reason.h"

namespace muster {
namespace {

absl::Status UnknownAgency(absl::string_view agency_id) {
  return Refusal(v1::ERROR_REASON_NOT_FOUND,
                 absl::StrCat("agency ", agency_id, " is not on the roster; register it first"));
}

absl::Status LastRegistrar(absl::string_view agency_id) {
  return Refusal(v1::ERROR_REASON_LAST_REGISTRAR,
                 absl::StrCat("agency ", agency_id,
                              " is the last active registrar: without it nobody could register or "
                              "reinstate an agency; make another agency a registrar first"));
}

bool IsActiveRegistrar(const v1::AgencyRecord& record) {
  return record.agency().registrar() && record.standing() == v1::AGENCY_STANDING_ACTIVE;
}

bool IsAmong(const google::protobuf::RepeatedPtrField<v1::CertificateRevocation>& revocations,
             const std::string& key_sha256) {
  return absl::c_any_of(revocations,
                        [&](const v1::CertificateRevocation& one) { return one.key_sha256() == key_sha256; });
}

}  // namespace

const v1::AgencyRecord* Roster::Find(absl::string_view agency_id) const {
  const auto it = index_.find(agency_id);
  return it == index_.end() ? nullptr : it->second;
}

absl::Status Roster::CheckStanding(const v1::Principal& principal) const {
  const v1::AgencyRecord* record = Find(principal.agency_id());
  if (record == nullptr) {
    return Refusal(v1::ERROR_REASON_AGENCY_UNKNOWN,
                   absl::StrCat("agency ", principal.agency_id(),
                                " is not on this broker's roster; ask the registrar to register it"));
  }
  if (IsAmong(record->revocations(), principal.key_sha256())) {
    return Refusal(v1::ERROR_REASON_CERTIFICATE_REVOKED,
                   "this certificate has been revoked; ask the registrar for a new one");
  }
  if (record->standing() != v1::AGENCY_STANDING_ACTIVE) {
    return Refusal(v1::ERROR_REASON_AGENCY_SUSPENDED,
                   absl::StrCat("agency ", principal.agency_id(), " is suspended; ask the registrar"));
  }
  return absl::OkStatus();
}

bool Roster::IsRevoked(const v1::Principal& principal) const {
  const v1::AgencyRecord* record = Find(principal.agency_id());
  return record != nullptr && IsAmong(record->revocations(), principal.key_sha256());
}

absl::string_view Roster::StateOf(absl::string_view agency_id) const {
  const v1::AgencyRecord* record = Find(agency_id);
  return record == nullptr ? absl::string_view() : absl::string_view(record->agency().state());
}

absl::Status Roster::Register(const v1::Agency& agency) {
  const auto it = agencies_.find(agency.agency_id());
  ++revision_;
  if (it == agencies_.end()) {
    v1::AgencyRecord& record = Add(agency.agency_id());
    *record.mutable_agency() = agency;
    record.set_standing(v1::AGENCY_STANDING_ACTIVE);
    return absl::OkStatus();
  }
  if (!agency.registrar() && IsActiveRegistrar(it->second) && !HasOtherRegistrar(agency.agency_id())) {
    return LastRegistrar(agency.agency_id());
  }
  *it->second.mutable_agency() = agency;
  return absl::OkStatus();
}

absl::Status Roster::Revoke(const v1::RevokeCertificate& revocation, const google::protobuf::Timestamp& at) {
  const auto it = agencies_.find(revocation.agency_id());
  if (it == agencies_.end()) return UnknownAgency(revocation.agency_id());
  for (const v1::CertificateRevocation& existing : it->second.revocations()) {
    if (existing.key_sha256() == revocation.key_sha256()) return absl::OkStatus();
  }
  v1::CertificateRevocation* added = it->second.add_revocations();
  added->set_key_sha256(revocation.key_sha256());
  added->set_reason(revocation.reason());
  *added->mutable_revoked_at() = at;
  return absl::OkStatus();
}

absl::Status Roster::SetStanding(const v1::SetAgencyStanding& change) {
  const auto it = agencies_.find(change.agency_id());
  if (it == agencies_.end()) return UnknownAgency(change.agency_id());
  if (change.standing() != v1::AGENCY_STANDING_ACTIVE && IsActiveRegistrar(it->second) &&
      !HasOtherRegistrar(change.agency_id())) {
    return LastRegistrar(change.agency_id());
  }
  ++revision_;
  it->second.set_standing(change.standing());
  return absl::OkStatus();
}

absl::Status Roster::RegisterOperator(const v1::RegisterOperator& registration) {
  const auto it = agencies_.find(registration.agency_id());
  if (it == agencies_.end()) return UnknownAgency(registration.agency_id());
  const v1::Operator& person = registration.person();
  for (const auto& [agency_id, record] : agencies_) {
    for (const v1::Operator& other : record.operators()) {
      if (agency_id == registration.agency_id() && other.operator_id() == person.operator_id()) continue;
      for (const std::string& key : person.key_sha256s()) {
        if (!absl::c_linear_search(other.key_sha256s(), key)) continue;
        return Refusal(v1::ERROR_REASON_ALREADY_EXISTS,
                       absl::StrCat("key ", key, " belongs to operator ", other.operator_id(), " of ", agency_id,
                                    "; a certificate stands for one person"),
                       "G1");
      }
    }
  }
  auto& operators = *it->second.mutable_operators();
  const auto existing = absl::c_find_if(
      operators, [&person](const v1::Operator& one) { return one.operator_id() == person.operator_id(); });
  *(existing == operators.end() ? operators.Add() : &*existing) = person;
  return absl::OkStatus();
}

const v1::Operator* Roster::OperatorOf(const v1::Principal& principal) const {
  const v1::AgencyRecord* record = Find(principal.agency_id());
  if (record == nullptr) return nullptr;
  for (const v1::Operator& one : record->operators()) {
    if (absl::c_linear_search(one.key_sha256s(), principal.key_sha256())) return &one;
  }
  return nullptr;
}

bool Roster::HasOtherRegistrar(absl::string_view agency_id) const {
  return std::any_of(agencies_.begin(), agencies_.end(),
                     [&](const auto& entry) { return entry.first != agency_id && IsActiveRegistrar(entry.second); });
}

v1::AgencyRecord& Roster::Add(const std::string& agency_id) {
  const auto it = agencies_.try_emplace(agency_id).first;
  index_[it->first] = &it->second;
  return it->second;
}

void Roster::ToImage(storage::v1::StateImage* image) const {
  for (const auto& [id, record] : agencies_) *image->add_agencies() = record;
}

void Roster::FromImage(const storage::v1::StateImage& image) {
  for (const v1::AgencyRecord& record : image.agencies()) Add(record.agency().agency_id()) = record;
}

}  // namespace muster
