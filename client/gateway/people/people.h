// The people who may look at the dashboard and the invitations that make them, as files under state_dir.
//
// The files are the only truth and are read anew each time, so that what `muster-gateway invite` and `people remove` do
// beside a serving gateway counts at once.
//
// Threading: thread-safe.
#ifndef MUSTER_CLIENT_GATEWAY_PEOPLE_PEOPLE_H_
#define MUSTER_CLIENT_GATEWAY_PEOPLE_PEOPLE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/gateway/people/record_files.h"
#include "common/clock.h"
#include "muster/gateway/v1/people.pb.h"

namespace muster::gateway {

class People {
 public:
  // Creates what is missing of `state_dir`, but not its parent. `clock` is not owned and outlives this.
  static absl::StatusOr<std::unique_ptr<People>> Open(const std::string& state_dir, const Clock* clock);

  // NOT_FOUND there is no such person; DATA_LOSS the record is damaged.
  absl::StatusOr<v1::PersonRecord> Find(const std::string& name) const;
  // NOT_FOUND nobody has this certificate; PERMISSION_DENIED the person who had it was removed.
  absl::StatusOr<v1::PersonRecord> FindByCertificate(absl::string_view sha256_hex) const;
  std::vector<v1::PersonRecord> List() const;

  // Stores `person`, new or changed, and stamps the change.
  absl::Status Save(v1::PersonRecord person) const;
  // Takes the person's invitations away too. NOT_FOUND there is neither such a person nor an invitation.
  absl::Status Remove(const std::string& name) const;

  // A code that makes `name` a person with `role`, or gives the person a new password and this role. Valid for a day,
  // once, and until there is another for the same name. INVALID_ARGUMENT the name is not a slug of up to 63 bytes.
  absl::StatusOr<std::string> Invite(const std::string& name, v1::PersonRole role) const;
  // Lets `name` sign in with the certificate whose SHA-256 this is. Errors as Invite; ALREADY_EXISTS it is somebody
  // else's.
  absl::Status AddCertificate(const std::string& name, v1::PersonRole role, const std::string& sha256_hex) const;
  // The invitation that goes with `code`, if it can be used now. Spaces, hyphens and case do not matter.
  std::optional<v1::InvitationRecord> PeekInvitation(absl::string_view code) const;
  // The same, and uses it up.
  std::optional<v1::InvitationRecord> TakeInvitation(absl::string_view code) const;

 private:
  People(RecordFiles people, RecordFiles removed, RecordFiles invitations, const Clock* clock)
      : people_(std::move(people)), removed_(std::move(removed)), invitations_(std::move(invitations)), clock_(clock) {}

  // Those that have expired, and those for `name`; true when there was one of these.
  bool DropInvitations(const std::string& name) const;

  const RecordFiles people_;
  const RecordFiles removed_;
  const RecordFiles invitations_;
  const Clock* const clock_;
};

// SHA-256 of the DER form of the first certificate in `pem`, which errors call `name`. INVALID_ARGUMENT there is none.
absl::StatusOr<std::string> CertificateSha256(const std::string& pem, const std::string& name);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_PEOPLE_PEOPLE_H_
