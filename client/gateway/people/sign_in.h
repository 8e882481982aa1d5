// Who somebody is, told from a password, an invitation's code or a certificate.
//
// Threading: thread-safe; the calls block.
#ifndef MUSTER_CLIENT_GATEWAY_PEOPLE_SIGN_IN_H_
#define MUSTER_CLIENT_GATEWAY_PEOPLE_SIGN_IN_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/gateway/people/lockout.h"
#include "client/gateway/people/passwords.h"
#include "client/gateway/people/people.h"
#include "muster/gateway/v1/people.pb.h"

namespace muster::gateway {

class SignIn {
 public:
  // None is owned; all outlive this.
  SignIn(const People* people, Passwords* passwords, const Clock* clock)
      : people_(people), passwords_(passwords), lockout_(clock) {}

  // Takes the same time and says the same for a wrong password and for a name that belongs to nobody.
  //
  // Errors: UNAUTHENTICATED    the name or the password is wrong;
  //         RESOURCE_EXHAUSTED the name is locked, or the gateway is busy.
  absl::StatusOr<v1::PersonRecord> ByPassword(const std::string& name, const std::string& password);

  // Uses the invitation up, and makes its person with this password.
  //
  // Errors: UNAUTHENTICATED    no such code, or expired or used;
  //         INVALID_ARGUMENT   the password is too short: the code stays good;
  //         RESOURCE_EXHAUSTED the gateway is busy: likewise.
  absl::StatusOr<v1::PersonRecord> Enroll(const std::string& code, const std::string& password);

 private:
  const People* const people_;
  Passwords* const passwords_;
  Lockout lockout_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_PEOPLE_SIGN_IN_H_
