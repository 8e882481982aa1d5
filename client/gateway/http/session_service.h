// muster.gateway.v1.SessionService, which the gateway answers itself.
//
// Threading: thread-safe; the calls block (a password takes most of a second).
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_SESSION_SERVICE_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_SESSION_SERVICE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/gateway/http/call_slots.h"
#include "client/gateway/http/rate_limit.h"
#include "client/gateway/people/passwords.h"
#include "client/gateway/people/sign_in.h"
#include "client/gateway/session/sessions.h"
#include "client/gateway/wire/framing.h"

namespace muster::gateway {

class SessionService {
 public:
  struct Call {
    std::string path;
    Codec codec = Codec::kProto;
    // The bytes of one message.
    std::string request;
    // As the cookie says; may be empty or over.
    std::string token;
    std::string peer;
    // What GetSession tells; empty when certificates are not used here.
    std::string certificate_login_url;
  };
  struct Answer {
    absl::StatusOr<std::string> message;
    // For Set-Cookie; empty: the browser's cookie stays.
    std::string cookie;
  };

  // None is owned; all outlive this. `sign_ins` and `attempts_each` count by address: how many attempts in a second,
  // and how many at once.
  SessionService(SignIn* sign_in, Sessions* sessions, RateLimit* sign_ins, CallSlots* attempts_each)
      : sign_in_(sign_in), sessions_(sessions), sign_ins_(sign_ins), attempts_each_(attempts_each) {}

  static bool Serves(absl::string_view path);
  Answer Serve(const Call& call);

 private:
  Answer GetSession(const Call& call);
  Answer SignInByPassword(const Call& call);
  Answer Enroll(const Call& call);
  Answer SignOut(const Call& call);

  // Ends what session the browser had, begins one for `person`, and fills it into `response`.
  template <typename Response>
  Answer Begin(const Call& call, const v1::PersonRecord& person);

  SignIn* const sign_in_;
  Sessions* const sessions_;
  RateLimit* const sign_ins_;
  CallSlots* const attempts_each_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_SESSION_SERVICE_H_
