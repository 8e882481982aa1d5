// The cookie that carries a session's token.
//
// Its name's prefix makes browsers insist that it is Secure, for this host alone and for every path (RFC 6265bis,
// section 4.1.3.2). Cookies know no ports: the login listener's is the main listener's too.
//
// Threading: pure functions.
#ifndef MUSTER_CLIENT_GATEWAY_SESSION_COOKIE_H_
#define MUSTER_CLIENT_GATEWAY_SESSION_COOKIE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace muster::gateway {

inline constexpr char kCookieName[] = "__Host-muster";

// The token in a request's Cookie header; empty when there is none, or more than one.
std::string TokenInCookies(absl::string_view header);

// Values of Set-Cookie. The browser forgets it when it is closed.
std::string SetCookie(absl::string_view token);
std::string ClearCookie();

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_SESSION_COOKIE_H_
