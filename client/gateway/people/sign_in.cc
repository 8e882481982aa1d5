#include "client/gateway/people/sign_in.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rich_status.h"
#include "common/status_macros.h"

namespace muster::gateway {
namespace {

// Of all that a person who signs in may meet, only the lock says for how long: so a page tells it from a rate limit.
absl::Status Locked(absl::Duration left) {
  const int64_t minutes = std::max<int64_t>(1, absl::ToInt64Minutes(absl::Ceil(left, absl::Minutes(1))));
  return WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat(
                            "this name is locked for ", minutes, minutes == 1 ? " minute" : " minutes", " after ",
                            Lockout::kAttemptsMax, " attempts that failed: wait, or ask for a new invitation")),
                        left);
}

}  // namespace

absl::StatusOr<v1::PersonRecord> SignIn::ByPassword(const std::string& name, const std::string& password) {
  absl::StatusOr<v1::PersonRecord> person = people_->Find(name);
  const absl::Duration locked = lockout_.Attempt(name, person.ok());
  if (locked > absl::ZeroDuration()) return Locked(locked);
  const std::string hash = person.ok() ? person->password_hash() : "";
  const absl::StatusOr<bool> right = passwords_->Verify(hash, password);
  if (!right.ok()) {
    lockout_.NotTried(name, person.ok());  // Or a crowd would lock everybody else's names.
    return right.status();
  }
  if (!*right) {
    return absl::UnauthenticatedError(
        "the name or the password is wrong: try again; who has forgotten the password asks for a new invitation");
  }
  lockout_.Succeeded(name);
  return person;
}

absl::StatusOr<v1::PersonRecord> SignIn::Enroll(const std::string& code, const std::string& password) {
  const absl::Status unknown = absl::UnauthenticatedError(
      "this code is not valid: it may be mistyped, older than a day, or used already; ask for a new invitation");
  if (!people_->PeekInvitation(code).has_value()) return unknown;
  MUSTER_ASSIGN_OR_RETURN(std::string hash, passwords_->Hash(password));
  const std::optional<v1::InvitationRecord> invitation = people_->TakeInvitation(code);
  if (!invitation.has_value()) return unknown;
  v1::PersonRecord person = people_->Find(invitation->name()).value_or(v1::PersonRecord());
  person.set_name(invitation->name());
  person.set_role(invitation->role());
  person.set_password_hash(std::move(hash));
  MUSTER_RETURN_IF_ERROR(people_->Save(std::move(person)));
  lockout_.Succeeded(invitation->name());
  return people_->Find(invitation->name());
}

}  // namespace muster::gateway
