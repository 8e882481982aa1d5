// The agencies, their standing and their revoked certificates.
//
// Threading: guarded by the owner (State).
#ifndef MUSTER_SERVER_STATE_AGENCIES_ROSTER_H_
#define MUSTER_SERVER_STATE_AGENCIES_ROSTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/storage/v1/storage.pb.h"
#include "muster/v1/agency.pb.h"
#include "muster/v1/outcome.pb.h"

namespace muster {

class Roster {
 public:
  Roster() = default;
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  // Null for an agency that was never registered.
  const v1::AgencyRecord* Find(absl::string_view agency_id) const;

  // Whether `principal` may do anything at all: its agency is registered and active, its certificate not revoked.
  //
  // Errors: UNAUTHENTICATED (revoked), PERMISSION_DENIED (unknown or suspended).
  absl::Status CheckStanding(const v1::Principal& principal) const;

  // Whether the principal's certificate has been revoked.
  bool IsRevoked(const v1::Principal& principal) const;

  // The person behind a certificate; null when the registrar has put none on the roster for its key.
  const v1::Operator* OperatorOf(const v1::Principal& principal) const;

  // The USPS state of an agency; empty for a federal or unknown one.
  absl::string_view StateOf(absl::string_view agency_id) const;

  // By id.
  const std::map<std::string, v1::AgencyRecord, std::less<>>& agencies() const { return agencies_; }

  // Grows with every change of an agency's description or standing. Of this object, not of its image.
  uint64_t revision() const { return revision_; }

  // Registers an agency or replaces its description; its standing and revocations stay.
  absl::Status Register(const v1::Agency& agency);
  absl::Status Revoke(const v1::RevokeCertificate& revocation, const google::protobuf::Timestamp& at);
  absl::Status SetStanding(const v1::SetAgencyStanding& change);
  // Errors: ALREADY_EXISTS a key belongs to another operator, of any agency.
  absl::Status RegisterOperator(const v1::RegisterOperator& registration);

  void ToImage(storage::v1::StateImage* image) const;
  void FromImage(const storage::v1::StateImage& image);

 private:
  // Whether an active registrar other than `agency_id` is left.
  bool HasOtherRegistrar(absl::string_view agency_id) const;

  // The record of an agency that may be new.
  v1::AgencyRecord& Add(const std::string& agency_id);

  uint64_t revision_ = 0;
  // The map holds still what it has been given, so that the index, which every call asks, may point into it.
  std::map<std::string, v1::AgencyRecord, std::less<>> agencies_;
  absl::flat_hash_map<absl::string_view, const v1::AgencyRecord*> index_;
};

}  // namespace muster

#endif  // MUSTER_SERVER_STATE_AGENCIES_ROSTER_H_
