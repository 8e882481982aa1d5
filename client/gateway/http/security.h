// What keeps other web sites out: headers on every answer, and a look at where a request comes from.
//
// Threading: pure functions; Origins is immutable once made.
#ifndef MUSTER_CLIENT_GATEWAY_HTTP_SECURITY_H_
#define MUSTER_CLIENT_GATEWAY_HTTP_SECURITY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/gateway/http/message.h"

namespace muster::gateway {

// The Content-Security-Policy of the application: nothing but what this gateway serves.
inline constexpr absl::string_view kApplicationPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'";

// Adds the headers that every answer has; those that it has already stay. `strict_transport` also tells browsers to
// come back by https alone.
void AddSecurityHeaders(bool strict_transport, HttpAnswer* answer);

// The names by which browsers may reach one listener.
class Origins {
 public:
  // `address` is host:port as configured, `public_name` may be empty, `port` is the real one. A listener on every
  // address that has no public name is reached by any.
  Origins(absl::string_view address, absl::string_view public_name, int port);

  // Whether a request's Host header is one of these: a page that found its way here under another name (DNS
  // rebinding) is not ours.
  bool HasHost(absl::string_view host_header) const;
  int port() const { return port_; }

 private:
  const int port_;
  bool any_ = false;
  std::vector<std::string> hosts_;
};

// "host" of "host:port"; brackets of IPv6 addresses stay.
std::string HostWithoutPort(absl::string_view host_header);

// What an address's requests are counted by. An IPv6 address counts as its /64: whoever has one has all of it.
std::string CountedAs(absl::string_view peer);

// Whether a request is an address that somebody typed, or a link on our own page or in another program. Not one by
// another web site, which could begin sessions with the certificate of whoever looks at it.
bool IsFromOurSiteOrTyped(const HttpRequest& request);

// Whether what may change something, such as a POST, was sent by our own page, or by a program that is no browser.
bool IsFromOurPage(const HttpRequest& request);

}  // namespace muster::gateway

#endif  // MUSTER_CLIENT_GATEWAY_HTTP_SECURITY_H_
