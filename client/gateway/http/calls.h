// The calls of the web application: POST of a method's path in one of the framings of wire/framing.h.
//
// In this order: it must come from our own page, be a framing that we know, name a method that there is, come with a
// session (but for SessionService) within its rate, and be a read or come from an operator. Then it is forwarded.
//
// Threading: thread-safe; Serve blocks.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_CALLS_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "client/gateway/forward/forwarder.h"
#include "client/gateway/forward/methods.h"
#include "client/gateway/http/call_slots.h"
#include "client/gateway/http/message.h"
#include "client/gateway/http/rate_limit.h"
#include "client/gateway/http/session_service.h"
#include "client/gateway/http/stream_slots.h"
#include "client/gateway/session/sessions.h"
#include "client/gateway/wire/answer.h"

namespace muster::gateway {

class Calls {
 public:
  // What it works with. None is owned; all outlive this.
  struct Parts {
    const Methods* methods;
    const Forwarder* forwarder;
    Sessions* sessions;
    SessionService* session_service;
    RateLimit* per_session;
    RateLimit* per_address;
    StreamSlots* slots;
    CallSlots* calls_each;
  };

  explicit Calls(Parts parts) : parts_(parts) {}

  // The longest body that a request with this header may have: little without a session, and for those who only read.
  uint64_t BodyBytesMax(const HttpRequest& head) const;

  // `certificate_login_url` may be empty.
  HttpAnswer Serve(const HttpRequest& request, const std::string& certificate_login_url) const;

 private:
  HttpAnswer ServeSession(const HttpRequest& request, const Framing& framing, const std::string& token,
                          const std::string& certificate_login_url) const;
  // `person` is who calls.
  HttpAnswer ServeUnary(const HttpRequest& request, const Framing& framing, const std::string& person,
                        const Method& method) const;
  HttpAnswer ServeFeed(const HttpRequest& request, const Framing& framing, const std::string& token) const;
  // Whether the session of `token` may call `method` now, and whose it is.
  absl::StatusOr<std::string> Admit(const HttpRequest& request, const std::string& token, const Method& method) const;

  const Parts parts_;
};

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_CALLS_H_
